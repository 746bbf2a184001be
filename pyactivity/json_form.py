"""Groups and sums as JSON for programs: an object on a line, in ASCII, so that no name can break a line or a decoder.

A group:

    group             "activity", "stream", "future" or "epoch"
    number            of an activity, 1 is the newest; null for the others
    by                "mtime" or "ctime"
    from, to          ISO 8601, local, with nanoseconds and offset
    from_ns, to_ns    the same as integers, nanoseconds since the epoch
    files, bytes      of the whole group
    directories       [{"path": NAME, "files": n, "bytes": n, "bulk": TEXT}, ...], the few that carry it; TEXT is
                      empty, or tells how it came in bulk: "installed", "checked out" or "unpacked"
    elsewhere         {"files": n, "bytes": n}, what lies in none of these
    in_bulk           {"files": n, "bytes": n}, what of the group came in bulk
    kinds             [{"suffix": TEXT, "files": n}, ...], most frequent first, of what did not come in bulk
    largest           {"path": NAME, "bytes": n}, among the same files
    place, pattern    of a stream only: NAMEs of its directory and of what arrives there, `*` for a word with digits;
                      null where names are of no one pattern
    archived          {"files": n, "bytes": n}, with --against only
    why               [TEXT, ...], with --explain only
    names             [NAME, ...], with --names only, by time

A file of --newest and --largest: path, bytes, time (ISO 8601), time_ns, by.

A directory of --tree: path, depth, files, bytes, newest, newest_ns, hidden (directories in it too small for a line).

A NAME is {"text": "..."} when it is UTF-8 and {"bytes": "..."}, in base64, when it is not (ripgrep's form): nothing is
lost, and programs need no lone surrogates, which half of the JSON parsers refuse or replace.
"""

import json
from base64 import b64encode
from collections.abc import Iterable, Iterator
from typing import Any

from pyactivity.description import Carrier
from pyactivity.details import Details
from pyactivity.moments import iso
from pyactivity.totals import Branch


def group_chunks(
    shown: Details, by: str, paths: Iterable[bytes] | None = None, why: Iterable[str] | None = None
) -> Iterator[bytes]:
    """A group as a line, in pieces, for `paths` may be a million; `why` are the reasons for it."""
    group = shown.group
    fields: dict[str, Any] = {
        "group": shown.part.kind,
        "number": shown.part.number or None,
        "by": by,
        "from": iso(group.first_ns),
        "to": iso(group.last_ns),
        "from_ns": group.first_ns,
        "to_ns": group.last_ns,
        "files": group.files,
        "bytes": group.size_bytes,
        "directories": [
            {"path": _name(c.path), "files": c.files, "bytes": c.size_bytes, "bulk": c.bulk} for c in group.carriers
        ],
        "elsewhere": {"files": group.files_elsewhere, "bytes": group.bytes_elsewhere},
        "in_bulk": {"files": group.bulk_files, "bytes": group.bulk_bytes},
        "kinds": [{"suffix": kind.suffix, "files": kind.files} for kind in shown.kinds],
        "largest": {"path": _name(shown.largest[0]), "bytes": shown.largest[1]},
    }
    if shown.part.stream:
        pattern = shown.part.stream.pattern
        fields["place"], fields["pattern"] = _name(shown.part.stream.place), _name(pattern) if pattern else None
    if shown.archived is not None:
        fields["archived"] = {"files": shown.archived.files, "bytes": shown.archived.size_bytes}
    if why is not None:
        fields["why"] = list(why)
    head = _json(fields)
    if paths is None:
        yield head + b"\n"
        return
    yield head[:-1] + b', "names": ['
    for number, path in enumerate(paths):
        yield (b", " if number else b"") + _json(_name(path))
    yield b"]}\n"


def file_object(path: bytes, size_bytes: int, time_ns: int, by: str) -> bytes:
    """A file as a line."""
    fields = {"path": _name(path), "bytes": size_bytes, "time": iso(time_ns), "time_ns": time_ns, "by": by}
    return _json(fields) + b"\n"


def branch_line(branch: Branch) -> bytes:
    """A directory of the tree as a line."""
    fields = {
        "path": _name(branch.path),
        "depth": branch.depth,
        "files": branch.files,
        "bytes": branch.size_bytes,
        "newest": iso(branch.newest_ns),
        "newest_ns": branch.newest_ns,
        "hidden": branch.hidden,
    }
    return _json(fields) + b"\n"


def carrier_object(carrier: Carrier) -> bytes:
    """A directory of the overview and what of it is in no archive, as a line."""
    fields = {"path": _name(carrier.path), "files": carrier.files, "bytes": carrier.size_bytes}
    return _json(fields) + b"\n"


def in_section(line: bytes, section: str) -> bytes:
    """A line of the overview with the section it stands in: strange, worked, arrives, bulk, large or lost."""
    return b'{"section": ' + json.dumps(section).encode("ascii") + b", " + line[1:]


def _name(path: bytes) -> dict[str, str]:
    try:
        return {"text": path.decode("utf-8")}
    except UnicodeDecodeError:
        return {"bytes": b64encode(path).decode("ascii")}


def _json(value: dict[str, Any] | dict[str, str]) -> bytes:
    return json.dumps(value, ensure_ascii=True).encode("ascii")
