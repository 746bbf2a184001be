"""The process: python -m pybackup, and what the console script calls."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType


def run() -> None:
    """Be the process, from its first moment: Ctrl-C while modules load ends it in order too."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupted)
    # Nothing here multiplies matrices; its threads cost address space and processes, which may be limited.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from pybackup.cli.main import run as run_command

    run_command()


def _interrupted(number: int, frame: FrameType | None) -> None:
    """End at once: nothing was begun, and an exception in the midst of an import may be lost there."""
    if sys.stderr is not None:
        os.write(sys.stderr.fileno(), b"pybackup: interrupted\n")
    os._exit(128 + number)


if __name__ == "__main__":
    run()
