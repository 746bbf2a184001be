"""The process: python -m pyactivity, and what the console script calls."""

import os
import signal
import sys
from types import FrameType
from typing import NoReturn


def run() -> NoReturn:
    """Be the process, from its first moment: Ctrl-C while modules load ends it in order, and one that will not load."""
    heeded = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if heeded:
        signal.signal(signal.SIGINT, _interrupted)
    # Nothing here multiplies matrices; its threads cost address space and processes, which may be limited.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        from pyactivity.cli import main
    except (ImportError, MemoryError, SystemError) as error:
        first: BaseException = error
        while cause := first.__cause__ or first.__context__:
            first = cause
        _end(5, f"a library cannot be loaded: {first}; is it missing, or memory limited (ulimit -v)?")
    if heeded:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    status = main()
    if heeded:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is said and done
    sys.exit(status)


def _interrupted(number: int, frame: FrameType | None) -> NoReturn:
    """End at once: nothing was begun, and an exception in the midst of an import may be lost there."""
    _end(128 + number, "interrupted")


def _end(status: int, reason: str) -> NoReturn:
    if sys.stderr is not None:
        os.write(sys.stderr.fileno(), f"pyactivity: {reason}\n".encode(errors="backslashreplace"))
    os._exit(status)


if __name__ == "__main__":
    run()
