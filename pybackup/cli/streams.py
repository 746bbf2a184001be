"""Writing to standard output and standard error, even if these are closed, full or read by nobody."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from io import UnsupportedOperation
from typing import BinaryIO, TextIO

from pybackup.errors import EnvironmentFailed


def deliver(pieces: Iterable[bytes]) -> None:
    """Write results to standard output and flush. It is no error if the reader, such as ``head``, stops early.

    Raises
    ------
    EnvironmentFailed
        The results cannot be written.
    """
    if sys.stdout is None:
        raise EnvironmentFailed("there is no standard output")
    sink = sys.stdout.buffer
    for piece in pieces:
        # Only errors of writing are caught, not those of making the pieces. The code stands here, as calling a function
        # would cost more than the writing.
        try:
            taken = sink.write(piece)
            if taken < len(piece):
                _write(sink, piece[taken:])
        except OSError as error:
            return _give_up(error)
    try:
        sys.stdout.flush()
    except OSError as error:
        _give_up(error)


def deliver_lines(lines: Iterable[str]) -> None:
    """Write lines of text as `deliver` does; characters that the encoding lacks are escaped."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    deliver(f"{line}\n".encode(encoding, "backslashreplace") for line in lines)


def say(message: str) -> None:
    """Write a line to standard error; a failure is ignored, as there is nowhere to report it."""
    if sys.stderr is None:
        return
    encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
    try:
        print(message.encode(encoding, "backslashreplace").decode(encoding), file=sys.stderr, flush=True)
    except OSError:
        abandon(sys.stderr)


def abandon(stream: TextIO | None) -> None:
    """Redirect a stream to /dev/null, since Python would write its buffer at exit and fail a second time."""
    if stream is None:
        return
    # A caller of main() may have replaced the stream by one without a descriptor, which needs no redirecting.
    with suppress(UnsupportedOperation), open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())


def _write(sink: BinaryIO, piece: bytes) -> None:
    # With PYTHONUNBUFFERED the stream is not buffered, and may write only a part.
    left = memoryview(piece)
    while left:
        left = left[sink.write(left) :]


def _give_up(error: OSError) -> None:
    """Stop writing; raise an error unless the reader merely stopped reading."""
    abandon(sys.stdout)
    if not isinstance(error, BrokenPipeError):
        raise EnvironmentFailed(f"cannot write the results: {error.strerror}") from error
