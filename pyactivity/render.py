"""Write a group out, as a line for people or as a line of JSON for programs. Times are local in both.

JSON: one object per group and line, in ASCII, so that no name can break a line or a decoder:

    from, to          ISO 8601 with nanoseconds and offset
    from_ns, to_ns    the same as integers, nanoseconds since the epoch
    files, bytes      of the whole group
    directories       [{"path": NAME, "files": n, "bytes": n}, ...], the few that carry it
    elsewhere         {"files": n, "bytes": n}, what lies in none of these
    names             [NAME, ...], with --names only, by mtime

A NAME is {"text": "..."} when it is UTF-8 and {"bytes": "..."}, in base64, when it is not (ripgrep's form): nothing is
lost, and programs need no lone surrogates, which half of the JSON parsers refuse or replace.
"""

import json
from base64 import b64encode
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from pyactivity.describe import Group

_SPAN_WIDTH = len("2024-05-03 14:02 - 2024-05-04 01:10")


def text_line(group: Group) -> str:
    """A group on one line: from, to, files, bytes, directories."""
    span = f"{_span(group.first_ns, group.last_ns):{_SPAN_WIDTH}}"
    return f"{span}  {count(group.files, 'file'):>13}  {humane_bytes(group.size_bytes):>10}  {_where(group)}"


def json_chunks(group: Group, paths: Iterable[bytes] | None = None) -> Iterator[str]:
    """A group as one JSON object without line end, in pieces, for `paths` may be a million."""
    fields = {
        "from": _iso(group.first_ns),
        "to": _iso(group.last_ns),
        "from_ns": group.first_ns,
        "to_ns": group.last_ns,
        "files": group.files,
        "bytes": group.size_bytes,
        "directories": [{"path": _name(c.path), "files": c.files, "bytes": c.size_bytes} for c in group.carriers],
        "elsewhere": {"files": group.files_elsewhere, "bytes": group.bytes_elsewhere},
    }
    head = _json(fields)
    if paths is None:
        yield head
        return
    yield head[:-1] + ', "names": ['
    for number, path in enumerate(paths):
        yield (", " if number else "") + _json(_name(path))
    yield "]}"


def display(path: bytes) -> str:
    """A path for the eye: what is not printable, or not UTF-8, as a backslash escape, and a backslash as two."""
    text = path.decode("utf-8", "surrogateescape").replace("\\", "\\\\")
    return text if text.isprintable() else "".join(map(_escaped, text))


def humane_bytes(size_bytes: int) -> str:
    """A size with one decimal, in powers of 1,024: 512 B, 1.5 KiB, 4.4 GiB."""
    if size_bytes < 1024:
        return f"{size_bytes} B"
    value, units = size_bytes / 1024, iter(("MiB", "GiB", "TiB", "PiB", "EiB"))
    unit = "KiB"
    # 1,023.95 would be printed as 1024.0.
    while value >= 1023.95 and (larger := next(units, None)):
        value, unit = value / 1024, larger
    return f"{value:.1f} {unit}"


def count(number: int, noun: str) -> str:
    """A number and its noun: 1 file, 1,234 files."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _span(first_ns: int, last_ns: int) -> str:
    first, last = f"{_local(first_ns):%Y-%m-%d %H:%M}", f"{_local(last_ns):%Y-%m-%d %H:%M}"
    if first == last:
        return first
    return f"{first} - {last[11:] if first[:10] == last[:10] else last}"


def _where(group: Group) -> str:
    if len(group.carriers) == 1 and not group.files_elsewhere:
        return display(group.carriers[0].path)
    parts = [f"{display(carrier.path)} ({carrier.files:,})" for carrier in group.carriers]
    return ", ".join(parts + ([f"{group.files_elsewhere:,} elsewhere"] if group.files_elsewhere else []))


def _local(moment_ns: int) -> datetime:
    return datetime.fromtimestamp(moment_ns // 10**9, UTC).astimezone()


def _iso(moment_ns: int) -> str:
    whole = _local(moment_ns).isoformat(timespec="seconds")
    return f"{whole[:19]}.{moment_ns % 10**9:09d}{whole[19:]}"


def _name(path: bytes) -> dict[str, str]:
    try:
        return {"text": path.decode("utf-8")}
    except UnicodeDecodeError:
        return {"bytes": b64encode(path).decode("ascii")}


def _json(value: dict[str, Any] | dict[str, str]) -> str:
    return json.dumps(value, ensure_ascii=True)


def _escaped(character: str) -> str:
    if character.isprintable():
        return character
    if "\udc80" <= character <= "\udcff":
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")
