"""The keys that only jobs have, which are no options: sources, outputs, schedule, notifiers and others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import stages
from .default_catalogue import check_catalogue
from .hooks import check_hooks
from .keys import Check, JobKey, option_keys
from .levels import check_level
from .own_values import (
    MODES,
    check_burn,
    check_copies,
    check_delta,
    check_export,
    check_flag,
    check_keep,
    check_known,
    check_media,
    check_mode,
    check_pattern,
    check_require,
    check_schedule,
    check_sources,
    check_text,
    check_texts,
)
from .snapshots import MODE, check_location, check_ssh


def _key(name: str, help: str, check: Check, *modes: str, is_path: bool = False, default: Any = None) -> JobKey:
    return JobKey(name, help, check, is_path, modes or MODES, default)


OWN_KEYS: Mapping[str, JobKey] = {
    key.name: key
    for key in (
        _key(
            "mode",
            "archive: a file a run; discs: volumes for media of given sizes; snapshot: a directory a run, by rsync; "
            "stage: discs that fill over months",
            check_mode,
            default="archive",
        ),
        _key(
            "sources",
            "what is backed up: paths, or tables with a path and options of its own",
            check_sources,
            "archive",
            "discs",
        ),
        _key("source", "what is backed up: a directory, HOST:PATH or rsync://HOST/MODULE/PATH", check_location, MODE),
        _key("to", "the directory of the snapshots", check_location, MODE),
        _key("watch", "the directory that goes onto discs as it changes", check_text, stages.MODE, is_path=True),
        _key("ssh", "the program that reaches HOST, with its arguments", check_ssh, MODE),
        _key(
            "output",
            "the archive, with {job}, {date}, {time}, {comment}, {source}",
            check_pattern,
            "archive",
            is_path=True,
        ),
        _key(
            "export",
            "none, or a format of other programs, written beside the archive or instead",
            check_export,
            "archive",
        ),
        _key(
            "volumes",
            "the directory of the volumes, as for output (default: in ~/.local/share/pybackup/volumes)",
            check_pattern,
            "discs",
            is_path=True,
        ),
        _key(
            "media",
            "one medium, or { first = [...], then = ... } where the first are partly used",
            check_media,
            "discs",
        ),
        _key("images", "where an image of a disc is built for each volume", check_pattern, "discs", is_path=True),
        _key("schedule", "when: hourly, daily, weekly, monthly, '02:30', 'sun 02:30' or '1 02:30'", check_schedule),
        _key("catalogue", "where it is written down: a URL, or a table of url and password; none", check_catalogue),
        _key("notify", "the notifiers that are told", check_texts),
        _key("syslog", "a line to syslog for each run", check_flag, default=False),
        _key("hook", "commands before and after", check_hooks),
        _key(
            "level",
            "of each run, which is one of a chain (key chain, by default the name of the job): full, differential, "
            'incremental, auto, or { full = "monthly", between = "differential" }',
            check_level,
        ),
        _key(
            "known",
            "true: files that enough media hold already are left out; or { skip = true, min_copies = 1, "
            "max_age_of_check = '2y' }; needs a catalogue",
            check_known,
            "archive",
            "discs",
        ),
        _key(
            "keep",
            "which earlier archives or snapshots stay: { last = 3, daily = 14, within = '7d' }",
            check_keep,
            "archive",
            MODE,
        ),
        _key(
            "delta",
            "when a large file that changed is stored as what differs from an earlier archive: none, or "
            "{ min_size = '1M', max_depth = 1, min_saving = '50%', base_copies = 2 }",
            check_delta,
            "archive",
            "discs",
        ),
        _key(
            "copies",
            "how many copies there are to be, in how many places: { want = 2, places = 2 }; what is missing is told, "
            "as the catalogue knows it",
            check_copies,
            "archive",
            "discs",
        ),
        _key(
            "require",
            "what must hold of the source: { mountpoint = '/mnt/drive', min_files = 1000 }",
            check_require,
            MODE,
        ),
        _key(
            "burn",
            "the drive that each image is burnt with, a new disc each time, or { device = '/dev/sr0', speed = 8, "
            "verify = true, overwrite = false }",
            check_burn,
            "discs",
        ),
    )
}
NOT_BY_DEFAULT = ("hook", "source", "sources", "watch")
"""Keys that belong to one job."""


def all_keys() -> Mapping[str, JobKey]:
    """Return all keys that a job can have, by name."""
    return {**option_keys(), **OWN_KEYS}
