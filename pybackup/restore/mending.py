"""Mending during a restoration: lost files are tried again from a mended archive before they are reported."""

from __future__ import annotations

import os
from collections.abc import Container, Mapping, Sequence
from contextlib import ExitStack
from functools import cached_property
from typing import TYPE_CHECKING

from pybackup.archive.archive import Archive
from pybackup.archive.find import FoundFile
from pybackup.archive.joined import volumes_of
from pybackup.archive.open import OpenArchive
from pybackup.archive.volume_set import VolumeSet
from pybackup.compress.unpack import decode
from pybackup.errors import EnvironmentFailed, FormatError
from pybackup.host.joined import open_place
from pybackup.host.storage import ArchiveFile
from pybackup.mend.copies import length_of
from pybackup.model.display import display
from pybackup.model.listing import Way
from pybackup.model.member import Stored
from pybackup.model.problem import Problem, Trouble
from pybackup.monitor import Monitor, Relay

from .run import phase_of_extract

if TYPE_CHECKING:
    from pybackup.mend.chain import ChainMender
    from pybackup.mend.mended import MendedArchive
    from pybackup.mend.mender import Mender

# At most so many files are named in an error.
_NAMED = 10


class Mending:
    """Mends the archive when files are lost; each way of mending is tried once.

    Attributes
    ----------
    worn
        What was found damaged or lost: the name of the archive, or labels of volumes.
    failure
        Why temporary files could not be written; None if they could.
    """

    def __init__(self, archive: OpenArchive, work_dir: bytes, stack: ExitStack, monitor: Monitor) -> None:
        self._work_dir, self._stack = work_dir, stack
        self._archive, self._monitor = archive, monitor
        self._volume_set, self._unclear = archive.volume_set, archive.unclear
        self._is_across = False
        self.worn: list[str] = []
        self.failure: EnvironmentFailed | None = None

    @cached_property
    def _mender(self) -> Mender:
        # Imported late: an archive that is whole needs none of it, and all of it takes a tenth of the time to start.
        from pybackup.mend.mender import Mender

        then = [phase_of_extract(length_of(self._archive.path))]
        return Mender(self._work_dir, self._stack, self._monitor, then=then)

    @cached_property
    def _chain(self) -> ChainMender:
        from pybackup.mend.chain import ChainMender

        return ChainMender(self._mender, self._archive, self._monitor)

    def check(self, left: Sequence[bytes]) -> None:
        """Raise the failure, if there was one, with the files that could not be mended for it: they may not be lost."""
        if self.failure is None:
            return
        words = f"the archive is damaged, and could not be mended: {self.failure}"
        if left:
            names = ", ".join(display(path) for path in left[:_NAMED])
            more = f" and {len(left) - _NAMED:,} more" if len(left) > _NAMED else ""
            words += f"\nnot restored, and perhaps not lost: {names}{more}"
        raise EnvironmentFailed(words) from self.failure

    def first_view(self) -> Archive:
        """Return the archive to be read first: a mended one if entries or whole volumes are missing."""
        archive, volume_set = self._archive, self._volume_set
        is_short = volume_set is not None and volume_set.missing and volume_set.recovery
        if archive.unclear or not archive.listing.complete or is_short:
            return self.better(archive, ()) or archive
        return archive

    def better(self, view: Archive, hurt: Sequence[Stored]) -> Archive | None:
        """Return a mended archive; None if mending brings nothing more, or fails (see `check`).

        Parameters
        ----------
        hurt
            Files whose content is damaged.
        """
        if hurt and all(self._lacks_base(stored) for stored in hurt):
            return None  # none of it is damaged
        try:
            if self._archive.earlier:
                found = self._of_chain(self._chain, view, hurt)
            elif self._volume_set is None:
                found = self._single()
            else:
                found = self._of_set(view, self._volume_set, hurt)
        except EnvironmentFailed as error:
            self.failure = error
            return None
        if found is None:
            return None
        self.worn += [label for label in found.worn if label not in self.worn]
        if found.volume_set:
            self._volume_set, self._unclear = found.volume_set, ()
        return None if found.refusal else found

    def _lacks_base(self, stored: Stored) -> bool:
        """Whether nothing but an earlier archive, of which none was named, brings a file back."""
        return bool(stored.base_digest) and stored.base is None and self._archive.earlier is None

    def _single(self) -> MendedArchive:
        return self._mender.single(self._archive.path)

    def _of_chain(self, mender: ChainMender, view: Archive, hurt: Sequence[Stored]) -> MendedArchive | None:
        own = self._volume_set
        dark = {number for number in own.missing if own.recovery} if own else set()
        return mender.better(view, _damaged_volumes(view, hurt) | dark)

    def _of_set(self, view: Archive, volume_set: VolumeSet, hurt: Sequence[Stored]) -> MendedArchive | None:
        files = [*volume_set.files, *map(FoundFile, self._unclear)]
        if self._is_across:
            return None  # other copies, and own parity, were taken then
        if volume_set.recovery:
            where = os.fsdecode(self._mender.work_dir)
            self._monitor.note(f"{volume_set.info.name}: rebuilding what is lost or damaged in {where}")
            restored = self._mender.across(files)
            if restored:
                self._is_across = True
                return restored
        dark = {number for number, volume in volume_set.data.items() if volume.listing.way is not Way.TREE}
        return self._mender.better(files, _damaged_volumes(view, hurt) | dark, volume_set)


