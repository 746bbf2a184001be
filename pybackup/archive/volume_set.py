"""The volumes of a set that are at hand, and what they tell of those that are not."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pybackup.container.read import load_table, settings_of
from pybackup.container.set_index import read_set_index
from pybackup.errors import FormatError, UsageError
from pybackup.model.listing import Rows, Way
from pybackup.model.volume import VolumeInfo, VolumeKind
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
    """Return the sets that volumes in these files are of; files without any are passed over."""
    sets: dict[bytes, list[Volume]] = {}
    for path in paths:
        for volume in volumes_in(path):
            if volume.info:
                sets.setdefault(volume.info.set_id, []).append(volume)
    return [gather(volumes, Monitor()) for volumes in sets.values()]


def tell_of_missing(sets: Iterable[SetAtHand], monitor: Monitor) -> None:
    """Note which volumes of these sets are not at hand; no more than that, as they may be elsewhere."""
    for hand in sets:
        if hand.missing:
            monitor.note(f"of {hand.info.name} these volumes are not here: {hand.labels(hand.missing)}")
        elif hand.last is None:
            monitor.note(f"of {hand.info.name} there are volumes after {hand.label(hand.known)} that are not here")
