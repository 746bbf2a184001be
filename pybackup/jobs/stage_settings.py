"""The settings of a new stage, from the options."""

from __future__ import annotations

import os

from pybackup.errors import UsageError
from pybackup.make.capacity import body_limit
from pybackup.model.display import display
from pybackup.options import values
from pybackup.options.stages import StageInitRequest
from pybackup.stage.values import Comparison, OnFull, StageSettings

# README, FORMAT, RESCUE.PY, the file system; the index and the history take up to a twentieth of the disc.
_TEXTS_BYTES = 384 << 10
_HISTORY_SHARE = 20
_INDEXES_SHARE = 20


def staging_of(asked: StageInitRequest) -> bytes:
    """Return the staging directory, absolute."""
    return os.path.realpath(values.path(asked.staging))


def settings_of(asked: StageInitRequest) -> StageSettings:
    """Return the settings of a new stage.

    Raises
    ------
    UsageError
        One directory lies in the other; the medium is too small; discs are to be burnt, and no drive is named.
    """
    watched, staging = os.path.realpath(values.directory(asked.watched)), staging_of(asked)
    if (watched + b"/").startswith(staging + b"/") or (staging + b"/").startswith(watched + b"/"):
        raise UsageError(f"{display(staging)}: one directory is inside the other: choose another place")
    medium = values.medium(asked.medium)
    try:
        capacity = body_limit(body_room(medium), asked.protection())
    except UsageError as error:
        raise UsageError(f"{medium:,} bytes are too few for a disc with all that is needed to read it") from error
    every = values.maybe(asked.recovery_every, values.positive) or 0
    if every:
        # A recovery disc holds as much as the fullest disc, and the indexes of all discs that it covers.
        capacity -= capacity // _INDEXES_SHARE
    on_full = values.choice(OnFull, asked.on_full)
    device = values.maybe(asked.device, values.path) or b""
    if on_full is OnFull.BURN and not device:
        raise UsageError("the drive is not named", option="device", hint="names it")
    return StageSettings(
        watched, asked.disc_name(), medium, capacity, values.fraction(asked.threshold), values.span(asked.settle),
        values.choice(Comparison, asked.compare), on_full, str(asked.parity), values.age(asked.check_every),
        _mounted(watched), asked.patterns(), device, every, values.positive(asked.recovery_volumes),
    )  # fmt: skip


def body_room(medium_bytes: int) -> int:
    """Return how many bytes the archive on a disc may have, with its parity."""
    return medium_bytes - medium_bytes // _HISTORY_SHARE - _TEXTS_BYTES


def _mounted(path: bytes) -> bytes:
    """Return the mount point of the file system that a directory is on; empty for the root."""
    while path != b"/" and not os.path.ismount(path):
        path = os.path.dirname(path)
    return b"" if path == b"/" else path
