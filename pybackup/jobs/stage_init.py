"""Making a stage, also one that was lost, from the history on its discs."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from pybackup.archive.suffixes import IMAGE_SUFFIX
from pybackup.errors import UsageError
from pybackup.host.environment import make_directory
from pybackup.model.carried import Carried
from pybackup.model.catalogued import MediumState, VolumeSort
from pybackup.model.display import display
from pybackup.model.entry import Kind, directories_above
from pybackup.model.filed import Filed
from pybackup.monitor import Monitor
from pybackup.options import values
from pybackup.options.stages import StageInitRequest
from pybackup.stage.cost import cost_of
from pybackup.stage.state import STATE, StageState
from pybackup.stage.state_file import make_state, open_state, stage_lock
from pybackup.stage.values import (
    DiscState,
    KnownFile,
    StagedCopy,
    StagedDisc,
    StageSettings,
)

from .stage_carried import carried_on
from .stage_history import IMAGES
from .stage_settings import settings_of, staging_of


def make_stage(asked: StageInitRequest, monitor: Monitor) -> StageSettings:
    """Make a stage, as `pybackup.stage_init` says."""
    settings, staging = settings_of(asked), staging_of(asked)
    make_directory(staging)
    with stage_lock(staging), make_state(staging, settings) as state:
        discs = values.paths(asked.from_disc)
        if discs:
            _take_from(state, settings, discs, monitor)
    return settings


def make_or_change(asked: StageInitRequest, monitor: Monitor) -> StageSettings:
    """Make a stage, or change the settings of an existing one.

    Raises
    ------
    UsageError
        The existing stage is of another directory, or its discs have another name.
    """
    staging = staging_of(asked)
    if not os.path.lexists(os.path.join(staging, STATE)):
        return make_stage(asked, monitor)
    settings = settings_of(asked)
    with open_state(staging), stage_lock(staging), open_state(staging) as state:
        was = state.settings
        if (was.watched, was.name) != (settings.watched, settings.name):
            raise UsageError(
                f"{display(staging)}: is the stage of {display(was.watched)} with discs called {was.name}; "
                "choose another directory for this one"
            )
        settings = replace(settings, mounted=was.mounted)
        if settings != was:
            state.save(settings)
            state.commit()
    return settings


def _take_from(state: StageState, settings: StageSettings, paths: Sequence[bytes], monitor: Monitor) -> None:
    """Enter the history that discs carry: all discs with their files, and the watched files of the newest disc."""
    named = re.compile(re.escape(settings.name) + r"-(\d{4,})")
    found: dict[int, bytes] = {}  # the path of each disc by its number, which is the highest in its history
    for path in paths:
        with carried_on(path) as volumes:
            numbers = [int(match[1]) for each in volumes if (match := named.fullmatch(each.volume.new.name))]
        if not numbers:
            raise UsageError(f"{display(path)}: lists no disc with a name like {settings.name}-0001")
        found[max(numbers)] = path
    newest = max(found)
    covers: dict[int, Sequence[bytes]] = {}
    for _, path in sorted(found.items(), reverse=True):
        with carried_on(path) as volumes:
            for carried in volumes:
                match = named.fullmatch(carried.volume.new.name)
                new = carried.volume.new
                if match and int(match[1]) not in covers and (new.entries or new.sort is VolumeSort.RECOVERY):
                    _take_disc(state, int(match[1]), carried)
                    covers[int(match[1])] = new.covers
    with carried_on(found[newest]) as volumes:
        for held, rows in volumes:
            if held.new.sort is VolumeSort.TREE:
                _take_watched(state, rows)
    numbered = {disc.archive_id: disc.number for disc in state.discs()}
    for number, covered in covers.items():
        state.set_cover(number, sorted({numbered[each] for each in covered if each in numbered} - {number}))
    lacking = [number for number in range(1, newest + 1) if number not in covers]
    if lacking:
        monitor.note(
            f"the files of {len(lacking)} discs are not known: give these discs, too: {', '.join(map(str, lacking))}"
        )
    state.mark_clean(clean=False)  # what was staged for the next disc may still be there


def _take_disc(state: StageState, number: int, carried: Carried) -> None:
    held, name = carried.volume, carried.volume.new.name
    medium = held.media[0] if held.media else None
    image = os.path.join(state.directory, IMAGES, os.fsencode(name) + IMAGE_SUFFIX)
    on_disk = os.path.isfile(image)
    is_lost = medium is not None and medium.state is MediumState.LOST
    info = held.new.info
    fate = DiscState.LOST if is_lost else DiscState.BUILT if on_disk else DiscState.BURNT
    state.take_disc(
        StagedDisc(
            number, name, fate, held.added_ns, held.added_ns, medium.checked_ns if medium else None,
            held.new.identity, held.new.listing, os.path.getsize(image) if on_disk else 0, info.set_id if info else b"",
            info.number if info else 0, info is not None and info.last, 0, 0, 0,
        )
    )  # fmt: skip
    for filed in carried.rows:
        _take_copy(state, number, filed, held.added_ns)


def _take_copy(state: StageState, number: int, filed: Filed, at_ns: int) -> None:
    if filed.kind not in (Kind.FILE, Kind.SYMLINK):
        return
    cost, sha256 = cost_of(filed.path, filed.size, len(directories_above(filed.path))), filed.sha256 or b""
    divided = state.divided(filed.path, sha256) if filed.parts else None
    if divided is None:
        state.add_copy(
            StagedCopy(
                0, number, filed.path, filed.kind, filed.size, filed.mtime_ns, filed.mode, sha256, cost,
                "listed by a disc", at_ns,
            )
        )  # fmt: skip
        divided = state.copy_at(number, filed.path)
    if filed.parts and divided is not None:
        state.add_part(divided.id, number, filed.first_part, filed.parts_here, filed.parts)


def _take_watched(state: StageState, rows: Iterable[Filed]) -> None:
    """Enter the files that were watched when the newest disc was made, and are on discs, without their ctime."""
    for filed in rows:
        copy = state.sound_copy(filed.sha256) if filed.sha256 else None
        if copy is not None:
            state.set_file(filed.path, KnownFile(filed.size, filed.mtime_ns, 0, copy.disc, copy.sha256))
