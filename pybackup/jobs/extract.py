"""Extracting with all there is: what damage cost is brought back by parity, other copies and recovery volumes."""

from __future__ import annotations

import os
from collections.abc import Container, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from tempfile import gettempdir

from pybackup.archive.by_headers import by_headers
from pybackup.archive.find import Volume, volumes_in
from pybackup.archive.joined import joined, volumes_of
from pybackup.archive.open import OpenArchive
from pybackup.archive.volume_set import SetAtHand, gather
from pybackup.compress.unpack import decode
from pybackup.container.read import open_listing
from pybackup.container.relocate import relocate
from pybackup.errors import EnvironmentFailed, FormatError, UsageError
from pybackup.host.joined import Place, open_place
from pybackup.host.storage import ArchiveFile
from pybackup.mend.best_image import Image, best_image
from pybackup.mend.copies import open_copies
from pybackup.model.listing import Listing
from pybackup.model.member import Stored
from pybackup.model.problem import Problem, Trouble
from pybackup.model.source import shown
from pybackup.monitor import Aside, Monitor, Relay
from pybackup.restore.extract import (
    Archive,
    Extracted,
    ExtractOptions,
    ExtractPlan,
    perform_extract,
    plan_extract,
    plan_rows,
    read_content,
)

from .stand_ins import stand_ins

# Files that an error names.
_NAMED = 10


def _can_be_rebuilt(hand: SetAtHand | None) -> bool:
    return hand is not None and bool(hand.missing) and bool(hand.recovery)


@dataclass(frozen=True, slots=True)
class View:
    """An archive as it is when it has been mended, in part in temporary files."""

    place: Place
    listing: Listing
    hand: SetAtHand | None


@dataclass(frozen=True, slots=True)
class Restored:
    """What came of an extraction, and the plan it went by.

    Attributes
    ----------
    mended
        Files that came back only after the archive had been mended.
    worn
        What is damaged or lost of it, in words: the archive, or volumes of a set.
    """

    plan: ExtractPlan
    done: Extracted
    mended: int = 0
    worn: Sequence[str] = ()


def restore(
    archive: OpenArchive,
    patterns: Sequence[bytes],
    target: bytes,
    options: ExtractOptions,
    *,
    work_dir: bytes | None = None,
    executor: Executor | None = None,
    monitor: Monitor,
) -> Restored:
    """Extract what matches; where damage would cost any of it, mend the archive in a temporary file and take that.

    Parameters
    ----------
    work_dir
        Where the mended archive lies meanwhile; None for beside the target. It takes as much space as the volumes
        that are damaged.

    Raises
    ------
    UsageError, EnvironmentFailed
        As `plan_extract` and `perform_extract`; what is damaged could not be mended where temporary files go. All that
        is not damaged is restored by then.
    """
    where = work_dir if work_dir is not None else os.path.dirname(os.path.abspath(target))
    with ExitStack() as stack:
        mender = _Mender(where, stack, monitor)
        held = _Held(monitor)
        view: Archive = archive
        if archive.unclear or not archive.listing.complete or _can_be_rebuilt(archive.hand):
            view = mender.mend(archive, archive.hand, archive.path, archive.unclear, ()) or archive
        try:
            plan = plan_extract(view, patterns, target, options, held)
        except UsageError:
            mender.check(())  # what is not found may be what could not be mended
            raise
        done = perform_extract(plan, executor=executor, monitor=held)
        if not held.lost:
            if held.told:
                mender.check(())
            return Restored(plan, done, done.spared, mender.worn)
        hurt = [stored for stored in plan.entries if stored.entry.path in held.lost]
        hand = view.hand if isinstance(view, View) else archive.hand
        better = None if mender.failure else mender.mend(view, hand, archive.path, (), hurt)
        if better is None:
            mender.check(sorted(held.lost))
            held.release(held.lost)
            return Restored(plan, done, done.spared, mender.worn)
        rows = [row for row, path in enumerate(better.listing.paths) if _stripped(path, options) in held.lost]
        again = plan_rows(better, rows, (b"",), target, options)
        held.release(set(held.lost) - {stored.entry.path for stored in again.entries})
        second = perform_extract(again, executor=executor, monitor=monitor)
        return Restored(plan, _sum(done, second), done.spared + second.files, mender.worn)


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
        mender = _Mender(work_dir if work_dir is not None else os.fsencode(gettempdir()), stack, monitor)

        def mend(stored: Stored) -> Archive | None:
            better = mender.mend(archive, archive.hand, archive.path, archive.unclear, [stored])
            mender.check([stored.entry.path])
            return better

        yield from read_content(archive, path, mend=mend)


