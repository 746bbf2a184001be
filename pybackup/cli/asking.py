"""Asking at the terminal for volumes of a set that are needed but were not given."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from pybackup.errors import PybackupError
from pybackup.host.temporaries import temporary_directory
from pybackup.monitor import Monitor

from .monitor import Talk
from .text import printable, reason_of

if TYPE_CHECKING:
    from pybackup.archive.open import OpenArchive
    from pybackup.archive.volume_set import VolumeSet

_WITHOUT = b"-"


def ask_for_volumes(
    archive: OpenArchive, candidates: Sequence[bytes], stack: ExitStack, talk: Talk, *, drive: OneDrive | None = None
) -> OpenArchive:
    """Ask for the missing volumes that hold wanted files, and return the archive with those that the user gives.

    If nobody can be asked, the missing volumes are named in a note, and the archive is returned unchanged.

    Parameters
    ----------
    drive
        Copies each disc off its drive before the next is asked for; None if discs stay where they are.
    """
    from pybackup.archive.open import open_archive

    given = [archive.path, *candidates]
    refused: set[int] = set()
    while archive.volume_set:
        volume_set = archive.volume_set
        needed = [number for number in _needed(archive, volume_set, beyond=drive is not None) if number not in refused]
        if not needed or len(volume_set.recovery) + len(archive.unclear) >= len(volume_set.missing) > 0:
            break
        label = volume_set.label(needed[0])
        if not is_somebody_there(talk):
            talk.note(f"needed, but not given: {volume_set.labels(needed)}")
            break
        if drive:
            freed = [drive.freed(path, talk) for path in given]
            if freed != given:
                # The open archive must no longer read from the drive, where the disc will be changed.
                given = freed
                archive = stack.enter_context(open_archive(given[0], given[1:], monitor=Monitor()))
        name = ask_for_volume(label, drive)
        if name is None:
            refused.add(needed[0])
            continue
        try:
            more = stack.enter_context(open_archive(given[0], [*given[1:], name], monitor=talk))
        except PybackupError as error:
            # The drive may just be empty, or not ready yet: report it and ask again.
            talk.note(printable(reason_of(error)))
            continue
        if more.volume_set is None or needed[0] not in more.volume_set.data:
            talk.note(f"{printable(os.fsdecode(name))}: {_what(name, label)}")
            if more.volume_set is None or not more.volume_set.data.keys() > volume_set.data.keys():
                continue
        given.append(name)
        archive = more
    return archive


def ask_for_volume(label: str, drive: OneDrive | None) -> bytes | None:
    """Ask for a volume or a disc, and return its path; None if the user continues without it."""
    return drive.ask(label) if drive else _ask(f"{label} is needed. Its file, image or device", b"")


class OneDrive:
    """A single drive for all discs of a set: each disc is copied to a file before the next is asked for.

    Parameters
    ----------
    path
        The device file of the drive.
    work_dir
        The directory for the copies, which are removed at the end.
    """

    def __init__(self, path: bytes, work_dir: bytes, stack: ExitStack) -> None:
        self._path = path
        self._copies = 0
        self._directory = stack.enter_context(temporary_directory(work_dir))

    def freed(self, path: bytes, talk: Talk) -> bytes:
        """Return a copy of the disc if the path is that of the drive; else the path itself."""
        from pybackup.disc.read_off import copy_off

        if path != self._path:
            return path
        self._copies += 1
        copy = os.path.join(self._directory, b"%d.iso" % self._copies)
        copy_off(path, copy, _labels_on(path), talk)
        return copy

    def ask(self, label: str) -> bytes | None:
        """Ask for a disc, and return its path; None if the user has none."""
        shown = printable(os.fsdecode(self._path))
        question = f"{label} is needed. Put it into {shown} and press Enter, or name its file, image or device"
        return _ask(question, _WITHOUT, silence=self._path)


def _needed(archive: OpenArchive, volume_set: VolumeSet, *, beyond: bool) -> list[int]:
    """Return the numbers of the volumes that are needed; with ``beyond``, also of those known to no index."""
    from pybackup.archive.joined import volumes_of
    from pybackup.archive.matching import select

    listing = archive.listing
    wanted = volumes_of(map(listing.stored, select(listing, archive.patterns)))
    needed = sorted(wanted - set(volume_set.data))
    if beyond and volume_set.last is None and not archive.patterns:
        needed.append(volume_set.known + 1)
    return needed


def _labels_on(path: bytes) -> str:
    from pybackup.archive.find import volumes_in

    labels = [volume.info.label for volume in volumes_in(path) if volume.info]
    return ", ".join(labels) or printable(os.fsdecode(path))


def _what(name: bytes, wanted: str) -> str:
    """Return what a file is that was given instead of the wanted volume, as a message."""
    from pybackup.archive.find import find_volumes

    if not os.path.exists(name):
        return "no such file or device"
    try:
        infos = [volume.info for volume in find_volumes([name]).volumes if volume.info]
    except PybackupError as error:
        return error.without(name)
    return f"that is {', '.join(info.label for info in infos)}, not {wanted}" if infos else f"that is not {wanted}"


def is_somebody_there(talk: Talk) -> bool:
    """Return whether questions can be asked: there is a terminal, and output is not limited to problems."""
    return not talk.quiet and sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def ask(question: str) -> bytes | None:
    """Ask at the terminal; return the answer without surrounding white space, None if the terminal was closed."""
    sys.stderr.write(f"pybackup: {question}")
    sys.stderr.flush()
    line = sys.stdin.readline()
    return os.fsencode(line.strip()) if line else None


def _ask(question: str, without: bytes, silence: bytes = b"") -> bytes | None:
    """Ask for a path; return ``silence`` for an empty answer, and None if the user continues without it."""
    how = printable(os.fsdecode(without)) or "empty"
    answer = ask(f"{question} ({how}: go on without it): ")
    return None if answer in (None, without) else answer or silence
