"""The keys of a job: the options of the command its mode runs, under their own names, and keys that only jobs have."""

from __future__ import annotations

import datetime
import os
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, ForwardRef, Union, get_args, get_origin

from pybackup.errors import UsageError
from pybackup.options import NamedOption, options_of, values
from pybackup.options.making import CreateRequest, CreateSetRequest
from pybackup.options.snapshots import SnapshotRunRequest
from pybackup.options.stages import StageInitRequest

Check = Callable[[Any], None]
"""Raises ValueError with what is wrong with a value."""

_REQUESTS: Mapping[str, type[Any]] = {
    "archive": CreateRequest,
    "discs": CreateSetRequest,
    "snapshot": SnapshotRunRequest,
    "stage": StageInitRequest,
}
_OF_ARCHIVES = frozenset(("sources", "output", "volumes", "catalogue"))
# Options that are no keys: a job has them in another form, or not at all, as the name, which differs in each run.
_OWN_PLACE = {
    "archive": _OF_ARCHIVES,
    "discs": _OF_ARCHIVES,
    "snapshot": frozenset(("source", "to", "ssh", "keep", "name")),
    "stage": frozenset(("watched", "from_disc")),
}
_TYPES = {str: "text", int: "number", float: "number", bool: "true or false"}


@dataclass(frozen=True, slots=True)
class JobKey:
    """A key of a job.

    Attributes
    ----------
    help
        What it does.
    check
        Raises ValueError for a wrong value.
    is_path
        Whether its texts are paths.
    modes
        The modes of jobs that may have it.
    default
        The value where it is not given, to be shown; None for none.
    """

    name: str
    help: str
    check: Check
    is_path: bool = False
    modes: tuple[str, ...] = ("archive", "discs")
    default: Any = None


@cache
def option_keys() -> Mapping[str, JobKey]:
    """Return the keys that are options of the modes' commands; a new option of these is a key without further code."""
    options: dict[str, NamedOption] = {}
    modes: dict[str, tuple[str, ...]] = {}
    for mode, asked in _REQUESTS.items():
        for named in options_of(asked):
            if named.name not in _OWN_PLACE[mode]:
                options.setdefault(named.name, named)
                modes[named.name] = (*modes.get(named.name, ()), mode)
    return {name: _key_of(named, modes[name]) for name, named in options.items()}


def _key_of(named: NamedOption, modes: tuple[str, ...]) -> JobKey:
    allowed = _allowed(named)
    option = named.option
    is_path = option.read in (values.path, values.directory)

    def check(value: Any) -> None:
        if isinstance(value, datetime.date) and option.read is values.since:
            return
        check_type(value, allowed)
        if option.choices and value not in option.choices:
            raise ValueError(f"{value!r} is none of {', '.join(option.choices)}")
        # Whether a directory exists is checked when the job runs, as a hook may mount it before.
        if option.read is None or is_path or isinstance(value, bool):
            return
        try:
            if option.many:
                for each in value:
                    option.read(str(each).removeprefix("+"))
            else:
                option.read(_plain(value) if isinstance(value, list) else value)
        except UsageError as error:
            raise ValueError(str(error)) from None

    return JobKey(named.name, option.help, check, is_path, modes, None if named.is_required else named.default)


def _plain(items: list[Any]) -> Any:
    """Return a list as options take it: texts joined by commas."""
    return ",".join(str(each).removeprefix("+") for each in items)


def _allowed(named: NamedOption) -> frozenset[type]:
    """Return the types that a value may have in TOML, by the annotation of the option."""
    if named.option.many:
        return frozenset((list,))
    found: set[type] = set()
    for kind in _kinds(_annotation(named.name)):
        if kind is bool:
            found.add(bool)
        elif kind is int or kind is float:
            found.update((int, kind))
        elif isinstance(kind, type) and issubclass(kind, str):
            found.add(str)
        elif get_origin(kind) is not None and get_origin(kind) is not os.PathLike:
            found.add(list)
    return frozenset(found)


def _annotation(name: str) -> Any:
    for asked in _REQUESTS.values():
        field = asked.__dataclass_fields__.get(name)
        if field is not None:
            return get_args(field.type)[0]
    raise KeyError(name)


def _kinds(annotation: Any) -> Iterator[Any]:
    """Yield the members of a union type, also of one that is written as text."""
    if isinstance(annotation, ForwardRef):
        plain = {"str": str, "int": int, "float": float, "bool": bool}
        yield from (plain[part] for part in map(str.strip, annotation.__forward_arg__.split("|")) if part in plain)
    elif get_origin(annotation) in (Union, types.UnionType):
        for part in get_args(annotation):
            yield from _kinds(part)
    else:
        yield annotation


def check_type(value: Any, allowed: frozenset[type]) -> None:
    """Raise ValueError for a value of another type. Nothing is converted: no numbers to texts, no texts to lists."""
    if isinstance(value, list) and list in allowed:
        if not all(isinstance(each, str) or (isinstance(each, int) and not isinstance(each, bool)) for each in value):
            raise ValueError("each item must be a text")
        added = [isinstance(each, str) and each.startswith("+") for each in value]
        if any(added) and not all(added):
            raise ValueError("either all items begin with +, and are added to those that hold already, or none does")
        return
    if type(value) not in allowed:
        wanted = " or ".join(sorted({_TYPES.get(kind, "list") for kind in allowed}))
        hint = f", such as [{value!r}]" if allowed == {list} and isinstance(value, str) else ""
        raise ValueError(f"{shown_type(value)} stands where a {wanted} is wanted{hint}".replace("'", '"'))


def shown_type(value: Any) -> str:
    """Return the type of a TOML value, as a text for people."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, float):
        return "a number with a fraction"
    return f"a {_TYPES.get(type(value), type(value).__name__)}"