class _Mender:
    """Makes the best of an archive or of the volumes of a set; temporary files last as long as the stack.

    Attributes
    ----------
    worn
        What was found damaged or lost meanwhile: the archive's name, or labels of volumes.
    failure
        Why temporary files could not be written; None where they could.
    """

    def __init__(self, work_dir: bytes, stack: ExitStack, monitor: Monitor) -> None:
        self._work_dir = work_dir
        self._stack = stack
        self._monitor = monitor
        self.worn: list[str] = []
        self.failure: EnvironmentFailed | None = None

    def check(self, left: Sequence[bytes]) -> None:
        """Raise the failure, if there was one, with the damaged files that are left for it: they may not be lost."""
        if self.failure is None:
            return
        words = f"the archive is damaged, and could not be mended: {self.failure}"
        if left:
            names = ", ".join(shown(path) for path in left[:_NAMED])
            more = f" and {len(left) - _NAMED:,} more" if len(left) > _NAMED else ""
            words += f"\nnot restored, and perhaps not lost: {names}{more}"
        raise EnvironmentFailed(words) from self.failure

    def mend(
        self, view: Archive, hand: SetAtHand | None, path: bytes, unclear: Sequence[bytes], hurt: Sequence[Stored]
    ) -> View | None:
        """Return the archive mended; None where that brings nothing, or fails: see `check`.

        Parameters
        ----------
        unclear
            Damaged files that are volumes of the set.
        hurt
            Files whose content is damaged.
        """
        try:
            return self._single(path) if hand is None else self._set(view, hand, unclear, hurt)
        except EnvironmentFailed as error:
            self.failure = error
            return None

    def _single(self, path: bytes) -> View | None:
        image = self._image([path])
        if image.path == path:
            return None
        self._wear(os.fsdecode(path))
        found = list(volumes_in(image.path))
        if found and found[0].info is None:
            return View((found[0].part(),), found[0].listing, None)
        if found:
            hand = gather(found, self._monitor)
            return View(*joined(hand), hand)
        with open_place(image.place) as file:
            try:
                # In an image whose start is lost nobody knows where the archive begins.
                return View(image.place, relocate(file, open_listing(file)), None)
            except FormatError:
                return None

    def _set(self, view: Archive, hand: SetAtHand, unclear: Sequence[bytes], hurt: Sequence[Stored]) -> View | None:
        if hand.recovery and (unclear or hurt or hand.missing):
            return self._rebuilt(hand, unclear)
        numbers = _damaged_volumes(view, hurt)
        volumes: list[Volume] = []
        better = False
        for volume in (*hand.data.values(), *hand.recovery.values()):
            blamed = (
                volume.info is not None
                and hand.data.get(volume.info.number) is volume
                and volume.info.number in numbers
            )
            mended = list(self._mended(volume, hand)) if blamed else []
            better |= bool(mended)
            if mended and volume.info:
                self._wear(volume.info.label)
            volumes += mended or [volume]
        for path in unclear:
            mended = self._told(path, hand)
            better |= bool(mended)
            self._wear(*(found.info.label for found in mended if found.info))
            volumes += mended
        if not better:
            return None
        found = gather(volumes, Aside(self._monitor))
        return View(*joined(found), found)

    def _rebuilt(self, hand: SetAtHand, unclear: Sequence[bytes]) -> View:
        """The set with what its recovery volumes bring back, own parity and other copies taken first."""
        at_hand = (*hand.data.values(), *hand.recovery.values(), *hand.copies)
        paths = list(dict.fromkeys([*(volume.path for volume in at_hand), *unclear]))
        self._monitor.note(f"{hand.info.name}: rebuilding what is lost or damaged in {os.fsdecode(self._work_dir)}")
        whole = self._stack.enter_context(stand_ins(paths, self._work_dir, self._monitor))
        # A volume that was given and could not be made whole is there twice: the better one comes last.
        volumes = [volume for path in reversed(whole) for volume in volumes_in(path) if volume.info]
        found = gather([*volumes, *hand.recovery.values()], Monitor())
        made = [number for number, volume in sorted(found.data.items()) if volume.path not in paths]
        self._wear(*map(hand.label, made))
        return View(*joined(found), found)

    def _wear(self, *labels: str) -> None:
        self.worn += [label for label in labels if label not in self.worn]

    def _mended(self, volume: Volume, hand: SetAtHand) -> Iterator[Volume]:
        copies = [copy.path for copy in hand.copies if copy.info == volume.info]
        image = self._image(list(dict.fromkeys([volume.path, *copies])))
        if image.path != volume.path:
            yield from (found for found in volumes_in(image.path) if found.info == volume.info)

    def _told(self, path: bytes, hand: SetAtHand) -> list[Volume]:
        """The volume in a file that does not tell which it is: it does when it is mended, or its headers do."""
        image = self._image([path])
        found = [volume for volume in volumes_in(image.path) if volume.info]
        if not found and image.path:
            found = [volume for volume in [by_headers(image.part(), hand.info)] if volume]
        return found

    def _image(self, paths: Sequence[bytes]) -> Image:
        given = self._stack.enter_context(open_copies(paths))
        words = f"{os.fsdecode(paths[0])}: damaged; mending a copy of it in {os.fsdecode(self._work_dir)}"
        return self._stack.enter_context(best_image(given, self._work_dir, self._monitor, words=words))


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


def _stripped(path: bytes, options: ExtractOptions) -> bytes:
    return b"/".join(path.split(b"/")[options.strip_components :])


def _sum(first: Extracted, second: Extracted) -> Extracted:
    return replace(
        first,
        files=first.files + second.files,
        n_bytes=first.n_bytes + second.n_bytes,
        unplaced=first.unplaced - second.files,
        spared=first.spared + second.spared,
    )
