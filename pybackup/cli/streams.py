"""Standard output and standard error, whatever became of them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from io import UnsupportedOperation
from typing import BinaryIO, TextIO

from pybackup.errors import EnvironmentFailed


def deliver(pieces: Iterable[bytes]) -> None:
    """Write results to standard output and flush. A reader that left early has what it wanted.

    Raises
    ------
    EnvironmentFailed
        They cannot be written.
    """
    if sys.stdout is None:
        raise EnvironmentFailed("there is no standard output")
    sink = sys.stdout.buffer
    for piece in pieces:
        # Only the writing is guarded, not what makes the pieces; here, as a call costs more than the writing.
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
    """Write lines of text as `deliver` does; what the encoding lacks is escaped."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    deliver(f"{line}\n".encode(encoding, "backslashreplace") for line in lines)


def say(message: str) -> None:
    """Write a line to standard error; nothing is said about a failure, there is nowhere to say it."""
    if sys.stderr is None:
        return
    encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
    try:
        print(message.encode(encoding, "backslashreplace").decode(encoding), file=sys.stderr, flush=True)
    except OSError:
        abandon(sys.stderr)


def abandon(stream: TextIO | None) -> None:
    """Point a stream at /dev/null, else Python writes what is left in its buffer at exit and fails a second time."""
    if stream is None:
        return
    # A caller of main() may have put a stream there that has no descriptor, and so nothing to lead away.
    with suppress(UnsupportedOperation), open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())


def _write(sink: BinaryIO, piece: bytes) -> None:
    # With PYTHONUNBUFFERED the stream is a bare descriptor, which may take a part and leave the rest.
    left = memoryview(piece)
    while left:
        left = left[sink.write(left) :]


def _give_up(error: OSError) -> None:
    """Write no more; that nobody reads any more is no failure."""
    abandon(sys.stdout)
    if not isinstance(error, BrokenPipeError):
        raise EnvironmentFailed(f"cannot write the results: {error.strerror}") from error
