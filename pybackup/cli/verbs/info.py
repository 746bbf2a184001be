"""pybackup info."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pybackup.model.problem import Problem, Trouble
from pybackup.options.reading import InfoRequest

from ..json_form import fields_of, json_line
from ..options import add_options, add_talk, talk_of
from ..results import conclude
from ..streams import deliver, deliver_lines
from ..text import count, display, humane_bytes, local_time, percentage, printable, size_ratio

if TYPE_CHECKING:
    from pybackup.check.info import Info, SetSummary
    from pybackup.layout.guard import Geometry

EPILOG = """\
examples:
  pybackup info docs.xtar
  pybackup info --json docs.xtar
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    add_options(parser, InfoRequest)
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Print what an archive says about itself; return the exit status."""
    from pybackup.check.info import info

    with talk_of(options, options.archive) as talk:
        found = info(options.archive)
        if options.json:
            deliver([_json(found)])
        else:
            deliver_lines(f"{name + ':':<14}{value}" for name, value in _fields(found))
        for doubt in found.doubts:
            talk.problem(doubt)
        if not found.complete:
            talk.problem(Problem(b"", Trouble.LOST, "the names of some entries are lost"))
        return conclude(talk)


def _fields(found: Info) -> Iterator[tuple[str, str]]:
    settings = found.settings
    yield "archive", display(found.path)
    if found.set:
        yield from _set(found.set)
    yield "format", str(found.format_version)
    yield "modified", local_time(found.written)
    yield "size", f"{humane_bytes(found.archive_bytes)} ({found.archive_bytes:,} bytes)"
    ratio = size_ratio(found.archive_bytes, found.content_bytes)
    yield "content", f"{humane_bytes(found.content_bytes)} ({found.content_bytes:,} bytes); the archive takes {ratio}"
    kinds = f"{count(found.files, 'file')}, {count(found.directories, 'directory', 'directories')}"
    yield "entries", f"{found.entries:,} ({kinds}, {count(found.links, 'link')})"
    sources = settings.get("sources")
    for source in sources if isinstance(sources, list) else ():
        yield "source", printable(str(source))
    if (newest := _integer(settings, "newest_ns")) is not None:
        yield "newest", local_time(newest / 1e9)
    if (date := _integer(settings, "date")) is not None:
        yield "date", local_time(date)
    if compression := settings.get("compression"):
        yield "compression", printable(str(compression))
    if deflate := settings.get("deflate"):
        yield "deflate by", printable(str(deflate))
    if (segment := _integer(settings, "segment_bytes")) is not None:
        yield "segments", humane_bytes(segment)
    if found.set is None or found.set.volume:
        yield "parity", _parity(found.parity)
    if comment := settings.get("comment"):
        yield "comment", printable(str(comment))
    yield "found by", found.way.value
    for damage in found.damage:
        yield "damage", printable(damage)


def _set(found: SetSummary) -> Iterator[tuple[str, str]]:
    if found.volume:
        said = "the last of" if found.volume.last else "of"
        yield "volume", printable(f"{found.volume.label}, {said} set {found.set_id.hex()}")
    else:
        yield "set", printable(f"{found.name}, {found.set_id.hex()}")
        yield "here", printable(", ".join(found.at_hand))
    after = "" if found.last else ", and more may follow"
    yield "volumes", f"{count(found.known, 'data volume')} known of{after}"
    if found.missing and not found.volume:
        yield "missing", printable(found.missing)


def _parity(shape: Geometry | None) -> str:
    if shape is None:
        return "none, and no checksums of sectors"
    where = " in a sidecar" if shape.sidecar else ""
    if not shape.groups:
        return f"none, checksums only{where}"
    share = percentage(shape.parity_sectors, shape.data_sectors)
    groups = f", dealt over {shape.groups:,} groups" if shape.groups > 1 else ""
    return f"{share} of {count(shape.data_sectors, 'sector')}{groups}{where}"


def _integer(settings: dict[str, Any], name: str) -> int | None:
    """Return a setting if it is a usable integer, else None: archives may be hostile, JSON numbers unbounded."""
    value = settings.get(name)
    return value if isinstance(value, int) and abs(value) < 1 << 63 else None


def _json(found: Info) -> bytes:
    fields: dict[str, Any] = {
        "archive": found.path,
        "format_version": found.format_version,
        "written": datetime.fromtimestamp(found.written, UTC).isoformat(timespec="seconds"),
        **fields_of(found, "archive_bytes", "content_bytes", "packed_bytes"),
        "ratio": round(found.ratio, 4),
        **fields_of(found, "entries", "files", "directories", "links", found_by="way"),
        **fields_of(found, "complete", "damage", "settings"),
        "parity": found.parity and fields_of(found.parity, "data_sectors", "parity_sectors", "groups", "sidecar"),
        "set": found.set and _json_set(found.set),
    }
    return json_line(fields)


def _json_set(found: SetSummary) -> dict[str, Any]:
    return {
        "id": found.set_id.hex(),
        "name": found.name,
        "volume": found.volume and fields_of(found.volume, "label", "number", "kind"),
        **fields_of(found, "at_hand", "known", "last", "missing"),
    }
