"""The tasks of a job: which archives or sets of volumes to make, of which sources, under which names."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pybackup.errors import UsageError
from pybackup.foreign.formats import ExportFormat

from .agree import skips_known
from .job import Job, Setting
from .keys import option_keys
from .levels import needs_chain

_SUFFIX = ".xtar"
_NOT_IN_NAMES = re.compile(r"[\x00-\x1f\x7f/]")
_SEPARATORS = "-_. "
_EMPTY = "\x00"


@dataclass(frozen=True, slots=True)
class Given:
    """What the command line adds to the job files.

    Attributes
    ----------
    level
        Replaces that of the job.
    now
        The time that is put into names, in seconds since the epoch.
    """

    comment: str | None = None
    since: str | int | None = None
    level: str | None = None
    now: float = 0.0


@dataclass(frozen=True, slots=True)
class ArchiveTask:
    """An archive to make.

    Attributes
    ----------
    options
        The options of `create`, without the output.
    output
        The path of the archive.
    series
        The name of its group of sources, the same in all runs; empty for the sources without own options.
    export
        A format of other programs to write too; with ``instead`` the archive is deleted afterwards.
    """

    options: Mapping[str, Any]
    output: str
    series: str
    export: ExportFormat | None = None
    instead: bool = False

    @property
    def exported(self) -> str:
        """The path of the export."""
        return f"{self.output.removesuffix(_SUFFIX)}.{self.export}"


@dataclass(frozen=True, slots=True)
class SetTask:
    """A set of volumes to make, and the directory for images of them; None for no images."""

    options: Mapping[str, Any]
    volumes: str
    images: str | None = None


def archive_tasks(job: Job, given: Given) -> list[ArchiveTask]:
    """Return the archives that a job makes: one of all sources without own options, and one of each other source.

    Raises
    ------
    UsageError
        Two would have the same name; or a directory cannot be read whose subdirectories are to be archived one by one.
    """
    common = {**options_of_mode(job.settings, "archive"), **_known(job), **_given(job, given)}
    pattern = job.get("output")
    tasks, seen = [], set()
    for name, sources, own in _groups(job.get("sources", [])):
        output = expanded(pattern, _values(job, common, given, name))
        if name and "{source}" not in pattern:
            output = f"{output.removesuffix(_SUFFIX)}-{_in_a_name(name)}{_SUFFIX if output.endswith(_SUFFIX) else ''}"
        if output in seen:
            raise UsageError(
                f"job {job.name}: two archives would be called {output}; {{source}} in output tells them apart"
            )
        seen.add(output)
        if name and "chain" in common and "chain" not in own:
            own = {**own, "chain": f"{common['chain']}-{_in_a_name(name)}"}  # each is a chain of its own
        export, instead = _export(own.pop("export", job.get("export", "none")))
        tasks.append(ArchiveTask({**common, **own, "sources": sources}, output, name, export, instead))
    return tasks


def set_task(job: Job, given: Given) -> SetTask:
    """Return the set of volumes that a job makes.

    Raises
    ------
    UsageError
        A source has own options, which a set cannot have.
    """
    options = {**options_of_mode(job.settings, "discs"), **_known(job), **_given(job, given)}
    media = job.get("media")
    if isinstance(media, dict):
        options |= {"first_volumes": tuple(media.get("first", ())), "volume_size": media["then"]}
    elif media is not None:
        options["volume_size"] = media
    sources = job.get("sources", [])
    if any(isinstance(each, dict) and each.keys() > {"path"} for each in sources):
        raise UsageError(f"job {job.name}: volumes of a set are made alike: no source has options of its own")
    options["sources"] = [each["path"] if isinstance(each, dict) else each for each in sources]
    options.setdefault("name", job.name)
    values = _values(job, options, given, "")
    images = job.get("images")
    return SetTask(
        options, expanded(job.get("volumes", default_volumes()), values), expanded(images, values) if images else None
    )


def default_volumes(environment: Mapping[str, str] = os.environ) -> str:
    """Return the default directory of volumes: one for each day, beside the catalogue."""
    data = environment.get("XDG_DATA_HOME") or os.path.join(environment.get("HOME") or "~", ".local", "share")
    return os.path.join(os.path.expanduser(data).replace("{", "{{").replace("}", "}}"), "pybackup/volumes/{job}-{date}")


def expanded(pattern: str, values: Mapping[str, str]) -> str:
    """Return a pattern with its placeholders replaced; if a value is empty, the separator before it is left out too."""
    text = pattern.format_map({name: value or _EMPTY for name, value in values.items()})
    return re.sub(f"[{re.escape(_SEPARATORS)}]?{_EMPTY}", "", text)


def options_of_mode(settings: Mapping[str, Setting], mode: str) -> dict[str, Any]:
    """Return the options of a mode's command, in the types that its request takes."""
    keys = option_keys()
    found = {}
    for name, setting in settings.items():
        if name in keys and mode in keys[name].modes:
            found[name] = _value(name, setting.value, is_added=setting.is_added)
    return found


