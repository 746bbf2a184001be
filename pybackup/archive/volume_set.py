"""The volumes of a set that were found, and what they know of those that were not."""

from __future__ import annotations

import os
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field

from pybackup.container.notes import archive_id_in
from pybackup.container.set_index import volumes_told_of
from pybackup.errors import EnvironmentFailed, UsageError
from pybackup.host.storage import ArchiveFile
from pybackup.model.listing import Rows, Way
from pybackup.model.problem import Problem, Trouble
from pybackup.model.volume import CoveredArchive, VolumeInfo, VolumeKind, number_of
from pybackup.monitor import Monitor

from .covered import as_covered, covered
from .find import FoundFile, Volume, volumes_in

# At most so many missing volumes are named, as the length of a set may be a lie.
_MOST_NAMED = 100


@dataclass(slots=True)
class VolumeSet:
    """The volumes of one set that were found, and the tree indexes they have, their own and those of other volumes.

    Attributes
    ----------
    data, recovery
        Data and recovery volumes by number; of several copies the first that was found.
    copies
        The other copies.
    tables
        The entries, rows and paths, of each data volume whose tree index is in any volume found, by number.
    infos
        The set, number and label of those volumes, by number.
    archives
        By archive id, the archives that the set is of if its recovery volumes cover archives that are no set.
    """

    info: VolumeInfo
    data: dict[int, Volume] = field(default_factory=dict)
    recovery: dict[int, Volume] = field(default_factory=dict)
    copies: list[Volume] = field(default_factory=list)
    tables: dict[int, tuple[Rows, Sequence[bytes]]] = field(default_factory=dict)
    infos: dict[int, VolumeInfo] = field(default_factory=dict)
    archives: dict[bytes, CoveredArchive] = field(default_factory=dict)

    @property
    def last(self) -> int | None:
        """The number of the last data volume; None if no volume that was found knows it."""
        last = [number for number, info in self.infos.items() if info.last]
        # A volume that claims to be the last is not believed if there are later ones.
        return max(last) if last and max(last) == self.known else None

    @property
    def known(self) -> int:
        """The highest number of a data volume that is known to exist."""
        return max(self.infos, default=0)

    @property
    def volumes(self) -> list[Volume]:
        """One copy of each volume: first the data volumes, then the recovery volumes."""
        return [*self.data.values(), *self.recovery.values()]

    @property
    def files(self) -> list[FoundFile]:
        """The files that have all copies of all volumes."""
        volumes = [*self.volumes, *self.copies]
        paths = dict.fromkeys(volume.path for volume in volumes)
        return [FoundFile(path, [volume for volume in volumes if volume.path == path]) for path in paths]

    def label(self, number: int) -> str:
        """Return the label of the data volume of a number."""
        return self.infos.get(number, VolumeInfo(self.info.set_id, self.info.name, number)).label

    def labels(self, numbers: Iterable[int]) -> str:
        """Return the labels of data volumes, as a text for people."""
        named = list(numbers)
        more = f" and {len(named) - _MOST_NAMED:,} more" if len(named) > _MOST_NAMED else ""
        return ", ".join(map(self.label, named[:_MOST_NAMED])) + more

    @property
    def missing(self) -> list[int]:
        """The numbers of data volumes that are known to exist, but were not found."""
        return [number for number in range(1, (self.last or self.known) + 1) if number not in self.data]


def gather(volumes: Sequence[Volume], monitor: Monitor) -> VolumeSet:
    """Return the set to which volumes belong; archives of no set that recovery volumes among them cover are one.

    Raises
    ------
    UsageError
        They are of several sets, or one is of no set.
    """
    archives = covered(volumes)
    volumes = as_covered(volumes, archives)
    first = volumes[0]
    for volume in volumes:
        if volume.info is None:
            raise UsageError(f"{volume.name}: is no volume of a set; name it alone")
        if first.info is None or volume.info.set_id != first.info.set_id:
            raise UsageError(f"{volume.name}: belongs to another set than {first.name}")
    assert first.info is not None
    volume_set = VolumeSet(first.info)
    # These are known even where nothing of them is here.
    volume_set.archives = {each.own_id: each for each in archives.values() if each.set_id == first.info.set_id}
    volume_set.infos.update({each.number: each for each in volume_set.archives.values()})
    for volume in volumes:
        assert volume.info is not None
        numbers = volume_set.data if volume.info.kind is VolumeKind.DATA else volume_set.recovery
        if volume.info.number in numbers:
            there = numbers[volume.info.number]
            if os.path.realpath(there.path) != os.path.realpath(volume.path):
                monitor.note(
                    f"{os.fsdecode(volume.path)}: {volume.info.label} once more, beside {os.fsdecode(there.path)}"
                )
            volume_set.copies.append(volume)
        else:
            numbers[volume.info.number] = volume
    for whole in (True, False):
        for number, volume in volume_set.data.items():
            assert volume.info is not None
            if number not in volume_set.tables and (volume.listing.way is Way.TREE or not whole):
                volume_set.tables[number], volume_set.infos[number] = (
                    (volume.listing.rows, volume.listing.paths),
                    volume.info,
                )
        if whole:
            # If a volume's own index is lost, the copy of it in a later volume has more than the volume's headers.
            _take_indexes(volume_set)
    return volume_set


