"""Showing a job to people: every value with the place it comes from, and no secrets."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .job import BUILT_IN, Job
from .own_keys import all_keys

_SECRETS = ("password",)
_SHOWN = (str, int)
_URLS = ("url", "catalogue")


@dataclass(frozen=True, slots=True)
class ShownSetting:
    """A key, its value in TOML, and the place it comes from."""

    key: str
    value: str
    origin: str


def shown_settings(job: Job) -> Iterator[ShownSetting]:
    """Yield the settings of a job: those of files, then the built-in ones."""
    for key, setting in job.settings.items():
        added = "+ " if setting.is_added else ""
        yield ShownSetting(key, added + toml(without_secrets(key, setting.value)), ", ".join(setting.origins))
    for known in all_keys().values():
        if known.name not in job.settings and job.mode in known.modes and isinstance(known.default, _SHOWN):
            yield ShownSetting(known.name, toml(known.default), BUILT_IN)


def without_secrets(key: str, value: Any) -> Any:
    """Return a value with passwords replaced by stars, also in URLs."""
    if key in _SECRETS:
        return "***"
    if isinstance(value, dict):
        return {name: without_secrets(name, each) for name, each in value.items()}
    if key in _URLS and isinstance(value, str) and "://" in value and "@" in value:
        scheme, _, rest = value.partition("://")
        owner, at, host = rest.rpartition("@")
        return f"{scheme}://{owner.partition(':')[0]}{':***' if ':' in owner else ''}{at}{host}"
    return value


def toml(value: Any) -> str:
    """Return a value as one line of TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {toml(each)}" for name, each in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, datetime.date | datetime.datetime):
        return value.isoformat()
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else str(value)