def _value(name: str, value: Any, *, is_added: bool = False) -> Any:
    if name == "store" and isinstance(value, list):
        return ("+" if is_added else "") + ",".join(value)
    if name == "delta" and isinstance(value, dict):
        return ",".join(f"{key}={each}" for key, each in value.items()) or None
    if name == "since" and not isinstance(value, int | str):
        return value.isoformat(" ") if hasattr(value, "hour") else value.isoformat()
    return tuple(value) if isinstance(value, list) else value


def _given(job: Job, given: Given) -> dict[str, Any]:
    told = {"comment": given.comment, "since": given.since, "level": given.level}
    if not job.get("chain") and (needs_chain(given.level) or needs_chain(job.get("level"))):
        told["chain"] = job.name
    return {name: value for name, value in told.items() if value is not None}


def _known(job: Job) -> dict[str, Any]:
    """Return the options that the key ``known`` stands for."""
    known = job.get("known")
    if not skips_known(job):
        return {}
    table = known if isinstance(known, dict) else {}
    asked = {"known_copies": table.get("min_copies"), "known_unchecked": table.get("max_age_of_check")}
    return {"skip_known": True, **{name: value for name, value in asked.items() if value is not None}}


def _groups(sources: Sequence[Any]) -> Iterator[tuple[str, list[str], dict[str, Any]]]:
    """Yield each group of sources that go into one archive: its name, its paths, and its own options."""
    plain = [each if isinstance(each, str) else each["path"] for each in sources if not _is_apart(each)]
    if plain or not sources:
        yield "", plain, {}
    for each in sources:
        if _is_apart(each):
            path = each["path"]
            own = {name: _own(name, value) for name, value in each.items() if name not in ("path", "separate_dirs")}
            if each.get("separate_dirs"):
                yield from ((name, found, dict(own)) for name, found in _directories(path))
            else:
                yield _base(path), [path], own


def _own(name: str, value: Any) -> Any:
    """Return the value of an option of one source; a list of items with ``+`` is added to the built-in ones."""
    is_added = isinstance(value, list) and bool(value) and all(str(each).startswith("+") for each in value)
    return _value(name, [each[1:] for each in value] if is_added else value, is_added=is_added)


def _is_apart(source: Any) -> bool:
    return isinstance(source, dict) and (
        bool(source.get("separate_dirs")) or bool(source.keys() - {"path", "separate_dirs"})
    )


def _directories(path: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each subdirectory with its name, and then all other entries together."""
    try:
        with os.scandir(path) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    beside = [entry.path for entry in found if not entry.is_dir(follow_symlinks=False)]
    yield from ((entry.name, [entry.path]) for entry in found if entry.is_dir(follow_symlinks=False))
    if beside:
        yield _base(path), beside


def _base(path: str) -> str:
    return os.path.basename(path.rstrip("/")) or "root"


def _values(job: Job, options: Mapping[str, Any], given: Given, source: str) -> dict[str, str]:
    now = time.localtime(given.now)
    return {
        "job": job.name,
        "date": time.strftime("%Y-%m-%d", now),
        "time": time.strftime("%H%M%S", now),
        "comment": _in_a_name(str(options.get("comment", ""))),
        "source": _in_a_name(source or job.name),
    }


def _in_a_name(text: str) -> str:
    return _NOT_IN_NAMES.sub("_", text).strip().lstrip(".")


def _export(value: Any) -> tuple[ExportFormat | None, bool]:
    table = value if isinstance(value, dict) else {"format": value}
    if table["format"] == "none":
        return None, False
    return ExportFormat(table["format"]), table.get("instead", False)