class HeldLosses(Relay):
    """A monitor that holds back losses, which mending may undo; while there are any, the stage is not ended.

    Attributes
    ----------
    told
        How many problems were passed on.
    links
        The target of each hard link by its path; a link to a lost file comes back together with it.
    """

    def __init__(self, monitor: Monitor) -> None:
        super().__init__(monitor)
        self.told = 0
        self.links: Mapping[bytes, bytes] = {}
        self._held: list[Problem] = []

    @property
    def lost(self) -> set[bytes]:
        """The paths of lost files in the target."""
        return {problem.path for problem in self._held}

    def problem(self, problem: Problem) -> None:
        """Hold back a loss, pass anything else on."""
        is_link = problem.trouble is Trouble.REFUSED and self.links.get(problem.path) in self.lost
        if (problem.trouble is Trouble.LOST and problem.path) or is_link:
            self._held.append(problem)
        else:
            self.told += 1
            self._monitor.problem(problem)

    def end(self) -> None:
        """Pass on the end of the stage if nothing is lost; else that is for `end_for_good`."""
        if not self._held:
            self._monitor.end()

    def end_for_good(self) -> None:
        """End the stage, as what is still lost cannot be mended."""
        self._monitor.end()

    def take(self) -> set[bytes]:
        """Return the paths of lost files, and forget them, as they are tried again."""
        lost = self.lost
        self._held = []
        return lost

    def release(self, paths: Container[bytes]) -> None:
        """Report the losses of these paths."""
        for problem in self._held:
            if problem.path in paths:
                self._monitor.problem(problem)


def _damaged_volumes(view: Archive, hurt: Sequence[Stored]) -> set[int]:
    """Return the numbers of the volumes in which content is damaged; a file may be divided over several."""
    found: set[int] = set()
    with open_place(view.place) as file:
        for stored in hurt:
            on = volumes_of([stored], spares=True)
            bad = {number for number in on - found if _is_hurt(file, stored, number)}
            # If all of it can be decoded now, the drive had failed to read some of it before.
            found |= bad if bad or on & found else on
    return found


def _is_hurt(file: ArchiveFile, stored: Stored, number: int) -> bool:
    """Whether any segment of a file on a volume cannot be decoded."""
    for member in (*stored.members, *stored.spares):
        if volumes_of([stored._replace(members=(member,), spares=())]) == {number}:
            try:
                for _ in decode(file, member):
                    pass
            except (FormatError, OSError):
                return True
    return False
