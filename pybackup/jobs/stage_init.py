"""Making a stage, or making it anew of what its discs tell."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence

from pybackup.errors import UsageError
from pybackup.host.environment import make_directory
from pybackup.make.capacity import body_limit
from pybackup.model.carried import Carried
from pybackup.model.display import display
from pybackup.model.entry import Kind, directories_above
from pybackup.model.filed import Filed, MediumState, VolumeSort
from pybackup.monitor import Monitor
from pybackup.options import values
from pybackup.options.stages import StageInitRequest
from pybackup.stage.state import StageState, make_state, stage_lock
from pybackup.stage.values import (
    Comparison,
    DiscState,
    KnownFile,
    OnFull,
    StagedCopy,
    StagedDisc,
    StageSettings,
    cost_of,
)

from .stage_history import IMAGES
from .stage_told import carried_on

# README, FORMAT, RESCUE.PY, the file system; the index and the history take up to a twentieth of the disc.
_TEXTS_BYTES = 384 << 10
_HISTORY_SHARE = 20


def make_stage(asked: StageInitRequest, monitor: Monitor) -> StageSettings:
    """Make a stage, as `pybackup.stage_init` says."""
    watched = os.path.realpath(values.directory(asked.watched))
    staging = os.path.realpath(values.path(asked.staging))
    if (watched + b"/").startswith(staging + b"/") or (staging + b"/").startswith(watched + b"/"):
        raise UsageError(f"{display(staging)}: lies in the watched directory, or that in it: choose another place")
    medium = values.medium(asked.medium)
    try:
        capacity = body_limit(medium - medium // _HISTORY_SHARE - _TEXTS_BYTES, asked.protection())
    except UsageError as error:
        raise UsageError(f"{medium:,} bytes are too few for a disc with all that is needed to read it") from error
    on_full = values.choice(OnFull, asked.on_full)
    device = values.maybe(asked.device, values.path) or b""
    if on_full is OnFull.BURN and not device:
        raise UsageError("the drive is not named", option="device", hint="names it")
    settings = StageSettings(
        watched, asked.disc_name(), medium, capacity, values.fraction(asked.threshold), values.span(asked.settle),
        values.choice(Comparison, asked.compare), on_full, str(asked.parity), values.age(asked.check_every),
        _mounted(watched), asked.patterns(), device,
    )  # fmt: skip
    make_directory(staging)
    with stage_lock(staging), make_state(staging, settings) as state:
        discs = values.paths(asked.from_disc)
        if discs:
            _take_from(state, settings, discs, monitor)
    return settings


def _mounted(path: bytes) -> bytes:
    """Return where the drive is mounted that a directory is on; empty where that is the root's."""
    while path != b"/" and not os.path.ismount(path):
        path = os.path.dirname(path)
    return b"" if path == b"/" else path


def _take_from(state: StageState, settings: StageSettings, paths: Sequence[bytes], monitor: Monitor) -> None:
    """Write down what discs tell: all discs with what is on them, and of the newest one what was watched."""
    named = re.compile(re.escape(settings.name) + r"-(\d{4,})")
    found: dict[int, bytes] = {}  # the highest number that a disc tells of is its own
    for path in paths:
        with carried_on(path) as volumes:
            numbers = [int(match[1]) for each in volumes if (match := named.fullmatch(each.volume.new.name))]
        if not numbers:
            raise UsageError(f"{display(path)}: tells of no disc called {settings.name}-0001 or so")
        found[max(numbers)] = path
    newest = max(found)
    taken: set[int] = set()
    for _, path in sorted(found.items(), reverse=True):
        with carried_on(path) as volumes:
            for carried in volumes:
                match = named.fullmatch(carried.volume.new.name)
                if match and int(match[1]) not in taken and carried.volume.new.entries:
                    taken.add(int(match[1]))
                    _take_disc(state, int(match[1]), carried)
    with carried_on(found[newest]) as volumes:
        for held, rows in volumes:
            if held.new.sort is VolumeSort.TREE:
                _take_watched(state, rows)
    lacking = [number for number in range(1, newest + 1) if number not in taken]
    if lacking:
        monitor.note(f"nothing is known of {len(lacking)} discs: give these, too: {', '.join(map(str, lacking))}")
    state.mark_clean(clean=False)  # what was staged for the next disc may still be there


def _take_disc(state: StageState, number: int, carried: Carried) -> None:
    held, name = carried.volume, carried.volume.new.name
    medium = held.media[0] if held.media else None
    image = os.path.join(state.directory, IMAGES, os.fsencode(name) + b".iso")
    on_disk = os.path.isfile(image)
    is_lost = medium is not None and medium.state is MediumState.LOST
    fate = DiscState.LOST if is_lost else DiscState.BUILT if on_disk else DiscState.BURNT
    state.take_disc(
        StagedDisc(
            number, name, fate, held.added_ns, held.added_ns, medium.checked_ns if medium else None,
            held.new.identity, held.new.listing, os.path.getsize(image) if on_disk else 0, 0, 0, 0,
        )
    )  # fmt: skip
    for filed in carried.rows:
        _take_copy(state, number, filed, held.added_ns)


def _take_copy(state: StageState, number: int, filed: Filed, at_ns: int) -> None:
    if filed.kind not in (Kind.FILE, Kind.SYMLINK):
        return
    cost = cost_of(filed.path, filed.size, len(directories_above(filed.path)))
    state.add_copy(
        StagedCopy(
            0, number, filed.path, filed.kind, filed.size, filed.mtime_ns, filed.mode, filed.sha256 or b"", cost,
            "told by a disc", at_ns,
        )
    )  # fmt: skip


def _take_watched(state: StageState, rows: Iterable[Filed]) -> None:
    """Write down what was watched when the newest disc was made, as far as discs have it; its status is not known."""
    for filed in rows:
        copy = state.sound_copy(filed.sha256) if filed.sha256 else None
        if copy is not None:
            state.set_file(filed.path, KnownFile(filed.size, filed.mtime_ns, 0, copy.disc, copy.sha256))
