"""Which files are in an archive already: asked of `pybackup list`, for this package knows no archives itself.

An archive may also be a directory with a set of volumes, or with several archives, and a catalogue: a URL, or a file of
SQLite, of which `pybackup catalogue files` tells what lies on media that count as copies.

A file counts as archived when an archive lists one of its size and modification time (`times.same_time`: a file system
may have cut it), under a path that is the end of the file's own: `docs/a.txt` for /home/me/docs/a.txt, as `pybackup
create ~/docs` names it. What an archive lists is not read here: whether it is whole, `pybackup verify` tells.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

from pyactivity.ending import Child
from pyactivity.errors import BadValue, EnvironmentFailed
from pyactivity.model import Files, Problem
from pyactivity.times import CUT_NS, same_time

_USAGE = 2  # what pybackup exits with when there is no such archive
_LISTED = (0, 1)  # and when it could list: all, or what is left
_URL = re.compile(rb"[a-z][a-z0-9+]*://")
_SQLITE = b"SQLite format 3\0"
_COPY = "ok"  # the state of a medium that counts, as a catalogue has it
_SUFFIXES = (b".xtar", b".iso")
_TOP = b"root/"  # what pybackup calls / in an archive


@dataclass(frozen=True, slots=True, eq=False)
class Inventory:
    """What archives list: (path in the archive, size in bytes, mtime in nanoseconds) of each regular file."""

    files: frozenset[tuple[bytes, int, int]]
    problems: tuple[Problem, ...]


def take_inventory(archives: Iterable[bytes]) -> Inventory:
    """List the archives with the command `pybackup`, beside this Python or else on the PATH.

    Raises BadValue for what is no archive, EnvironmentFailed where the command is missing or fails.
    """
    command = _find_command()
    files: set[tuple[bytes, int, int]] = set()
    problems: list[Problem] = []
    for archive in archives:
        for name in _archives_at(command, archive):
            files |= _list(command, name, problems)
    return Inventory(frozenset(files), tuple(problems))


def archived(files: Files, inventory: Inventory) -> NDArray[np.bool_]:
    """Which of the files are in the inventory: (n,) bool."""
    known: dict[tuple[bytes, int], list[tuple[bytes, int]]] = {}
    for path, size_bytes, mtime_ns in inventory.files:
        known.setdefault((os.path.basename(path), size_bytes), []).append((path, mtime_ns))
    slots = np.array([mtime_ns // CUT_NS for _, _, mtime_ns in inventory.files], np.int64)
    mask = np.zeros(len(files), np.bool_)
    places: dict[int, bytes] = {}
    near = np.isin(files.mtime_ns // CUT_NS, np.concatenate([slots - 1, slots, slots + 1]))
    for index in np.flatnonzero(near).tolist():
        directory = int(files.directory[index])
        if (place := places.get(directory)) is None:
            place = places[directory] = os.path.abspath(files.directories[directory]).rstrip(b"/")
        name, size_bytes, mtime_ns = files.name(index), int(files.size_bytes[index]), int(files.mtime_ns[index])
        path = place + b"/" + name
        mask[index] = any(
            same_time(mtime_ns, there_ns) and (path.endswith(b"/" + there) or there == _TOP + path[1:])
            for there, there_ns in known.get((name, size_bytes), ())
        )
    return mask


def _find_command() -> str:
    beside = Path(sys.executable).with_name("pybackup") if sys.executable else None
    if beside is not None and os.access(beside, os.X_OK):
        return str(beside)
    found = shutil.which("pybackup")
    if found is None:
        raise EnvironmentFailed(
            f"--against asks the command pybackup, which is neither beside {sys.executable} nor on the PATH; "
            "it comes with pyactivity, in the distribution pybackup-xtar: install that again from where you have it"
        )
    return found


def _archives_at(command: str, place: bytes) -> list[bytes]:
    """A place itself, or the archives in a directory that holds several, and no one set of volumes."""
    if not os.path.isdir(place):
        return [place]
    with Child(_question(command, place), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        status = process.wait()
    if status in _LISTED:
        return [place]
    names = sorted(name for name in os.listdir(place) if name.lower().endswith(_SUFFIXES))
    return [os.path.join(place, name) for name in names] or [place]


def _question(command: str, archive: bytes) -> list[bytes]:
    """The command that lists an archive, or what a catalogue knows."""
    start = [os.fsencode(command)]
    if _is_catalogue(archive):
        return [*start, b"catalogue", b"files", b"--json", b"--quiet", b"--catalogue", archive]
    # Absolute, so that no name is taken for an option.
    return [*start, b"list", b"--json", b"--quiet", os.path.abspath(archive)]


def _is_catalogue(name: bytes) -> bool:
    if _URL.match(name):
        return True
    try:
        with open(name, "rb") as stream:
            return stream.read(len(_SQLITE)) == _SQLITE
    except OSError:
        return False


def _list(command: str, archive: bytes, problems: list[Problem]) -> set[tuple[bytes, int, int]]:
    arguments = _question(command, archive)
    try:
        # Complaints into a file: a pipe that nobody empties meanwhile would stop both of us.
        with TemporaryFile() as complaints:
            with Child(arguments, stdout=subprocess.PIPE, stderr=complaints) as process:
                files = _read(cast(IO[bytes], process.stdout))
            status = process.returncode
            complaints.seek(0)
            first = complaints.readline().decode(errors="backslashreplace").strip()
            words = first.removeprefix("pybackup: ")
    except OSError as error:
        raise EnvironmentFailed(f"cannot run {command}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise EnvironmentFailed(f"{command} list gave no list that this version understands: {error!r}") from error
    if status not in _LISTED:
        reason = words or f"pybackup list ended with {status}"
        raise BadValue(reason) if status == _USAGE else EnvironmentFailed(reason)
    if status:
        problems.append(Problem(archive, f"not all of it could be listed: {words or 'pybackup list exited with 1'}"))
    return files


def _read(lines: IO[bytes]) -> set[tuple[bytes, int, int]]:
    """The regular files of a listing; hard links are the files they link to, which come before them."""
    seen: dict[bytes, tuple[int, int]] = {}
    for line in lines:
        entry = json.loads(line)
        if "media" in entry:
            # Of a catalogue: each name with its size, and where it lies.
            if any(medium["state"] == _COPY for medium in entry["media"]):
                seen[_bytes(entry["path"])] = entry["size"], _saturated(entry["mtime_ns"])
        elif entry["kind"] == "file" and not entry["changed"]:
            seen[_bytes(entry["path"])] = entry["size"], _saturated(entry["mtime_ns"])
        elif entry["kind"] == "hardlink" and (linked := seen.get(_bytes(entry["target"]))):
            seen[_bytes(entry["path"])] = linked
    return {(path, *size_and_time) for path, size_and_time in seen.items()}


def _saturated(mtime_ns: int) -> int:
    """As a scan has it: file systems hold later years than 64 bits of nanoseconds do."""
    return max(-(2**63), min(2**63 - 1, mtime_ns))


def _bytes(name: dict[str, Any]) -> bytes:
    return name["text"].encode() if "text" in name else b64decode(name["bytes"])
