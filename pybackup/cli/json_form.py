"""Results as JSON for programs: one object per line.

A NAME is {"text": "..."} when it is UTF-8 and {"bytes": "..."}, in base64, when it is not, as in the JSON of
pyactivity: nothing is lost, and no parser meets a lone surrogate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any

from pybackup.model.extents import Extents


def json_line(value: Mapping[str, Any]) -> bytes:
    """Return an object as a line of JSON in ASCII, so that no name can break the line or a decoder.

    In it, bytes become names, dataclasses become objects of their fields, `Extents` and other sequences become lists,
    and members of text enumerations become their texts.
    """
    return _encode()(value).encode("ascii") + b"\n"


def json_members(value: Mapping[str, Any]) -> str:
    """Return the members of an object as `json_line` writes them, without the braces, to be joined with others."""
    return _encode()(value)[1:-1]


def json_name_text(name: bytes) -> str:
    """Return a name as `json_line` writes it."""
    try:
        return f'{{"text": {_quote()(name.decode("utf-8"))}}}'
    except UnicodeDecodeError:
        return _encode()(name)


def fields_of(result: object, *names: str, **renamed: str) -> dict[str, Any]:
    """Return some fields and properties of a result, in the order given.

    Parameters
    ----------
    names
        Fields that keep their names in JSON.
    renamed
        Names of fields by their keys in JSON.
    """
    return {key: getattr(result, name) for key, name in {**dict(zip(names, names, strict=True)), **renamed}.items()}


def json_name(name: bytes) -> dict[str, str]:
    """Return a name as an object for JSON: its text, or its bytes in base64 if it is not UTF-8."""
    try:
        return {"text": name.decode("utf-8")}
    except UnicodeDecodeError:
        from base64 import b64encode

        return {"bytes": b64encode(name).decode("ascii")}


@cache
def _encode() -> Callable[[object], str]:
    """Return the function that encodes a value; it is made only once, as it is called for every line."""
    import json  # imported here to start faster without JSON

    return json.JSONEncoder(ensure_ascii=True, default=_plain).encode


@cache
def _quote() -> Callable[[str], str]:
    from json.encoder import encode_basestring_ascii

    return encode_basestring_ascii


def _plain(value: object) -> Any:
    """Return the JSON form of a value of a type that JSON does not have."""
    if isinstance(value, bytes):
        return json_name(value)
    if isinstance(value, Extents):
        return value.ranges
    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Iterable):
        return list(value)
    raise TypeError(f"no form in JSON for {type(value).__name__}")
