"""CATALOGUE.SQLITE of a disc: a catalogue of its volume and of earlier ones, readable with ``sqlite3`` alone."""

from __future__ import annotations

import lzma
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pybackup.archive.own_run import own_run
from pybackup.catalogue.portable import write_portable
from pybackup.catalogue.read_portable import reading_portable
from pybackup.container.earlier import read_earlier
from pybackup.container.set_index import volumes_told_of
from pybackup.errors import UsageError
from pybackup.host.scratch import Scratch
from pybackup.host.storage import ArchiveFile
from pybackup.model.carried import Carried, CarriedMedium, CarriedRun, CarriedVolume
from pybackup.model.catalogued import MediumType, NewVolume
from pybackup.model.filed import Filed, filed_of
from pybackup.model.listing import Rows

from .volume import DiscVolume

# Bytes that an entry takes in the catalogue; and the most that a catalogue may have, as all of it is in memory while an
# image is made.
_ENTRY_BYTES, _MOST_BYTES = 100, 64 << 20
# Fractions of the disc. A catalogue larger than the first is compressed; if it is then larger than the second, only the
# names of the other discs are kept. A catalogue of at most _SMALL_BYTES is never compressed or cut.
_PLAIN_SHARE, _MOST_SHARE = 0.02, 0.05
_SMALL_BYTES = 64 << 10
PLAIN, PACKED = "CATALOGUE.SQLITE", "CATALOGUE.SQLITE.XZ"


@dataclass(frozen=True, slots=True)
class DiscCatalogue:
    """The catalogue file on a disc: its name, which shows whether it is compressed (`PACKED`), and its bytes.

    Both are empty if the disc has no catalogue.
    """

    name: str = ""
    content: bytes = b""


def disc_catalogue(
    volume: DiscVolume, medium_bytes: int | None, scratch: bytes, given: bytes | None = None
) -> DiscCatalogue:
    """Return the catalogue to put on the disc of a volume; an empty one if it would be too large.

    It depends on the volume, ``medium_bytes`` and ``given`` only.

    Parameters
    ----------
    medium_bytes
        Capacity of the disc in bytes; None for no limit.
    scratch
        A directory for a temporary file.
    given
        Path of an exported catalogue to use instead of one made of this volume and earlier ones.

    Raises
    ------
    UsageError
        The given catalogue is too large for the disc.
    Damaged
        The given file is no exported catalogue.
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
    return DiscCatalogue()


def _fitting(content: bytes, medium_bytes: int | None) -> DiscCatalogue:
    if not content:
        return DiscCatalogue()
    if medium_bytes is None or len(content) <= max(_PLAIN_SHARE * medium_bytes, _SMALL_BYTES):
        return DiscCatalogue(PLAIN, content)
    packed = lzma.compress(content, preset=6)
    if len(packed) > max(_MOST_SHARE * medium_bytes, _SMALL_BYTES):
        return DiscCatalogue()
    return DiscCatalogue(PACKED, packed)


def _read(given: bytes) -> bytes:
    """Return the bytes of an exported catalogue, after its form has been checked."""
    with reading_portable(given), open(given, "rb") as file:
        content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        most = f"more than the {_MOST_BYTES >> 20} MiB that fit in memory while an image is made"
        raise UsageError(f"{os.fsdecode(given)}: has {most}", option="carry_catalogue")
    return content


def _made(volume: DiscVolume, scratch: bytes, *, is_short: bool) -> bytes:
    """Return the catalogue of a volume and earlier ones, with ``is_short`` only their names; empty if too large."""
    if len(volume.listing) * _ENTRY_BYTES > _MOST_BYTES:
        return b""
    with Scratch(scratch) as file:
        write_portable(file.temporary, _volumes(volume, is_short=is_short), _runs(volume))
        with open(file.temporary, "rb") as made:
            content = made.read(_MOST_BYTES + 1)
    return content if len(content) <= _MOST_BYTES else b""


def _runs(volume: DiscVolume) -> tuple[CarriedRun, ...]:
    """Return the run of the chain in which the volume was made; nothing if it belongs to no chain."""
    archive = volume.info.set_id if volume.info else volume.listing.archive_id
    with ArchiveFile(volume.path) as file:
        told = own_run(volume.settings, archive, read_earlier(file))
    return () if told is None else (told,)


def _volumes(volume: DiscVolume, *, is_short: bool) -> Iterator[Carried]:
    """Yield the volume itself, earlier volumes of its set, and the part of earlier archives that its index lists.

    All get the time of the volume's newest file as the time of entering, so that the same volume always gives the same
    catalogue.
    """
    listing, at_ns = volume.listing, volume.newest_ns
    archives = volume.covered
    new = replace(NewVolume.of_archive(listing, volume.info, volume.label), covers=tuple(archives))
    yield _carried(new, at_ns, _linked(listing.rows, listing.paths))
    with ArchiveFile(volume.path) as file:
        for told in volumes_told_of(file, archives):
            rows = iter(()) if is_short else _linked(told.rows, told.paths)
            yield _carried(NewVolume.told_of(told.of, 0 if is_short else len(told.paths)), at_ns, rows)
        for earlier in read_earlier(file):
            rows = iter(()) if is_short else _linked(earlier.rows, earlier.paths)
            yield _carried(NewVolume.earlier(earlier.of, 0 if is_short else len(earlier.paths)), at_ns, rows)


def _linked(rows: Rows, paths: Sequence[bytes]) -> Iterator[Filed]:
    """Yield the entries; a hard link gets the size, time and hash of its target, if that is on the same volume."""
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
    # Nobody has seen the disc yet; the time when it is seen is set by whoever enters it in a catalogue.
    on = CarriedMedium(new.name, MediumType.DISC, added_ns=at_ns)
    return Carried(CarriedVolume(new, at_ns, (on,)), rows)
