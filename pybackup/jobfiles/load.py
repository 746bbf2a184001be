"""Reading, checking and merging job files.

Weaker to stronger: built-in values, files in /etc, in the home directory, files given by name; and in all of them
defaults are weaker than jobs.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

from .agree import contradictions
from .files import SYSTEM, JobFile, find_files, home_directory, read_file
from .job import Configuration, Job, Setting
from .keys import JobKey, option_keys
from .mistakes import Mistake, WrongJobFiles, no_such
from .notifiers import Notifier, read_notifier
from .own_keys import NOT_BY_DEFAULT, all_keys
from .snapshots import placed_location

_TABLES = ("version", "defaults", "notify", "job")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "archive": ("sources", "output"),
    "discs": ("sources",),
    "snapshot": ("source", "to"),
    "stage": ("watch", "staging", "medium"),
}

_Layers = dict[str, dict[str, Setting]]


def load(directories: Sequence[str] | None = None, named: Sequence[str] = ()) -> Configuration:
    """Return all jobs.

    Parameters
    ----------
    directories
        Directories that may have a ``config.toml`` and a ``jobs.d``, the weakest first; None for ``/etc/pybackup`` and
        the user's own.
    named
        Further files, stronger than those.

    Raises
    ------
    WrongJobFiles
        There are mistakes; the error has all of them.
    """
    configuration, mistakes = load_all(directories, named)
    if mistakes:
        raise WrongJobFiles(mistakes)
    return configuration


def load_all(
    directories: Sequence[str] | None = None, named: Sequence[str] = ()
) -> tuple[Configuration, Sequence[Mistake]]:
    """Return all jobs without their wrong settings, and all mistakes."""
    mistakes: list[Mistake] = []
    where = (SYSTEM, home_directory()) if directories is None else directories
    found = [read_file(path, may_set_defaults=may, mistakes=mistakes) for path, may in find_files(where, named)]
    loader = _Loader(mistakes)
    for file in filter(None, found):
        loader.take(file)
    jobs = {name: loader.job(name) for name in loader.jobs}
    mistakes.sort(key=lambda mistake: (mistake.file, mistake.line))
    return Configuration(jobs, [file.path for file in found if file]), mistakes


class _Loader:
    """Merges files, which are given one by one, the weakest first."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        self._mistakes = mistakes
        self._keys = all_keys()
        self._defaults: dict[str, Setting] = {}
        self._notifiers: dict[str, Notifier] = {}
        self._places: dict[str, JobFile] = {}  # of each job, the last file that has it
        self._refused: set[tuple[str, str]] = set()  # wrong settings, by table and key
        self.jobs: _Layers = {}

    def take(self, file: JobFile) -> None:
        """Merge a file."""
        for name in file.data:
            if name not in _TABLES:
                self._wrong(file, "", name, f"{no_such('table', name, _TABLES)}; there are {', '.join(_TABLES)}")
        if file.data.get("version", 1) != 1 or isinstance(file.data.get("version", 1), bool):
            self._wrong(file, "", "version", "this program knows version 1 of job files only")
        for name, table in self._tables(file, "notify"):
            self._take_notifier(file, name, table)
        if "defaults" in file.data:
            self._take_defaults(file, file.data["defaults"])
        for name, table in self._tables(file, "job"):
            self._take_job(file, name, table)

    def job(self, name: str) -> Job:
        """Return a job, merged from defaults and all files; a required key that it lacks is a mistake."""
        settings = dict(self._defaults)
        for key, setting in self.jobs[name].items():
            settings[key] = setting.over(settings.get(key))
        file, told = self._places[name], []
        for notifier in settings["notify"].value if "notify" in settings else ():
            if notifier in self._notifiers:
                told.append(self._notifiers[notifier])
            else:
                text = f"{notifier!r}: {no_such('notifier', str(notifier), self._notifiers)}"
                self._wrong(file, f"job.{name}", "notify", text)
        job = Job(name, settings, told)
        self._check_whole(file, job)
        return job

    def _check_whole(self, file: JobFile, job: Job) -> None:
        table = f"job.{job.name}"
        if (table, "mode") in self._refused:
            return
        needed = _NEEDED[job.mode]
        if "sources" in needed and ("select" in job.settings or "files_from" in job.settings):
            needed = needed[1:]
        for key in needed:
            if key not in job.settings and (table, key) not in self._refused:
                self._wrong(file, table, "", f"{key} is missing, which a job of mode {job.mode} needs")
        catalogue = job.get("catalogue")
        if isinstance(catalogue, dict) and "url" not in catalogue:
            self._wrong(file, table, "catalogue", "url is missing")
        sizes = ("media", "volume_size")
        if job.mode == "discs" and not any(key in job.settings or (table, key) in self._refused for key in sizes):
            self._wrong(file, table, "", 'media is missing: which they are, such as media = "bd25"')
        for key, text in contradictions(job):
            self._wrong(file, table, key, text)
        for key in self.jobs[job.name]:
            if job.mode not in self._keys[key].modes:
                self._wrong(file, table, key, f"is for jobs of mode {self._keys[key].modes[0]}")

    def _tables(self, file: JobFile, kind: str) -> list[tuple[str, Any]]:
        tables = file.data.get(kind, {})
        if not isinstance(tables, dict):
            self._wrong(file, "", kind, f"is no table: each {kind} has a name, [{kind}.NAME]")
            return []
        return list(tables.items())

    def _take_notifier(self, file: JobFile, name: str, table: Any) -> None:
        try:
            self._notifiers[name] = read_notifier(name, table)
        except ValueError as error:
            key, text = _key_in(str(error), table)
            self._wrong(file, f"notify.{name}", key, text)

    def _take_defaults(self, file: JobFile, table: Any) -> None:
        if not file.may_set_defaults:
            self._wrong(file, "", "defaults", "defaults stand in config.toml, where they are looked for")
        elif not isinstance(table, dict):
            self._wrong(file, "", "defaults", "is no table")
        else:
            for key, setting in self._settings(file, "defaults", table).items():
                if key in NOT_BY_DEFAULT:
                    self._wrong(file, "defaults", key, "belongs to one job")
                else:
                    self._defaults[key] = setting.over(self._defaults.get(key))

    def _take_job(self, file: JobFile, name: str, table: Any) -> None:
        if not isinstance(table, dict):
            self._wrong(file, "job", name, f"is no table: [job.{name}]")
            return
        if not _NAME.fullmatch(name):
            self._wrong(file, f"job.{name}", "", "the name of a job has letters, digits, - _ . and no other sign")
        self._places[name] = file
        layers = self.jobs.setdefault(name, {})
        for key, setting in self._settings(file, f"job.{name}", table).items():
            layers[key] = setting.over(layers.get(key))

    def _settings(self, file: JobFile, table: str, data: Mapping[str, Any]) -> dict[str, Setting]:
        """Return the settings of a table without the wrong ones, each of which is a mistake."""
        found: dict[str, Setting] = {}
        for name, value in data.items():
            key = self._keys.get(name)
            if key is None:
                self._wrong(file, table, name, no_such("key", name, self._keys))
                continue
            try:
                key.check(value)
            except ValueError as error:
                self._refused.add((table, name))
                self._wrong(file, table, name, str(error))
            else:
                found[name] = _setting(key, value, file, table)
        return found

    def _wrong(self, file: JobFile, table: str, key: str, text: str) -> None:
        self._mistakes.append(file.mistake(table, key, text))


