"""Making deltas with librsync (package python-rsync), or else with the program rdiff; the same bytes."""

from __future__ import annotations

import functools
import io
import os
import shutil
import tempfile
from subprocess import DEVNULL, PIPE

from pyactivity.ending import Child

_RDIFF = "rdiff"


class NoEngine(Exception):
    """Neither python-rsync nor rdiff is installed, or rdiff failed."""


def is_there() -> bool:
    """Return whether python-rsync or rdiff is installed."""
    return _library() is not None or shutil.which(_RDIFF) is not None


def delta_to(signature: bytes, data: bytes) -> bytes:
    """Return the delta that turns the content of a signature into ``data``.

    Raises
    ------
    NoEngine
        Neither python-rsync nor rdiff can make it.
    """
    library = _library()
    if library is not None:
        made = io.BytesIO()
        library.delta(io.BytesIO(data), io.BytesIO(signature), made)
        return made.getvalue()
    with tempfile.NamedTemporaryFile() as known, tempfile.TemporaryFile() as new:
        known.write(signature)
        known.flush()
        new.write(data)
        new.seek(0)
        return _run(["delta", known.name, "-", "-"], new)


def _run(arguments: list[str], given: object) -> bytes:
    """Run rdiff with ``given`` as standard input, and return its output."""
    program = shutil.which(_RDIFF)
    if program is None:
        raise NoEngine("neither the package python-rsync nor the program rdiff is installed")
    with Child([program, *arguments], stdin=given, stdout=PIPE, stderr=DEVNULL) as process:
        assert process.stdout is not None
        made: bytes = process.stdout.read()
    if process.returncode:
        raise NoEngine(f"{os.fsdecode(program)} failed with status {process.returncode}")
    return made


@functools.cache
def _library():  # type: ignore[no-untyped-def] # the package has no types
    try:
        import pyrsync
    except ImportError:
        return None
    return pyrsync