def _take_indexes(volume_set: VolumeSet) -> None:
    """Take the tree indexes of other volumes from the volumes found, first from those that have most of them."""
    telling = [volume for _, volume in sorted(volume_set.recovery.items())]
    telling += [volume for _, volume in sorted(volume_set.data.items(), reverse=True)]
    for volume in telling:
        before = volume.info.number - 1 if volume.info and volume.info.kind is VolumeKind.DATA else None
        if before is not None and all(number in volume_set.tables for number in range(1, before + 1)):
            continue
        if (
            before is None
            and volume_set.last
            and all(number in volume_set.tables for number in range(1, volume_set.last + 1))
        ):
            continue
        with volume.open() as file:
            for told in volumes_told_of(file, volume_set.archives):
                number = told.of.number
                if told.of.set_id == volume_set.info.set_id and number not in volume_set.tables:
                    volume_set.tables[number], volume_set.infos[number] = (told.rows, told.paths), told.of


def sets_among(files: Iterable[FoundFile]) -> list[VolumeSet]:
    """Return the sets of the volumes in files; files in which no volume is found quickly are skipped."""
    sets: dict[bytes, list[Volume]] = {}
    found = [volume for file in files if not file.is_sought for volume in file.volumes]
    for volume in as_covered(found, covered(found)):
        if volume.info:
            sets.setdefault(volume.info.set_id, []).append(volume)
    return [gather(volumes, Monitor()) for volumes in sets.values()]


def tell_of_missing(
    sets: Sequence[VolumeSet], given: Iterable[bytes], monitor: Monitor, *, is_problem: bool = False
) -> None:
    """Note which volumes of these sets were not found.

    Parameters
    ----------
    given
        The files that were looked into; a volume that is there but too damaged to be listed is not called missing.
    is_problem
        Missing volumes are a problem, as all should be here; else they are only noted.
    """
    ids = {path: _id_in(path) for path in given if not _is_listed(path, sets)}
    for volume_set in sets:
        numbers = {number_of(ids[path], volume_set.info.set_id, VolumeKind.DATA): path for path in ids if ids[path]}
        damaged = {number: path for number, path in numbers.items() if number and number not in volume_set.data}
        for number, path in sorted(damaged.items()):
            monitor.note(f"{os.fsdecode(path)}: {volume_set.label(number)}, too damaged to tell what is on it")
        unclear = [path for path in ids if not ids[path]]
        _tell_of_missing(volume_set, damaged, unclear, monitor, is_problem=is_problem)


def _tell_of_missing(
    volume_set: VolumeSet, damaged: Container[int], unclear: Sequence[bytes], monitor: Monitor, *, is_problem: bool
) -> None:
    """Note the missing volumes of one set; ``unclear`` files may be any of them."""
    missing = [number for number in volume_set.missing if number not in damaged]
    after = volume_set.last is None and volume_set.known + 1 not in damaged
    if missing:
        said = f"of {volume_set.info.name} these volumes are not here: {volume_set.labels(missing)}"
    elif after:
        said = (
            f"of {volume_set.info.name} there are volumes after {volume_set.label(volume_set.known)} that are not here"
        )
    else:
        return
    names = ", ".join(map(os.fsdecode, unclear[:_MOST_NAMED]))
    is_doubtful = f", unless they are among what is too damaged to tell what it is: {names}" if names else ""
    if is_problem:
        monitor.problem(Problem(os.fsencode(volume_set.info.name), Trouble.MISSING, said + is_doubtful))
    else:
        monitor.note(said + is_doubtful)


def _is_listed(path: bytes, sets: Iterable[VolumeSet]) -> bool:
    """Whether any archive in a file can be identified."""
    if path in {file.path for volume_set in sets for file in volume_set.files}:
        return True
    try:
        return any(True for _ in volumes_in(path))
    except EnvironmentFailed:
        return True  # that it cannot be read has been reported already


def _id_in(path: bytes) -> bytes:
    """Return the id of the archive in a file by any of its headers; empty if none is left."""
    with ArchiveFile(path) as file:
        return archive_id_in(file) if file.size else b""
