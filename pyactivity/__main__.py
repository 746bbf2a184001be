"""The process: python -m pyactivity, and what the console script calls."""

import os
import signal
import sys
from typing import NoReturn


def run() -> NoReturn:
    """Be the process, from its first moment: Ctrl-C while modules load ends it in order, and one that will not load."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # until it is heeded
    from pyactivity.ending import heed, ignore

    heed("pyactivity")
    # Nothing here multiplies matrices; its threads cost address space and processes, which may be limited.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        from pyactivity.cli import main
    except (ImportError, MemoryError, SystemError) as error:
        first: BaseException = error
        while cause := first.__cause__ or first.__context__:
            first = cause
        _end(5, f"a library cannot be loaded: {first}; is it missing, or memory limited (ulimit -v)?")
    status = main()
    ignore()
    sys.exit(status)


def _end(status: int, reason: str) -> NoReturn:
    if sys.stderr is not None:
        os.write(sys.stderr.fileno(), f"pyactivity: {reason}\n".encode(errors="backslashreplace"))
    os._exit(status)


if __name__ == "__main__":
    run()
