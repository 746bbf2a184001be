"""Extracting with all there is: what damage cost is brought back by parity, other copies and recovery volumes."""

from __future__ import annotations

import os
from collections.abc import Container, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from tempfile import gettempdir

from pybackup.archive.archive import Archive
from pybackup.archive.find import FoundFile, Volume
from pybackup.archive.joined import volumes_of
from pybackup.archive.open import OpenArchive
from pybackup.archive.volume_set import SetAtHand
from pybackup.compress.unpack import decode
from pybackup.container.read import open_listing
from pybackup.container.relocate import relocate
from pybackup.errors import EnvironmentFailed, FormatError, UsageError
from pybackup.host.joined import open_place
from pybackup.host.storage import ArchiveFile
from pybackup.mend.mender import Mended, Mender
from pybackup.model.display import display
from pybackup.model.member import Stored
from pybackup.model.problem import Problem, Trouble
from pybackup.model.verdict import Fate
from pybackup.monitor import Monitor, Once, Relay
from pybackup.restore.content import read_content
from pybackup.restore.plan import RestoreOptions, RestorePlan, plan_restore, plan_rows
from pybackup.restore.result import Restored
from pybackup.restore.run import run

# Files that an error names.
_NAMED = 10


@dataclass(frozen=True, slots=True)
class Extracted:
    """What came of an extraction, and the plan it went by.

    Attributes
    ----------
    files, n_bytes
        Files in place, and their bytes.
    unplaced
        How many files of the plan are not.
    way, complete
        Of the listing: by which structure files were found, and whether all of them are known.
    mended
        Files that came back only after the archive had been mended.
    worn
        What is damaged or lost of it, in words: the archive, or volumes of a set.
    """

    plan: RestorePlan
    files: int
    n_bytes: int
    unplaced: int
    way: str
    complete: bool
    mended: int = 0
    worn: Sequence[str] = ()


def restore(
    archive: OpenArchive,
    patterns: Sequence[bytes],
    target: bytes,
    options: RestoreOptions,
    *,
    work_dir: bytes | None = None,
    executor: Executor | None = None,
    monitor: Monitor,
) -> Extracted:
    """Extract what matches; where damage would cost any of it, mend the archive in a temporary file and take that.

    Parameters
    ----------
    work_dir
        Where the mended archive lies meanwhile; None for beside the target. It takes as much space as the volumes
        that are damaged.

    Raises
    ------
    UsageError, EnvironmentFailed
        As `plan_restore` and `run`; what is damaged could not be mended where temporary files go. All that
        is not damaged is restored by then.
    """
    where = work_dir if work_dir is not None else os.path.dirname(os.path.abspath(target))
    monitor = Once(monitor)
    with ExitStack() as stack:
        mending = _Mending(archive, where, stack, monitor)
        held = _Held(monitor)
        view: Archive = archive
        hand = archive.hand
        if archive.unclear or not archive.listing.complete or (hand and hand.missing and hand.recovery):
            view = mending.better(archive, ()) or archive
        try:
            plan = plan_restore(view, patterns, target, options)
        except UsageError:
            mending.check(())  # what is not found may be what could not be mended
            raise
        done = run(plan, executor=executor, monitor=held)
        if not held.lost:
            if held.told:
                mending.check(())
            return _extracted(plan, mending.worn, done)
        hurt = [stored for stored in plan.entries if stored.entry.path in held.lost]
        better = None if mending.failure else mending.better(view, hurt)
        if better is None:
            mending.check(sorted(held.lost))
            held.release(held.lost)
            return _extracted(plan, mending.worn, done)
        rows = [row for row, path in enumerate(better.listing.paths) if _stripped(path, options) in held.lost]
        again = plan_rows(better, rows, (b"",), target, options)
        held.release(set(held.lost) - {stored.entry.path for stored in again.entries})
        second = run(again, executor=executor, monitor=monitor)
        return _extracted(plan, mending.worn, done, second)


def content(archive: OpenArchive, path: bytes, *, work_dir: bytes | None = None, monitor: Monitor) -> Iterator[bytes]:
    """Yield the content of one file; where a segment is lost, mend the archive in a temporary file and go on there.

    Parameters
    ----------
    work_dir
        Where the mended archive lies meanwhile; None for where the system has its temporary files.

    Raises
    ------
    UsageError, Damaged
        As `read_content`.
    EnvironmentFailed
        What is damaged could not be mended where temporary files go.
    """
    with ExitStack() as stack:
        mending = _Mending(archive, work_dir if work_dir is not None else os.fsencode(gettempdir()), stack, monitor)

        def mend(stored: Stored) -> Archive | None:
            better = mending.better(archive, [stored])
            mending.check([stored.entry.path])
            return better

        yield from read_content(archive, path, mend=mend)


