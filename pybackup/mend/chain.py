"""Mending the archives of a chain: by their parity, further copies, and recovery volumes of their sets."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from pybackup.archive.ancestry import may_be_of
from pybackup.archive.archive import Archive
from pybackup.archive.chain import chained
from pybackup.archive.find import FoundFile
from pybackup.archive.holders import volume_of
from pybackup.archive.joined import STRIDE, base_of, number_at
from pybackup.archive.open import OpenArchive
from pybackup.container.notes import archive_id_in
from pybackup.host.joined import Part, part_of
from pybackup.host.storage import ArchiveFile
from pybackup.model.volume import VolumeKind, number_of
from pybackup.monitor import Monitor

from .mended import MendedArchive
from .mender import Mender


class ChainMender:
    """Mends those archives of a chain in which content is damaged; each set and each archive once.

    Parameters
    ----------
    archive
        The opened chain.
    """

    def __init__(self, mender: Mender, archive: OpenArchive, monitor: Monitor) -> None:
        assert archive.earlier is not None
        self._mender, self._archive, self._monitor = mender, archive, monitor
        self._earlier = archive.earlier
        self._sets = dict(_sets_of(archive))
        self._tried: set[int] = set()

    def better(self, view: Archive, blamed: Collection[int]) -> MendedArchive | None:
        """Return the chain with the blamed archives mended; None if nothing more can be done.

        Parameters
        ----------
        blamed
            The numbers of their stretches of the address space, see `pybackup.archive.joined`. A stretch without
            bytes is that of a lost archive.
        """
        assert not isinstance(view.place, bytes)
        mended: dict[int, tuple[Part, ...]] = {}
        place, listing, volume_set = view.place, view.listing, view.volume_set
        lost = {number_at(part.address) for part in view.place if not part.path}
        assert isinstance(self._archive.place, tuple)
        known = {number_at(part.address) for part in self._archive.place}
        for stretch in sorted((known & set(blamed)) - self._tried):
            if stretch in self._tried:
                continue
            set_id = self._set_with(stretch)
            restored = self._across(set_id) if set_id is not None else None
            if restored is not None and restored.volume_set and set_id == self._own_set:
                assert not isinstance(restored.place, bytes)
                place, listing = chained(restored.place, restored.listing, self._earlier)
                volume_set = restored.volume_set
                own = [part for part in place if part.address < min(self._earlier.addresses) and not part.is_spare]
                mended |= {number_at(part.address): (part,) for part in own if part.path}
            elif restored is not None and set_id is not None:
                mended |= self._stretches_of(restored, set_id, lost)
            self._tried.add(stretch)
            if stretch not in mended:
                there = [part.path for part in view.place if part.path and number_at(part.address) == stretch]
                if part := self._alone(stretch, there):
                    mended[stretch] = (part,)
        self._tried |= mended.keys()
        if not mended:
            return None
        worn = [volume_of(self._archive, stretch * STRIDE).label for stretch in sorted(mended) if stretch in blamed]
        parts: list[Part] = []
        for part in place:
            instead = () if part.is_spare else mended.get(number_at(part.address), ())
            parts += [_standing_for(part, each) for each in instead] or [part]
        return MendedArchive(tuple(parts), listing, volume_set, worn=worn)

    @property
    def _own_set(self) -> bytes | None:
        return self._archive.volume_set.info.set_id if self._archive.volume_set else None

    def _set_with(self, stretch: int) -> bytes | None:
        """Return the id of the set of a stretch's volume, if the set has recovery volumes; else None."""
        identity = volume_of(self._archive, stretch * STRIDE).archive_id
        return next(
            (each for each in self._sets if number_of(identity, each, VolumeKind.DATA) is not None),
            None,
        )

    def _across(self, set_id: bytes) -> MendedArchive | None:
        """Return a set with everything that its recovery volumes restore; they are read once."""
        files = self._sets.pop(set_id)
        name = next(volume.info.name for file in files for volume in file.volumes if volume.info)
        where = os.fsdecode(self._mender.work_dir)
        self._monitor.note(f"{name}: rebuilding what is lost or damaged in {where}")
        return self._mender.across(files)

    def _stretches_of(
        self, restored: MendedArchive, set_id: bytes, lost: Collection[int]
    ) -> dict[int, tuple[Part, ...]]:
        """Return where the volumes of an earlier set are now, by the number of each one's stretch of the chain."""
        assert not isinstance(restored.place, bytes)
        lying = {number_at(part.address): part for part in restored.place if part.path and not part.is_spare}
        found: dict[int, tuple[Part, ...]] = {}
        for stretch in map(number_at, self._earlier.addresses):
            identity = volume_of(self._archive, stretch * STRIDE).archive_id
            number = number_of(identity, set_id, VolumeKind.DATA)
            part = lying.get(number) if number is not None else None
            parts = () if part is None else _came_back(part, restored) if stretch in lost else (part,)
            if any(each.path for each in parts):
                found[stretch] = parts
        return found

    def _alone(self, stretch: int, there: Sequence[bytes]) -> Part | None:
        """Return where an archive is after it was mended on its own, from all files that are copies of it."""
        identity = volume_of(self._archive, stretch * STRIDE).archive_id
        copies = [file.path for file in self._earlier.files if _is_it(file, identity)]
        paths = list(dict.fromkeys([*there, *copies]))
        if not paths:
            return None
        mended = self._mender.single(*paths)
        return None if mended.refusal else _own_part(mended)