def _key_in(text: str, table: Any) -> tuple[str, str]:
    """Split a message that begins with the key of a table, which it is about, into that key and the rest."""
    key, colon, rest = text.partition(": ")
    return (key, rest) if colon and isinstance(table, dict) and key in table else ("", text)


def _setting(key: JobKey, value: Any, file: JobFile, table: str) -> Setting:
    base = os.path.dirname(file.path)
    is_added = (
        isinstance(value, list) and bool(value) and all(isinstance(each, str) and each[:1] == "+" for each in value)
    )
    if is_added:
        value = [each[1:] for each in value]
    if key.name == "sources":
        value = [_placed_source(each, base) for each in value]
    elif key.name in ("source", "to"):
        value = placed_location(value, base)
    elif key.name == "require" and "mountpoint" in value:
        value = {**value, "mountpoint": _placed(value["mountpoint"], base)}
    elif key.is_path:
        value = _placed(value, base)
    return Setting(value, (file.origin(table, key.name),), is_added)


def _placed(path: Any, base: str) -> Any:
    """Return a path, or a list of them, made absolute: ``~`` is the home directory, else it is relative to ``base``."""
    if isinstance(path, list):
        return [_placed(each, base) for each in path]
    return os.path.join(base, os.path.expanduser(path)) if isinstance(path, str) else path


def _placed_source(source: Any, base: str) -> Any:
    if not isinstance(source, dict):
        return _placed(source, base)
    keys = option_keys()
    return {
        name: _placed(value, base) if name == "path" or (name in keys and keys[name].is_path) else value
        for name, value in source.items()
    }
