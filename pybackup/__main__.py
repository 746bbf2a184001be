"""The process: python -m pybackup, and what the console script calls."""

from __future__ import annotations

import os
import signal


def run() -> None:
    """Be the process, from its first moment: Ctrl-C while modules load ends it in order too."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # until it is heeded
    from pyactivity.ending import heed

    heed("pybackup")
    # Nothing here multiplies matrices; its threads cost address space and processes, which may be limited.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from pybackup.cli.main import run as run_command

    run_command()


if __name__ == "__main__":
    run()
