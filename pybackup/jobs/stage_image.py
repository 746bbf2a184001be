"""The image of a disc of a stage, with the history on it."""

from __future__ import annotations

import os

from pybackup.catalogue.portable import write_portable
from pybackup.disc.build import Built, perform_build
from pybackup.disc.plan_build import BuildOptions, BuildPlan, plan_build
from pybackup.errors import UsageError
from pybackup.host.environment import make_directory
from pybackup.host.scratch import Scratch
from pybackup.monitor import Monitor
from pybackup.stage.state import StageState
from pybackup.stage.values import StagedDisc

from .stage_history import IMAGES, history_of, series_of


def make_image(state: StageState, disc: StagedDisc, volume: bytes, now_ns: int, monitor: Monitor) -> Built:
    """Build the image of a disc, with the history on it."""
    images = os.path.join(state.directory, IMAGES)
    make_directory(images)
    with Scratch(images) as carried:
        plan = _plan(state, disc, volume, images, carried.temporary, now_ns, monitor)
        if plan.parity.cut:
            monitor.note(f"{disc.name}: there is less room for parity than {state.settings.parity}")
        return perform_build(plan, monitor)


def _plan(
    state: StageState, disc: StagedDisc, volume: bytes, images: bytes, carried: bytes, now_ns: int, monitor: Monitor
) -> BuildPlan:
    """Plan the image with as much of the history as there is room for.

    First all of it is tried, then all but the watched files, and at last only the names of earlier discs.
    """
    settings = state.settings
    how = BuildOptions(
        medium_bytes=settings.medium_bytes, overwrite=True, carried=carried, series=series_of(state, disc)
    )
    forms = ((True, 0), (False, 0), (False, disc.number))
    for number, (watched, files_of) in enumerate(forms):
        os.truncate(carried, 0)
        write_portable(carried, history_of(state, now_ns, watched=watched, files_of=files_of), ())
        try:
            plan = plan_build(volume, images, how)
        except UsageError as error:
            if error.option != "carry_catalogue" or number == len(forms) - 1:
                raise
            continue
        if number:
            left = "what is watched" if number == 1 else "the files of earlier discs, which those list themselves"
            monitor.note(f"{disc.name}: the history takes more than a twentieth of a disc: it is without {left}")
        return plan
    raise AssertionError  # the last form raises
