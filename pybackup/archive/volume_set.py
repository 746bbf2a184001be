"""The volumes of a set that are at hand, and what they tell of those that are not."""

from __future__ import annotations

import os
from collections.abc import Container, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from pybackup.container.notes import archive_id_in
from pybackup.container.read import load_table, settings_of
from pybackup.container.set_index import read_set_index
from pybackup.errors import EnvironmentFailed, FormatError, UsageError
from pybackup.host.storage import ArchiveFile
from pybackup.model.listing import Rows, Way
from pybackup.model.problem import Problem, Trouble
from pybackup.model.volume import VolumeInfo, VolumeKind, number_of
from pybackup.monitor import Monitor

from .find import Volume, volumes_in

# Volumes that are missing, of a set that says that it is long.
_MOST_NAMED = 100


@dataclass(slots=True)
class SetAtHand:
    """The volumes of one set that are at hand, and the tables of these and of others that they tell of.

    Attributes
    ----------
    data, recovery
        By number; of several copies the first.
    copies
        The other copies.
    tables
        Rows and paths of each data volume that any volume tells of, by number.
    infos
        What those volumes say of themselves.
    """

    info: VolumeInfo
    data: dict[int, Volume] = field(default_factory=dict)
    recovery: dict[int, Volume] = field(default_factory=dict)
    copies: list[Volume] = field(default_factory=list)
    tables: dict[int, tuple[Rows, Sequence[bytes]]] = field(default_factory=dict)
    infos: dict[int, VolumeInfo] = field(default_factory=dict)

    @property
    def last(self) -> int | None:
        """Number of the last data volume; None where none that is at hand tells it."""
        last = [number for number, info in self.infos.items() if info.last]
        # One that says so while others come behind it lies.
        return max(last) if last and max(last) == self.known else None

    @property
    def known(self) -> int:
        """The highest number of a data volume that is known of."""
        return max(self.infos, default=0)

    def label(self, number: int) -> str:
        """Return what the data volume of that number is called."""
        return VolumeInfo(self.info.set_id, self.info.name, number).label

    def labels(self, numbers: Iterable[int]) -> str:
        """Name data volumes, for people."""
        named = list(numbers)
        more = f" and {len(named) - _MOST_NAMED:,} more" if len(named) > _MOST_NAMED else ""
        return ", ".join(map(self.label, named[:_MOST_NAMED])) + more

    @property
    def missing(self) -> list[int]:
        """Numbers of the data volumes that are known of, and not at hand."""
        return [number for number in range(1, (self.last or self.known) + 1) if number not in self.data]


def gather(volumes: Sequence[Volume], monitor: Monitor) -> SetAtHand:
    """Return the set that volumes are of.

    Raises
    ------
    UsageError
        They are of more than one, or one is of none.
    """
    first = volumes[0]
    for volume in volumes:
        if volume.info is None:
            raise UsageError(f"{volume.name}: is no volume of a set; name it alone")
        if first.info is None or volume.info.set_id != first.info.set_id:
            raise UsageError(f"{volume.name}: is of another set than {first.name}")
    assert first.info is not None
    hand = SetAtHand(first.info)
    for volume in volumes:
        assert volume.info is not None
        numbers = hand.data if volume.info.kind is VolumeKind.DATA else hand.recovery
        if volume.info.number in numbers:
            there = numbers[volume.info.number]
            if os.path.realpath(there.path) != os.path.realpath(volume.path):
                monitor.note(
                    f"{os.fsdecode(volume.path)}: {volume.info.label} once more, beside {os.fsdecode(there.path)}"
                )
            hand.copies.append(volume)
        else:
            numbers[volume.info.number] = volume
    for whole in (True, False):
        for number, volume in hand.data.items():
            assert volume.info is not None
            if number not in hand.tables and (volume.listing.way is Way.TREE or not whole):
                hand.tables[number], hand.infos[number] = (volume.listing.rows, volume.listing.paths), volume.info
        if whole:
            # Of one whose own index is lost, a later volume knows more than its headers tell.
            _take_indexes(hand)
    return hand


