"""Marking a disc of a stage as lost: files that are still watched are staged again, the others are named."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass

from pybackup.errors import UsageError
from pybackup.model.display import display
from pybackup.model.entry import Kind
from pybackup.options import values
from pybackup.options.stages import StageLostRequest
from pybackup.stage.state import StageState
from pybackup.stage.state_file import open_state, stage_lock
from pybackup.stage.values import DiscState, StagedCopy, StagedDisc

_MOST_ALIKE = 100  # files of one content that are looked for: one is enough


@dataclass(frozen=True, slots=True)
class LostFile:
    """A version of a file that was only on the lost disc, and is no longer in the watched directory."""

    path: bytes
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class DiscLoss:
    """What is lost with a disc.

    Attributes
    ----------
    elsewhere
        How many of its files are on other discs too.
    watched
        How many of the others are still in the watched directory: the next scan stages them again.
    gone
        The files that are in neither, and cannot be rebuilt; also those of discs that were lost before, and could be
        rebuilt until now.
    rebuildable
        The files that are in neither, but come back if the disc is rebuilt.
    rebuild_from
        The recovery discs that are needed for that, besides the other discs that they cover.
    """

    disc: str
    elsewhere: int
    watched: int
    gone: tuple[LostFile, ...]
    rebuildable: tuple[LostFile, ...] = ()
    rebuild_from: tuple[str, ...] = ()


def lose_disc(asked: StageLostRequest, *, dry_run: bool = False) -> DiscLoss:
    """Mark a disc as lost, as `pybackup.stage_lost` says."""
    staging = values.directory(asked.staging)
    with open_state(staging), stage_lock(staging), open_state(staging) as state:
        disc = _named(state, asked.disc)
        before = state.rebuilders()
        state.set_state(disc.number, DiscState.LOST)
        loss = _loss(state, disc, before.keys())
        if not dry_run:
            state.follow_lost_parts()
            state.commit()
        return loss


def _named(state: StageState, named: str) -> StagedDisc:
    for disc in state.discs():
        if named in (disc.name, str(disc.number)):
            if disc.state in (DiscState.OPEN, DiscState.CLOSING):
                raise UsageError(f"{disc.name}: is not closed yet; what is staged for it lies in the staging directory")
            return disc
    raise UsageError(f"{display(named.encode(errors='surrogateescape'))}: no disc of this stage")


def _loss(state: StageState, disc: StagedDisc, rebuildable: Collection[int]) -> DiscLoss:
    """Return what is lost; ``rebuildable`` are the lost discs that could be rebuilt before."""
    elsewhere, watched, files = _fates(state, disc.number)
    rebuilders = state.rebuilders()
    by = tuple(map(state.settings.disc_name, rebuilders.get(disc.number, ())))
    gone = [] if by else files
    for number in sorted({*rebuildable} - {disc.number} - rebuilders.keys()):
        gone += _fates(state, number)[2]
    return DiscLoss(disc.name, elsewhere, watched, tuple(gone), tuple(files) if by else (), by)


def _fates(state: StageState, disc: int) -> tuple[int, int, list[LostFile]]:
    """Return how many files of a lost disc are on other discs and still watched, and those that are neither."""
    elsewhere = watched = 0
    neither: list[LostFile] = []
    for copy in state.copies(disc):
        if _is_elsewhere(state, copy):
            elsewhere += 1
        elif _is_watched(state, copy):
            watched += 1
        else:
            neither.append(LostFile(copy.path, copy.size, copy.mtime_ns))
    return elsewhere, watched, neither


def _is_elsewhere(state: StageState, copy: StagedCopy) -> bool:
    """Whether a disc that is not lost has it: its content, or for links and empty files its path."""
    if copy.kind == Kind.FILE and copy.size:
        return state.sound_copy(copy.sha256) is not None
    there = (state.copy_at(number, copy.path) for number in state.numbers(*{*DiscState} - {DiscState.LOST}))
    return any(each is not None and (each.kind, each.sha256) == (copy.kind, copy.sha256) for each in there)


def _is_watched(state: StageState, copy: StagedCopy) -> bool:
    """Whether a file of this content was watched at the last scan, and is still there."""
    top = state.settings.watched
    for path, known in state.with_hash(copy.sha256, _MOST_ALIKE):
        try:
            status = os.stat(os.path.join(top, path), follow_symlinks=False)
        except OSError:
            continue
        if (status.st_size, status.st_mtime_ns) == (known.size, known.mtime_ns):
            return True
    return False
