"""Verifying what a stage has made: burnt discs, images that wait for burning, and staged files."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from pybackup.archive.find import volumes_in
from pybackup.archive.suffixes import IMAGE_SUFFIX
from pybackup.check.verify import verify
from pybackup.errors import FormatError
from pybackup.host.hash_file import hash_file
from pybackup.model.display import display
from pybackup.model.entry import Kind
from pybackup.model.problem import Problem, Trouble
from pybackup.monitor import Aside, Monitor
from pybackup.options import values
from pybackup.options.stages import StageVerifyRequest
from pybackup.stage.open_disc import disc_directory
from pybackup.stage.state import StageState
from pybackup.stage.state_file import open_state, stage_lock
from pybackup.stage.values import DiscState, StagedDisc

from .stage_history import IMAGES


class StagedFate(StrEnum):
    """The result of reading a disc, an image or staged files."""

    INTACT = "intact"
    DAMAGED = "damaged"
    MISSING = "missing"
    FOREIGN = "of another stage"


@dataclass(frozen=True, slots=True)
class VerifiedStaged:
    """A disc, an image or a directory of staged files that was read, and the result.

    Attributes
    ----------
    disc
        The name of the disc; empty if it is not of this stage.
    bad_files
        How many staged files are not as they were copied.
    """

    path: bytes
    disc: str
    fate: StagedFate
    files: int = 0
    bad_files: int = 0


def verify_stage(asked: StageVerifyRequest, monitor: Monitor, *, now_ns: int | None = None) -> Iterator[VerifiedStaged]:
    """Verify discs, or without any the images and staged files, as `pybackup.stage_verify` says."""
    staging, paths = values.directory(asked.staging), values.paths(asked.discs)
    now = time.time_ns() if now_ns is None else now_ns
    with open_state(staging), stage_lock(staging), open_state(staging) as state:
        if paths:
            for path in paths:
                yield _disc(state, path, now, monitor)
            return
        for disc in state.discs():
            if disc.state in (DiscState.OPEN, DiscState.CLOSING):
                yield _staged(state, disc, monitor)
            elif disc.state is DiscState.BUILT:
                yield _waiting_image(state, disc, now, monitor)


def _disc(state: StageState, path: bytes, now_ns: int, monitor: Monitor) -> VerifiedStaged:
    """Read a disc. If it is intact, its state becomes burnt, also if it was lost."""
    known = {disc.archive_id: disc for disc in state.discs() if disc.archive_id}
    try:
        found = [known[each.listing.archive_id] for each in volumes_in(path) if each.listing.archive_id in known]
    except FormatError:
        found = []
    if not found:
        monitor.problem(Problem(path, Trouble.REFUSED, "holds no disc of this stage, or too little is left of it"))
        return VerifiedStaged(path, "", StagedFate.FOREIGN)
    disc = found[0]
    images = os.path.realpath(os.path.join(state.directory, IMAGES))
    fate = _read(path, monitor)
    if fate is StagedFate.INTACT:
        is_medium = os.path.dirname(os.path.realpath(path)) != images
        state.set_checked(disc.number, now_ns, is_medium=is_medium)
        state.follow_lost_parts()
        state.commit()
    return VerifiedStaged(path, disc.name, fate, disc.files)


def _waiting_image(state: StageState, disc: StagedDisc, now_ns: int, monitor: Monitor) -> VerifiedStaged:
    image = os.path.join(state.directory, IMAGES, os.fsencode(disc.name) + IMAGE_SUFFIX)
    if not os.path.isfile(image):
        what = f"is gone, and {disc.name} was never verified as a disc; if it was burnt, 'pybackup stage verify' it"
        monitor.problem(Problem(image, Trouble.MISSING, what))
        return VerifiedStaged(image, disc.name, StagedFate.MISSING, disc.files)
    fate = _read(image, monitor)
    if fate is StagedFate.INTACT:
        state.set_checked(disc.number, now_ns, is_medium=False)
        state.commit()
    return VerifiedStaged(image, disc.name, fate, disc.files)


def _read(path: bytes, monitor: Monitor) -> StagedFate:
    """Read all of a disc; any damage is a problem."""
    try:
        verdict = verify(path, workers=1, monitor=monitor)
    except FormatError as error:
        monitor.problem(Problem(path, Trouble.DAMAGED, error.without(path)))
        return StagedFate.DAMAGED
    if verdict.state == "intact":
        return StagedFate.INTACT
    name = display(path)
    monitor.problem(Problem(path, Trouble.DAMAGED, f"{verdict.state.value}: 'pybackup repair {name}' may mend it"))
    return StagedFate.DAMAGED


def _staged(state: StageState, disc: StagedDisc, monitor: Monitor) -> VerifiedStaged:
    """Compare staged files with the hashes they had when they were copied; those that differ are staged again."""
    at, bad = disc_directory(state.directory, disc.name), 0
    aside = Aside(monitor)
    for copy in list(state.copies(disc.number)):
        if copy.kind != Kind.FILE:
            continue
        try:
            if hash_file(os.path.join(at, copy.path)) == copy.sha256:
                continue
            reason = "is not what was copied; the next scan stages it again"
        except OSError as error:
            reason = f"{error.strerror}; the next scan stages it again"
        bad += 1
        state.remove_copy(copy)
        state.forget_content(copy.sha256)
        aside.problem(Problem(copy.path, Trouble.DIFFERENT, reason))
    if bad:
        state.mark_clean(clean=False)
        state.commit()
    return VerifiedStaged(at, disc.name, StagedFate.DAMAGED if bad else StagedFate.INTACT, disc.files, bad)