def _standing_for(part: Part, mended: Part) -> Part:
    """Return the mended part at the address of the part it replaces, of which the start may be missing."""
    within = mended.address - base_of(mended.address)
    return replace(mended, address=base_of(part.address) + within, label=part.label)


def _came_back(part: Part, restored: MendedArchive) -> tuple[Part, ...]:
    """Return the parts of a lost volume that were restored, and for the rest parts that name the volume as missing."""
    bad = restored.soundness.bad.within(part.address, part.address + part.n_bytes)
    good = bad.gaps(part.address, part.address + part.n_bytes)
    ranges = sorted([*((at, end, True) for at, end in good), *((at, end, False) for at, end in bad)])
    return tuple(
        Part(at, end - at, part.path, part.offset + at - part.address) if is_good else Part(at, end - at, b"")
        for at, end, is_good in ranges
    )


def _sets_of(archive: OpenArchive) -> Iterator[tuple[bytes, list[FoundFile]]]:
    """Yield the files of each set with recovery volumes, also those that only member headers identify."""
    own = archive.volume_set
    if own is not None and own.recovery:
        yield own.info.set_id, [*own.files, *map(FoundFile, archive.unclear)]
    assert archive.earlier is not None
    sets: dict[bytes, list[FoundFile]] = {}
    recovered: set[bytes] = set()
    for file in archive.earlier.files:
        infos = [volume.info for volume in file.volumes if volume.info]
        for set_id in {info.set_id for info in infos}:
            of_set = [volume for volume in file.volumes if volume.info and volume.info.set_id == set_id]
            sets.setdefault(set_id, []).append(replace(file, volumes=of_set))
        recovered |= {info.set_id for info in infos if info.kind is VolumeKind.RECOVERY}
    dark = [file for file in archive.earlier.files if not file.volumes]
    for set_id in sorted(recovered):
        beside = {os.path.dirname(file.path) for file in sets[set_id]}
        yield set_id, [*sets[set_id], *(file for file in dark if may_be_of(file, [set_id], beside))]


def _is_it(file: FoundFile, identity: bytes) -> bool:
    if file.volumes:
        return [volume.listing.archive_id for volume in file.volumes] == [identity]
    return _id_in(file) == identity


def _id_in(file: FoundFile) -> bytes:
    with ArchiveFile(file.path) as opened:
        return archive_id_in(opened) if opened.size else b""


def _own_part(mended: MendedArchive) -> Part | None:
    """Return where the mended volume is: of the volumes that its listing knows, the one with bytes."""
    place = mended.place
    if isinstance(place, bytes):
        with ArchiveFile(place) as file:
            return part_of(place, 0, file.size)
    return next((part for part in place if part.path and not part.is_spare), None)