class _Mending:
    """Asks for a better archive where something is lost; each thing that can be done is done once.

    Attributes
    ----------
    worn
        What was found damaged or lost meanwhile: the archive's name, or labels of volumes.
    failure
        Why temporary files could not be written; None where they could.
    """

    def __init__(self, archive: OpenArchive, work_dir: bytes, stack: ExitStack, monitor: Monitor) -> None:
        self._mender = Mender(work_dir, stack, monitor)
        self._archive, self._monitor = archive, monitor
        self._hand, self._unclear = archive.hand, archive.unclear
        self._is_across = False
        self.worn: list[str] = []
        self.failure: EnvironmentFailed | None = None

    def check(self, left: Sequence[bytes]) -> None:
        """Raise the failure, if there was one, with the damaged files that are left for it: they may not be lost."""
        if self.failure is None:
            return
        words = f"the archive is damaged, and could not be mended: {self.failure}"
        if left:
            names = ", ".join(display(path) for path in left[:_NAMED])
            more = f" and {len(left) - _NAMED:,} more" if len(left) > _NAMED else ""
            words += f"\nnot restored, and perhaps not lost: {names}{more}"
        raise EnvironmentFailed(words) from self.failure

    def better(self, view: Archive, hurt: Sequence[Stored]) -> Archive | None:
        """Return the archive mended; None where that brings nothing, or fails: see `check`.

        Parameters
        ----------
        hurt
            Files whose content is damaged.
        """
        try:
            found = self._single() if self._hand is None else self._of_set(view, self._hand, hurt)
        except EnvironmentFailed as error:
            self.failure = error
            return None
        if found is None:
            return None
        self.worn += [label for label in found.worn if label not in self.worn]
        if found.hand:
            self._hand, self._unclear = found.hand, ()
        listing = found.listing
        if listing is None:
            with open_place(found.place) as file:
                try:
                    # In an image whose start is lost nobody knows where the archive begins.
                    listing = relocate(file, open_listing(file))
                except FormatError:
                    return None
        return Archive(found.place, listing, found.hand)

    def _single(self) -> Mended | None:
        return self._mender.single(self._archive.path)

    def _of_set(self, view: Archive, hand: SetAtHand, hurt: Sequence[Stored]) -> Mended | None:
        files = [*_files_of(hand), *map(FoundFile, self._unclear)]
        if hand.recovery and not self._is_across:
            self._is_across = True
            where = os.fsdecode(self._mender.work_dir)
            self._monitor.note(f"{hand.info.name}: rebuilding what is lost or damaged in {where}")
            restored = self._mender.across(files)
            if restored:
                return restored
        return self._mender.better(files, _damaged_volumes(view, hurt), hand)


def _files_of(hand: SetAtHand) -> Iterator[FoundFile]:
    """The files that the volumes of a set lie in."""
    volumes: dict[bytes, list[Volume]] = {}
    for volume in (*hand.data.values(), *hand.recovery.values(), *hand.copies):
        volumes.setdefault(volume.path, []).append(volume)
    for path, there in volumes.items():
        yield FoundFile(path, there)


class _Held(Relay):
    """Hands on all but losses, which may be none in the end.

    Attributes
    ----------
    told
        How many problems were handed on.
    """

    def __init__(self, monitor: Monitor) -> None:
        super().__init__(monitor)
        self.told = 0
        self._held: list[Problem] = []

    @property
    def lost(self) -> set[bytes]:
        """Paths of what is lost, as they are in the target."""
        return {problem.path for problem in self._held}

    def problem(self, problem: Problem) -> None:
        """Keep a loss, hand on anything else."""
        if problem.trouble is Trouble.LOST and problem.path:
            self._held.append(problem)
        else:
            self.told += 1
            self._monitor.problem(problem)

    def release(self, paths: Container[bytes]) -> None:
        """Hand on the losses of these paths."""
        for problem in self._held:
            if problem.path in paths:
                self._monitor.problem(problem)


def _damaged_volumes(view: Archive, hurt: Sequence[Stored]) -> set[int]:
    """Numbers of the volumes that are to blame: of a file that goes on over several it may be one of them."""
    found: set[int] = set()
    with open_place(view.place) as file:
        for stored in hurt:
            on = volumes_of([stored], spares=True)
            bad = {number for number in on - found if _is_hurt(file, stored, number)}
            # Where all of it can be decoded now, the drive could not read some of it before.
            found |= bad if bad or on & found else on
    return found


def _is_hurt(file: ArchiveFile, stored: Stored, number: int) -> bool:
    """Whether any of the segments that lie on a volume cannot be decoded."""
    for member in (*stored.members, *stored.spares):
        if volumes_of([replace(stored, members=(member,), spares=())]) == {number}:
            try:
                for _ in decode(file, member):
                    pass
            except (FormatError, OSError):
                return True
    return False


def _stripped(path: bytes, options: RestoreOptions) -> bytes:
    return b"/".join(path.split(b"/")[options.strip_components :])


def _extracted(plan: RestorePlan, worn: Sequence[str], first: Restored, second: Restored | None = None) -> Extracted:
    """What came of it, the second time of a mended archive."""
    files, n_bytes, mended = first.files, first.n_bytes, first.counts[Fate.REPAIRED]
    if second:
        files, n_bytes, mended = files + second.files, n_bytes + second.n_bytes, mended + second.files
    way, complete = plan.listing.way.value, plan.listing.complete
    return Extracted(plan, files, n_bytes, plan.files - files, way, complete, mended, worn)
