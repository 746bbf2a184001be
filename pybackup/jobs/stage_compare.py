"""Comparing the archives of a disc with what was staged, and entering which of them has which files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pybackup.archive.find import Volume, volumes_in
from pybackup.model.display import display
from pybackup.model.entry import Kind
from pybackup.model.filed import Filed, filed_of
from pybackup.model.problem import Problem, Trouble
from pybackup.monitor import Monitor
from pybackup.stage.state import StageState
from pybackup.stage.values import DiscState, StagedCopy, StagedDisc

_Held = list[tuple[int, Filed]]  # where a file is: the number of its archive from 0, and the entry there


def enter_archives(state: StageState, disc: StagedDisc, paths: Sequence[bytes], monitor: Monitor) -> None:
    """Compare archives with the hashes that files had when they were staged, and enter them; commit.

    What differs is staged again. Of several archives, which are a set, each is entered as a disc that is being closed.
    """
    volumes = [next(volumes_in(path)) for path in paths]
    for number, volume in enumerate(volumes):
        _enter(state, disc, disc.number + number, volume)
    held: dict[bytes, _Held] = {}
    for number, volume in enumerate(volumes):
        for filed in filed_of(volume.listing.rows, volume.listing.paths):
            held.setdefault(filed.path, []).append((number, filed))
    for copy in list(state.copies(disc.number)):
        where = held.get(copy.path, [])
        if _is_as_staged(copy, [filed for _, filed in where]):
            _place(state, copy, where, monitor)
            continue
        state.remove_copy(copy)
        state.forget_content(copy.sha256)
        reason = "is not what was staged: the next scan stages it again" if where else "is missing: staged again"
        monitor.problem(Problem(copy.path, Trouble.DIFFERENT, reason))
    state.commit()


def _is_as_staged(copy: StagedCopy, there: Sequence[Filed]) -> bool:
    if not there or copy.kind != Kind.FILE:
        return bool(there)
    # The archive has another kind of hash for sparse files. They were verified when the archive was made.
    if any(filed.sparse for filed in there):
        return True
    is_whole = sum(filed.parts_here for filed in there) == there[-1].parts
    return is_whole and there[-1].sha256 == copy.sha256  # only the last part has the hash of all


def _enter(state: StageState, first: StagedDisc, number: int, volume: Volume) -> None:
    if number > first.number:
        name = state.settings.disc_name(number)
        new = replace(first, number=number, name=name, state=DiscState.CLOSING, files=0, content_bytes=0, used_bytes=0)
        state.take_disc(new)
    state.set_archive(number, volume.listing.archive_id, volume.listing.digest)
    if volume.info is not None:
        state.set_volume(number, volume.info.set_id, volume.info.number, is_last=volume.info.last)


def _place(state: StageState, copy: StagedCopy, where: _Held, monitor: Monitor) -> None:
    """Record on which of the discs a file is."""
    discs = [copy.disc + number for number, _ in where]
    if discs[0] != copy.disc:
        state.move_to_disc(copy, discs[0])
    if len(where) == 1:
        return
    for number, filed in where:
        state.add_part(copy.id, copy.disc + number, filed.first_part, filed.parts_here, filed.parts)
    named = [state.settings.disc_name(number) for number in (discs[0], discs[-1])]
    monitor.note(f"{display(copy.path)}: is on the discs {' to '.join(named)}, and needs all of them")
