"""Salvaging: every file that is left of a damaged image, whole or in part, and a verdict on each."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import overload

from pybackup.archive.selection import choose
from pybackup.container.read import open_listing, read_locator
from pybackup.container.relocate import relocate
from pybackup.errors import NotAnArchive
from pybackup.host.joined import Place, open_place
from pybackup.host.storage import ArchiveFile
from pybackup.host.workers import bounded_workers, make_executor, surviving
from pybackup.model.entry import Kind
from pybackup.model.extents import Extents
from pybackup.model.listing import FoundRows, Listing, Way
from pybackup.model.problem import Problem, Trouble
from pybackup.model.soundness import FAR_BYTES, Soundness
from pybackup.model.verdict import Fate, FileVerdict, UnnamedFile
from pybackup.monitor import Aside, Monitor, Once
from pybackup.tree.place import PlaceOptions, Target

from .partial import Ground, might_be_partial, whole
from .verdicts import Salvage, bare_members
from .whole import Where


@dataclass(frozen=True, slots=True)
class SalvageOptions:
    """How to salvage.

    Attributes
    ----------
    keep_partial
        Place what is right of a file that is not whole, as ``NAME.partial``.
    workers
        Processes; None for one a processor, 1 for none beside this one.
    """

    keep_partial: bool = True
    place: PlaceOptions = field(default_factory=PlaceOptions)
    workers: int | None = None


class Verdicts(Sequence[FileVerdict]):
    """The verdicts on all files of a listing, in tree order; those on intact ones are made when asked for."""

    def __init__(self, listing: Listing, told: Mapping[bytes, FileVerdict]) -> None:
        self._listing = listing
        self._told = told
        self._rows = array("q", (row for row, kind in enumerate(listing.rows.kinds) if kind == Kind.FILE))

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, number: int) -> FileVerdict: ...
    @overload
    def __getitem__(self, number: slice) -> list[FileVerdict]: ...
    def __getitem__(self, number: int | slice) -> FileVerdict | list[FileVerdict]:
        """Return the verdict of that number, or several."""
        if isinstance(number, slice):
            return [self[each] for each in range(*number.indices(len(self)))]
        row = self._rows[number]
        told = self._told.get(self._listing.paths[row])
        return told or whole(self._listing.stored(row).entry, Fate.INTACT)


@dataclass(frozen=True, slots=True)
class Salvaged:
    """What came of a salvage.

    Attributes
    ----------
    verdicts
        One for each file that is known by name.
    not_intact
        Those of them that are not `Fate.INTACT`, in tree order.
    counts
        How many files of each fate.
    n_bytes
        Right bytes of files with a name that are in place, holes included.
    plausible_bytes
        Bytes of partial files with a name that are in place, and that no checksum vouches for.
    unnamed
        Files found by their signature only, in ``lost+found``.
    unplaced
        Directories, links and all else without content that is not in its place.
    missing
        Entries that are not even known by name; None where nobody can tell how many.
    way
        The structure by which files were found; empty if none was left.
    damage
        What was found damaged on the way, in words.
    """

    verdicts: Sequence[FileVerdict]
    not_intact: Sequence[FileVerdict]
    counts: Mapping[Fate, int]
    n_bytes: int
    unnamed: Sequence[UnnamedFile]
    unplaced: Sequence[Problem]
    missing: int | None
    way: str
    damage: Sequence[str] = ()
    plausible_bytes: int = 0

    @property
    def complete(self) -> bool:
        """Whether everything is back."""
        whole = self.counts[Fate.INTACT] + self.counts[Fate.REPAIRED] == len(self.verdicts)
        return whole and self.missing == 0 and not self.unplaced

    @property
    def nothing(self) -> bool:
        """Whether nothing came back, though there was something."""
        # What the target did not take is there for another one.
        back = self.counts[Fate.LOST] < len(self.verdicts) or any(found.placed_as for found in self.unnamed)
        return not back and not self.complete and bool(self.verdicts or self.unnamed)


def salvage_files(
    image: Place,
    target: bytes,
    *,
    listing: Listing | None = None,
    soundness: Soundness,
    repaired: Extents,
    options: SalvageOptions,
    executor: Executor | None = None,
    monitor: Monitor,
) -> Salvaged:
    """Place every file of which something is left in ``image``; what is lost is named.

    Parameters
    ----------
    listing
        What is in it, where that is known already: of a set.
    soundness
        What is known of the bytes of the image.
    repaired
        Byte ranges that were damaged, and have been put right.
    executor
        Runs that instead of ``options.workers`` processes.

    Raises
    ------
    NotAnArchive
        Nothing in the image belongs to an archive.
    EnvironmentFailed
        The target cannot be written, or the workers died.
    """
    monitor = Once(monitor)
    heard = _Heard(monitor)
    with ExitStack() as stack:
        if executor is None:
            executor = stack.enter_context(make_executor(options.workers, monitor=heard))
        file = stack.enter_context(open_place(image))
        refusal = None
        if listing is None:
            listing, refusal = _listing(file, soundness)
        elif not soundness.is_proved:
            listing = relocate(file, listing)
        if refusal and not any(bare_members(file)):
            raise refusal
        place = stack.enter_context(Target(target, options.place, heard))
        # Behind the end of the image everything is lost.
        known = replace(soundness, bad=soundness.bad | Extents(((file.size, FAR_BYTES),)))
        reserved = frozenset(filter(might_be_partial, listing.paths))
        ground = Ground(Where(image, target, options.place), reserved, options.keep_partial)
        limit = 2 * bounded_workers(options.workers)
        entries = choose(listing, range(len(listing)))
        salvage = Salvage(
            ground, entries, place, executor, limit, monitor, file=file, soundness=known, repaired=repaired
        )
        monitor.begin("salvage", len(Verdicts(listing, {})), sum(stored.entry.size for stored in entries.of(Kind.FILE)))
        with surviving():
            salvage.run()
        monitor.end()
    for doubt in listing.doubts:
        monitor.problem(doubt)
    if not listing.complete:
        monitor.problem(Problem(b"", Trouble.LOST, listing.incompleteness))
    return _result(listing, salvage, heard, refusal)


def _listing(file: ArchiveFile, soundness: Soundness) -> tuple[Listing, NotAnArchive | None]:
    """What the image holds, nothing if it is no archive, and why it is none."""
    try:
        listing = open_listing(file)
    except NotAnArchive as error:
        return Listing((), FoundRows(()), Way.HEADERS, b"", None), error
    # Where checksums vouch for an archive from its first byte on, its members are where it says.
    in_place = soundness.is_proved and read_locator(file) is not None
    return (listing if in_place else relocate(file, listing)), None


def _result(listing: Listing, salvage: Salvage, heard: _Heard, refusal: NotAnArchive | None) -> Salvaged:
    verdicts = Verdicts(listing, salvage.told)
    counts = dict.fromkeys(Fate, 0)
    for told in salvage.told.values():
        counts[told.fate] += 1
    counts[Fate.INTACT] = len(verdicts) - sum(counts.values())
    rows = {path: row for row, path in enumerate(listing.paths)} if salvage.told else {}
    done = Salvaged(
        verdicts,
        sorted(salvage.told.values(), key=lambda verdict: rows[verdict.path]),
        counts,
        salvage.n_bytes,
        salvage.unnamed,
        [problem for problem in heard.refused if problem.path not in salvage.told],
        listing.missing,
        "" if refusal else listing.way.value,
        listing.damage,
        salvage.plausible_bytes,
    )
    if refusal and done.nothing:
        raise refusal
    return done


class _Heard(Aside):
    """Hands on what a target says, and keeps the problems of what it did not place."""

    def __init__(self, monitor: Monitor) -> None:
        super().__init__(monitor)
        self.refused: list[Problem] = []

    def problem(self, problem: Problem) -> None:
        """Keep and hand on a problem."""
        if problem.trouble is not Trouble.METADATA:
            self.refused.append(problem)
        super().problem(problem)