def _take_indexes(hand: SetAtHand) -> None:
    """Learn what other volumes hold from those that come later, the best informed first."""
    told = [volume for _, volume in sorted(hand.recovery.items())]
    told += [volume for _, volume in sorted(hand.data.items(), reverse=True)]
    for volume in told:
        before = volume.info.number - 1 if volume.info and volume.info.kind is VolumeKind.DATA else None
        if before is not None and all(number in hand.tables for number in range(1, before + 1)):
            continue
        if before is None and hand.last and all(number in hand.tables for number in range(1, hand.last + 1)):
            continue
        with volume.open() as file:
            for blob in read_set_index(file):
                try:
                    table = load_table(blob)
                    info = VolumeInfo.of_settings(settings_of(table))
                    paths = table.paths(blob.head.body_bytes)
                except FormatError:
                    continue
                if info and info.set_id == hand.info.set_id and info.number not in hand.tables:
                    hand.tables[info.number], hand.infos[info.number] = (table, paths), info


def sets_among(paths: Iterable[bytes]) -> list[SetAtHand]:
    """Return the sets that volumes in these files are of; what has none, or cannot be read, is passed over."""
    sets: dict[bytes, list[Volume]] = {}
    for path in paths:
        with suppress(EnvironmentFailed):
            for volume in volumes_in(path):
                if volume.info:
                    sets.setdefault(volume.info.set_id, []).append(volume)
    return [gather(volumes, Monitor()) for volumes in sets.values()]


def tell_of_missing(
    sets: Sequence[SetAtHand], given: Iterable[bytes], monitor: Monitor, *, is_problem: bool = False
) -> None:
    """Note which volumes of these sets are not at hand; no more than that, as they may be elsewhere.

    Parameters
    ----------
    given
        The files that were looked at: one that is too damaged to be listed is not called missing.
    is_problem
        All volumes were to be here.
    """
    ids = {path: _id_in(path) for path in given if not _is_listed(path, sets)}
    for hand in sets:
        numbers = {number_of(ids[path], hand.info.set_id, VolumeKind.DATA): path for path in ids if ids[path]}
        damaged = {number: path for number, path in numbers.items() if number and number not in hand.data}
        for number, path in sorted(damaged.items()):
            monitor.note(f"{os.fsdecode(path)}: {hand.label(number)}, too damaged to tell what is on it")
        unclear = [path for path in ids if not ids[path]]
        _tell_of_missing(hand, damaged, unclear, monitor, is_problem=is_problem)


def _tell_of_missing(
    hand: SetAtHand, damaged: Container[int], unclear: Sequence[bytes], monitor: Monitor, *, is_problem: bool
) -> None:
    """Say it of one set: of ``unclear`` files nothing tells which volume they are."""
    missing = [number for number in hand.missing if number not in damaged]
    after = hand.last is None and hand.known + 1 not in damaged
    if missing:
        said = f"of {hand.info.name} these volumes are not here: {hand.labels(missing)}"
    elif after:
        said = f"of {hand.info.name} there are volumes after {hand.label(hand.known)} that are not here"
    else:
        return
    names = ", ".join(map(os.fsdecode, unclear[:_MOST_NAMED]))
    is_doubtful = f", unless they are among what is too damaged to tell what it is: {names}" if names else ""
    if is_problem:
        monitor.problem(Problem(os.fsencode(hand.info.name), Trouble.MISSING, said + is_doubtful))
    else:
        monitor.note(said + is_doubtful)


def _is_listed(path: bytes, sets: Iterable[SetAtHand]) -> bool:
    """Whether any archive in a file tells what it is."""
    volumes = (volume for hand in sets for volume in (*hand.data.values(), *hand.recovery.values(), *hand.copies))
    if path in {volume.path for volume in volumes}:
        return True
    try:
        return any(True for _ in volumes_in(path))
    except EnvironmentFailed:
        return True  # whoever looked at it has said that it cannot be read


def _id_in(path: bytes) -> bytes:
    """The id of the archive that a file was, by any of its headers; empty where none is left."""
    with ArchiveFile(path) as file:
        return archive_id_in(file) if file.size else b""
