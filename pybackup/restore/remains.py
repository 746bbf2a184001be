"""Partial files: what is left of a damaged file, placed beside its name, and what would bring back the rest."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import count

from pybackup.host.beneath import MAX_NAME_BYTES
from pybackup.model.entry import Entry
from pybackup.model.extents import Extents
from pybackup.model.member import Member
from pybackup.model.problem import Problem, Trouble
from pybackup.model.verdict import Fate, FileVerdict, sectors_of
from pybackup.tree.place import StagedFile

_PARTIAL = re.compile(rb"\.partial(~\d+)?\Z")


def might_be_partial(path: bytes) -> bool:
    """Whether a partial file could get this path."""
    return _PARTIAL.search(path) is not None


def names_beside(entry: Entry, reserved: frozenset[bytes]) -> Iterator[bytes]:
    """Yield names for a partial file, beside the file's own, that are not among the ``reserved`` paths of entries."""
    directory = entry.path[: len(entry.path) - len(entry.name)]
    for number in count():
        suffix = b".partial~%d" % number if number else b".partial"
        name = entry.name[: MAX_NAME_BYTES - len(suffix)] + suffix
        if directory + name not in reserved:
            yield name


def settle(
    staged: StagedFile,
    names: Iterable[bytes] | None,
    present: Extents,
    plausible: Extents,
    reason: str,
    wanted: Extents,
    *,
    worthless: bool = False,
) -> FileVerdict:
    """Commit a damaged file under one of ``names``, or discard it if nothing of it is left.

    Parameters
    ----------
    names
        None if partial files are not kept.
    """
    entry = staged.entry
    if worthless or not (present or plausible):
        staged.discard()
        return FileVerdict.lost(entry, reason, wanted)
    placed_as = None
    if names is not None:
        placed_as = staged.commit_beside(names)
        if placed_as is None:
            return FileVerdict.lost(entry, f"{reason}; what is left of it could not be placed", wanted)
    staged.discard()
    path = entry.path[: len(entry.path) - len(entry.name)] + placed_as if placed_as else None
    needed = sectors_of(wanted)
    return FileVerdict(entry.path, Fate.PARTIAL, entry.size, present, reason, wanted, needed, path, plausible)


def why_not(path: bytes, problems: Sequence[Problem]) -> str:
    """Return why the target did not take a file, from the problems it has had so far."""
    if not problems or problems[-1].path != path:
        return "it could not be written"
    last = problems[-1]
    return f"another file is in the way: {last.reason}" if last.trouble is Trouble.EXISTS else last.reason


def wanted_of(members: Iterable[Member], bad: Extents) -> Extents:
    """Return which bytes of the image would bring damaged members back."""
    streams = [(member.stream_offset, member.offset + member.packed_bytes) for member in members]
    known = Extents.of(part for low, high in streams for part in bad.within(low, high))
    return known or Extents.of(streams)
