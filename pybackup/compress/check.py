"""Decoding members to compare them with their digests: what workers of a deep verification run."""

from __future__ import annotations

from collections.abc import Sequence

from pybackup.errors import FormatError
from pybackup.host.joined import Place, open_place
from pybackup.host.storage import ArchiveFile
from pybackup.layout.rdiff import commands
from pybackup.model.member import Member

from .unpack import decode, delta_of


def first_fault(file: ArchiveFile, members: Sequence[Member]) -> str:
    """Return what is wrong with the first damaged of ``members``, empty if all are whole."""
    for member in members:
        try:
            if member.is_delta and not member.base:
                # What it gives nobody can tell here.
                if sum(command.length for command in commands(delta_of(file, member))) != member.raw_bytes:
                    return "a delta that gives another length than its segment has"
                continue
            for _ in decode(file, member):
                pass
        except FormatError as error:
            return str(error)
    return ""


def check_batch(archive: Place, batch: Sequence[Sequence[Member]]) -> list[str]:
    """`first_fault` of each file in ``batch``, by its members, in the archive at the path ``archive``."""
    with open_place(archive) as file:
        return [first_fault(file, members) for members in batch]
