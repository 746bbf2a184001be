"""Standard output and standard error, whatever became of them."""

import os
import secrets
import sys
from collections.abc import Iterable
from contextlib import suppress
from io import UnsupportedOperation
from typing import BinaryIO, TextIO

from pyactivity.ending import Meanwhile
from pyactivity.errors import BadValue, EnvironmentFailed

STDOUT = "-"


def deliver(pieces: Iterable[bytes]) -> None:
    """Write to standard output and flush. A reader that left early has what it wanted; other failures end the run.

    Raises EnvironmentFailed.
    """
    if sys.stdout is None:
        raise EnvironmentFailed("there is no standard output")
    try:
        for piece in pieces:
            _write(sys.stdout.buffer, piece)
        sys.stdout.flush()
    except BrokenPipeError:
        abandon(sys.stdout)
    except OSError as error:
        raise EnvironmentFailed(f"cannot write the results: {error.strerror}") from error


def check_free(paths: Iterable[str], *, overwrite: bool) -> None:
    """Tell before a long scan that a file could not be published. Raises BadValue.

    One that exists is replaced with `overwrite` only; what is no regular file, such as a pipe, is written to as it is.
    """
    known: set[str] = set()
    for path in paths:
        if path == STDOUT:
            continue
        if os.path.isdir(path):
            raise BadValue(f"{path}: is a directory, and no name for a file")
        if (real := os.path.realpath(path)) in known:
            raise BadValue(f"{path}: named for two outputs")
        known.add(real)
        if not overwrite and _is_taken(path):
            raise BadValue(f"{path}: exists; choose another name, or --overwrite it")


def publish(path: str, pieces: Iterable[bytes], *, overwrite: bool = False) -> None:
    """Write a file that appears under its name when it is whole; what is no regular file is written to as it is.

    path       "-" is standard output, ./- a file of that name
    overwrite  replace a file of that name
    Nothing of a file that could not be written stays. Raises EnvironmentFailed, and BadValue as `check_free`.
    """
    if path == STDOUT:
        deliver(pieces)
        return
    check_free([path], overwrite=overwrite)
    regular = not os.path.exists(path) or os.path.isfile(path)
    unfinished = os.path.join(os.path.dirname(path), f".pyactivity-{secrets.token_hex(8)}.part") if regular else path

    def discard() -> None:
        if regular:
            with suppress(FileNotFoundError):
                os.unlink(unfinished)

    try:
        with Meanwhile(discard):
            try:
                with open(unfinished, "xb" if regular else "wb") as stream:
                    stream.writelines(pieces)
                if regular:
                    _rename(unfinished, path, overwrite)
            except BaseException:
                discard()
                raise
    except OSError as error:
        raise EnvironmentFailed(f"cannot write {path}: {error.strerror}") from error


def encoded(line: str) -> bytes:
    """A line for standard output; what the terminal's encoding lacks is escaped like the rest that cannot be shown."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return f"{line}\n".encode(encoding, "backslashreplace")


def say(message: str) -> None:
    """Write a line to standard error; nothing is said about a failure, there is nowhere to say it."""
    # print() takes a closed stderr (None) for stdout, where results are.
    if sys.stderr is not None:
        encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
        shown = message.encode(encoding, "backslashreplace").decode(encoding)
        try:
            print(f"pyactivity: {shown}", file=sys.stderr, flush=True)
        except OSError:
            abandon(sys.stderr)


def abandon(stream: TextIO | None) -> None:
    """Lead a stream nowhere, else Python writes what is left in its buffer at exit and fails a second time."""
    if stream is None:
        return
    # A caller of main() may have put a stream there that has no descriptor, and so nothing to lead away.
    with suppress(UnsupportedOperation), open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())


def _rename(unfinished: str, path: str, overwrite: bool) -> None:
    if not overwrite:
        try:
            os.link(unfinished, path)  # unlike a rename it does not replace what came meanwhile
        except FileExistsError:
            raise
        except OSError:  # some file systems have no links
            check_free([path], overwrite=False)
        else:
            os.unlink(unfinished)
            return
    os.replace(unfinished, path)


def _is_taken(path: str) -> bool:
    """Whether there is a file that would be replaced; a link that leads nowhere is one."""
    return os.path.isfile(path) or (os.path.islink(path) and not os.path.exists(path))


def _write(stream: BinaryIO, piece: bytes) -> None:
    # With PYTHONUNBUFFERED the stream is a bare descriptor, which may take a part and leave the rest.
    left = memoryview(piece)
    while left:
        left = left[stream.write(left) :]
