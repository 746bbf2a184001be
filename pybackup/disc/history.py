"""CATALOGUE.SQLITE of a disc: a catalogue of its volume and of those before it, to be read by ``sqlite3`` alone."""

from __future__ import annotations

import lzma
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pybackup.archive.own_run import own_run
from pybackup.catalogue.portable import write_portable
from pybackup.catalogue.read_portable import reading_portable
from pybackup.container.earlier import read_earlier
from pybackup.container.set_index import volumes_told_of
from pybackup.errors import UsageError
from pybackup.host.scratch import Scratch
from pybackup.host.storage import ArchiveFile
from pybackup.model.carried import Carried, CarriedMedium, CarriedRun, CarriedVolume
from pybackup.model.filed import Filed, MediumType, NewVolume, filed_of
from pybackup.model.listing import Rows

from .volume import DiscVolume

# For an entry it takes about a hundred, and all of it is in memory while an image is made.
_ENTRY_BYTES, _MOST_BYTES = 100, 64 << 20
# Of the disc: more than that is packed, and what then takes more still is cut to the names of the other discs. What is
# this small is nobody's trouble.
_PLAIN_SHARE, _MOST_SHARE = 0.02, 0.05
_SMALL_BYTES = 64 << 10
PLAIN, PACKED = "CATALOGUE.SQLITE", "CATALOGUE.SQLITE.XZ"


@dataclass(frozen=True, slots=True)
class History:
    """A catalogue as it is on a disc: the name of its file, which shows whether it is packed, and its bytes.

    Both are empty if there is none.
    """

    name: str = ""
    content: bytes = b""


def history(volume: DiscVolume, medium_bytes: int | None, scratch: bytes, given: bytes | None = None) -> History:
    """Return the catalogue for the disc of a volume, always the same for one volume and size; none if it is too large.

    Parameters
    ----------
    medium_bytes
        The size of the disc; None if it has no limit.
    scratch
        A directory for a temporary file.
    given
        An exported catalogue to use instead of one of this volume and earlier ones.

    Raises
    ------
    UsageError
        The given catalogue is too large for the disc.
    Damaged
        The given file is no catalogue.
    """
    if given is not None:
        found = _fitting(_read(given), medium_bytes)
        if not found.name:
            raise UsageError(f"{os.fsdecode(given)}: takes more than a twentieth of the disc", option="carry_catalogue")
        return found
    for is_short in (False, True):
        found = _fitting(_made(volume, scratch, is_short=is_short), medium_bytes)
        if found.name:
            return found
    return History()


def _fitting(content: bytes, medium_bytes: int | None) -> History:
    if not content:
        return History()
    if medium_bytes is None or len(content) <= max(_PLAIN_SHARE * medium_bytes, _SMALL_BYTES):
        return History(PLAIN, content)
    packed = lzma.compress(content, preset=6)
    return History(PACKED, packed) if len(packed) <= max(_MOST_SHARE * medium_bytes, _SMALL_BYTES) else History()


def _read(given: bytes) -> bytes:
    """Return the bytes of an exported catalogue."""
    with reading_portable(given), open(given, "rb") as file:
        content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        most = f"more than the {_MOST_BYTES >> 20} MiB that fit in memory while an image is made"
        raise UsageError(f"{os.fsdecode(given)}: has {most}", option="carry_catalogue")
    return content


def _made(volume: DiscVolume, scratch: bytes, *, is_short: bool) -> bytes:
    """Return the catalogue of a volume and those before it, of which short tells the names; empty where too large."""
    if len(volume.listing) * _ENTRY_BYTES > _MOST_BYTES:
        return b""
    with Scratch(scratch) as file:
        write_portable(file.temporary, _volumes(volume, is_short=is_short), _runs(volume))
        with open(file.temporary, "rb") as made:
            content = made.read(_MOST_BYTES + 1)
    return content if len(content) <= _MOST_BYTES else b""


def _runs(volume: DiscVolume) -> tuple[CarriedRun, ...]:
    """Return the run of a chain that made the volume; none for a volume of no chain."""
    archive = volume.info.set_id if volume.info else volume.listing.archive_id
    with ArchiveFile(volume.path) as file:
        told = own_run(volume.settings, archive, read_earlier(file))
    return () if told is None else (told,)


def _volumes(volume: DiscVolume, *, is_short: bool) -> Iterator[Carried]:
    """Yield the volume itself, earlier volumes of its set, and what earlier archives hold of its tree.

    All have the time of the volume's newest file, so that the same volume gives the same catalogue.
    """
    listing, at_ns = volume.listing, volume.newest_ns
    new = NewVolume.of_archive(listing, volume.info, volume.label)
    yield _carried(new, at_ns, _linked(listing.rows, listing.paths))
    with ArchiveFile(volume.path) as file:
        for told in volumes_told_of(file):
            rows = iter(()) if is_short else _linked(told.rows, told.paths)
            yield _carried(NewVolume.told_of(told.of, 0 if is_short else len(told.paths)), at_ns, rows)
        for earlier in read_earlier(file):
            rows = iter(()) if is_short else _linked(earlier.rows, earlier.paths)
            yield _carried(NewVolume.earlier(earlier.of, 0 if is_short else len(earlier.paths)), at_ns, rows)


def _linked(rows: Rows, paths: Sequence[bytes]) -> Iterator[Filed]:
    """Yield the entries; a hard link has the content of what it links to, if that is on the same volume."""
    targets = {filed.target for filed in filed_of(rows, paths) if filed.target}
    if not targets:
        yield from filed_of(rows, paths)
        return
    contents = {filed.path: filed for filed in filed_of(rows, paths) if filed.path in targets and not filed.parts}
    for filed in filed_of(rows, paths):
        of = contents.get(filed.target) if filed.target else None
        if of is not None:
            filed = filed._replace(size=of.size, mtime_ns=of.mtime_ns, sha256=of.sha256, sparse=of.sparse)
        yield filed


def _carried(new: NewVolume, at_ns: int, rows: Iterator[Filed]) -> Carried:
    # The disc has no time when it was seen: that comes from whoever enters it in a catalogue.
    on = CarriedMedium(new.name, MediumType.DISC, added_ns=at_ns)
    return Carried(CarriedVolume(new, at_ns, (on,)), rows)
