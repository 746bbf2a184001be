"""What a page or a picture shows: the parts of a survey, and what a reader of it needs to know about them."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pyactivity.description import Carrier, describe
from pyactivity.model import Files
from pyactivity.selection import relative, selection_root
from pyactivity.survey import ACTIVITY, EPOCH, FUTURE, STREAM, Part, Survey

# Before that no file system that people still hold kept times: they are of clocks that were not set.
_FIRST_NS = 315_619_200 * 10**9  # 1980-01-02, a day after FAT's first, whatever the time zone
_MARKS = {FUTURE: "in the future", EPOCH: "no time", STREAM: "arrives by itself"}


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """Files in parts.

    survey    what was scanned, and how it groups
    parts     those that are shown, newest first
    root      absolute path at or above every directory that was scanned
    archived  (n,) bool, which of all files are in an archive; None where no archive was asked
    """

    survey: Survey
    parts: tuple[Part, ...]
    root: bytes
    archived: NDArray[np.bool_] | None = None

    @property
    def files(self) -> Files:
        """All files that were scanned."""
        return self.survey.scan.files

    @property
    def times_ns(self) -> NDArray[np.int64]:
        """(n,) int64, the time of each file by which it was grouped."""
        return self.files.times_ns(self.survey.by)

    def members(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """All files that are in a part, part after part, and the number of the part of each."""
        if not self.parts:
            return np.zeros(0, np.intp), np.zeros(0, np.intp)
        lengths = [len(part.members) for part in self.parts]
        return np.concatenate([part.members for part in self.parts]), np.repeat(np.arange(len(lengths)), lengths)

    def on_axis(self) -> NDArray[np.bool_]:
        """Which parts have a place on an axis of time: not those of a clock that was not set, nor of the future."""
        times_ns = self.times_ns
        dated = [part.kind in (ACTIVITY, STREAM) for part in self.parts]
        first_ns = [times_ns[part.members[0]] for part in self.parts]
        return np.array(dated, np.bool_) & (np.array(first_ns, np.int64) >= _FIRST_NS)

    def by_hand(self) -> NDArray[np.bool_]:
        """Which of `members` neither came in bulk nor arrived by themselves: (m,) bool."""
        members, group = self.members()
        arriving = np.array([part.kind == STREAM for part in self.parts], np.bool_)
        without: NDArray[np.bool_] = ~self.survey.bulk[members]
        return without & ~arriving[group] if len(group) else without

    def bulk_of(self, number: int) -> tuple[Carrier, ...]:
        """The bulk events of the part of that number in `parts`."""
        members, bulk = self.parts[number].members, self.survey.bulk
        if not bulk[members].any():
            return ()
        group = describe(self.files, members[bulk[members]], by=self.survey.by, bulk=bulk)
        return tuple(carrier for carrier in group.carriers if carrier.bulk)

    def mark(self, number: int) -> str:
        """A word or two about a part, empty for a person's work: "unpacked", "in the future", "arrives by itself"."""
        part = self.parts[number]
        if part.kind in _MARKS:
            return _MARKS[part.kind]
        if self.survey.bulk[part.members].all():
            return next((carrier.bulk for carrier in self.bulk_of(number)), "")
        return ""

    def below(self, path: bytes) -> bytes:
        """A path as it was scanned, relative to the root; empty for the root."""
        return relative(self.root, path)


def report_of(
    survey: Survey,
    directories: Iterable[str | bytes],
    parts: Iterable[Part],
    archived: NDArray[np.bool_] | None = None,
) -> Report:
    """A report of a survey of these directories. Raises BadValue when there are none."""
    return Report(survey, tuple(parts), selection_root(directories), archived)
