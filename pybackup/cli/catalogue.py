"""What the verbs of the catalogue share: choosing the catalogue, and showing media and entries."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from pybackup.errors import EnvironmentFailed, UsageError

from .json_form import fields_of, json_line
from .streams import deliver, deliver_lines
from .text import count, display, humane_bytes, local_time, printable

if TYPE_CHECKING:
    from pybackup.catalogue.connect import Catalogue
    from pybackup.jobs.catalogue_enter import AddedMedium
    from pybackup.model.catalogued import CataloguedVolume, Medium, Sighting

    from .monitor import Talk

_HASH_CHARACTERS = 64
_MOST_MEDIA = 4  # at most so many media are named in a line


def add_catalogue(parser: argparse.ArgumentParser) -> None:
    """Add the option that chooses the catalogue."""
    parser.add_argument(
        "--catalogue",
        metavar="URL",
        help="a file of SQLite, or postgresql://..., mariadb://... (default: $PYBACKUP_CATALOGUE, the configuration's, "
        "else your own file)",
    )


def add_medium(parser: argparse.ArgumentParser) -> None:
    """Add the argument that names a medium."""
    parser.add_argument("medium", metavar="MEDIUM", help="label of a medium, or how it begins; see 'catalogue list'")


def address_of(options: argparse.Namespace) -> str:
    """Return the address of the catalogue.

    Raises
    ------
    EnvironmentFailed
        SQLAlchemy is not installed.
    """
    from pybackup.catalogue.default import default_address

    try:
        import pybackup.catalogue.connect  # noqa: F401 - imported to see whether SQLAlchemy is installed
    except ModuleNotFoundError as error:
        raise EnvironmentFailed(f"the catalogue needs {error.name}: pip install {error.name}") from error
    address: str = options.catalogue or default_address()
    return address


def opened(options: argparse.Namespace) -> Catalogue:
    """Open the catalogue, as a context manager."""
    address = address_of(options)
    from pybackup.catalogue.connect import open_catalogue

    return open_catalogue(address)


def sha256(text: str) -> bytes:
    """Return the bytes of a SHA-256 given as hexadecimal digits."""
    try:
        digest = bytes.fromhex(text)
    except ValueError:
        digest = b""
    if len(text) != _HASH_CHARACTERS or len(digest) != _HASH_CHARACTERS // 2:
        raise UsageError(f"a SHA-256 has 64 hexadecimal digits: {text!r}")
    return digest


def media_lines(media: Sequence[Medium]) -> Iterator[str]:
    """Yield a line for each medium, in columns."""
    rows = [_columns(known) for known in media]
    widths = [max(map(len, column), default=0) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()


def _columns(known: Medium) -> tuple[str, ...]:
    held = known.volume
    used = held.n_bytes or held.content_bytes
    size = humane_bytes(known.capacity_bytes or 0)
    full = f"{100 * used / known.capacity_bytes:.0f} % of {size} full" if known.capacity_bytes else ""
    return (
        printable(known.label),
        # Names the set and number of the volume, unless the label is the same.
        printable(held.name) if held.set_id and held.name != known.label else "",
        known.type.value,
        count(held.files, "file"),
        humane_bytes(held.content_bytes),
        full,
        known.state.value,
        checked(known),
        printable(known.place) or "-",
    )


def checked(known: Medium) -> str:
    """Return in words when all of a medium was last read."""
    if known.checked_ns is not None:
        return f"checked {date(known.checked_ns)}"
    return "never seen" if known.seen_ns is None else "never checked"


def date(at_ns: int) -> str:
    """Return the date of a point in time given in nanoseconds since 1970."""
    return local_time(at_ns / 1e9).split(" ")[0]


def where(media: Iterable[Medium]) -> str:
    """Return the labels of media with their places, and their states unless these are "ok"."""
    named = []
    for known in media:
        notes = [known.state.value] * (known.state.value != "ok") + [f"at {printable(known.place)}"] * bool(known.place)
        named.append(printable(known.label) + (f" ({', '.join(notes)})" if notes else ""))
    more = f" and {count(len(named) - _MOST_MEDIA, 'more')}" if len(named) > _MOST_MEDIA + 1 else ""
    return ", ".join(named[:_MOST_MEDIA] if more else named) + more or "nowhere"


def sighting_line(found: Sighting, media: Iterable[Medium] | None = None) -> str:
    """Return a line with an entry, its size, its time and the media that hold it."""
    filed = found.filed
    part = f", segments {filed.first_part + 1}-{filed.first_part + filed.parts_here} of {filed.parts}" * bool(
        filed.parts
    )
    when = local_time(filed.mtime_ns / 1e9)
    on = where(found.media if media is None else media)
    return f"{display(filed.path)}  {humane_bytes(filed.size)}{part}  {when}  {on}"


def grouped(found: Iterable[Sighting]) -> Iterator[tuple[Sighting, list[Medium]]]:
    """Group sightings of the same file: yield one of them, and all media with it."""
    groups: dict[Any, tuple[Sighting, list[Medium]]] = {}
    for each in found:
        filed = each.filed
        key = filed.path, filed.size, filed.mtime_ns, filed.sha256, filed.first_part, filed.parts
        groups.setdefault(key, (each, []))[1].extend(each.media)
    return iter(groups.values())


def json_medium(known: Medium) -> dict[str, Any]:
    """Return a medium as an object for JSON."""
    return {
        **fields_of(known, "label", "type", "state", "place"),
        "location": known.location or None,
        **fields_of(known, "capacity_bytes", "added_ns", "seen_ns", "checked_ns"),
        "volume": json_volume(known.volume),
    }


def json_volume(held: CataloguedVolume) -> dict[str, Any]:
    """Return a volume as an object for JSON."""
    return {
        "id": held.identity.hex(),
        "kind": held.sort,
        "name": held.name,
        "set": {"id": held.set_id.hex(), "name": held.set_name, "number": held.number, "last": held.last}
        if held.set_id
        else None,
        **fields_of(held, "title", "description", bytes="n_bytes"),
        **fields_of(held, "files", "content_bytes", "entries"),
    }


def json_sighting(found: Sighting, media: Iterable[Medium] | None = None) -> dict[str, Any]:
    """Return an entry and its media as an object for JSON."""
    from pybackup.model.entry import Kind

    filed = found.filed
    return {
        "path": filed.path,
        "kind": Kind(filed.kind).name.lower(),
        "size": filed.size,
        "mtime_ns": filed.mtime_ns,
        "mode": f"{filed.mode:04o}",
        "sha256": filed.sha256.hex() if filed.sha256 and not filed.sparse else None,
        "segments": {"first": filed.first_part, "here": filed.parts_here, "of": filed.parts} if filed.parts else None,
        "nested": filed.nested,
        "media": [fields_of(known, "label", "state", "place") for known in (found.media if media is None else media)],
    }


def _added_line(added: AddedMedium) -> str:
    """Return a line on the outcome of entering a medium."""
    entered, held = added.entered, added.medium.volume
    what = f"{count(held.files, 'file')}, {humane_bytes(held.content_bytes)}"
    if entered.changed:
        how = f"changed: {entered.added:,} new, {entered.altered:,} altered, {entered.gone:,} gone"
    elif entered.new_volume:
        how = "new"
    else:
        how = "a new copy of a volume that is known" if entered.new_medium else "known already"
    told = f"; its index also lists {printable(', '.join(added.told))}" if added.told else ""
    return f"{printable(entered.label)}: {how}; {what}, {display(added.path)}{told}"


def deliver_added(media: Iterable[AddedMedium], options: argparse.Namespace, talk: Talk) -> None:
    """Print a line, or one of JSON, for each medium as soon as it is entered."""
    for added in media:
        with talk.aside():
            if options.json:
                deliver([_json_added(added)])
            elif not options.quiet:
                deliver_lines([_added_line(added)])


def _json_added(added: AddedMedium) -> bytes:
    """Return the outcome of entering a medium, as a line of JSON."""
    entered = added.entered
    fields: dict[str, Any] = {
        "path": added.path,
        "medium": json_medium(added.medium),
        "new_volume": entered.new_volume,
        "new_medium": entered.new_medium,
        "changed": {"new": entered.added, "altered": entered.altered, "gone": entered.gone}
        if entered.changed
        else None,
        "told": list(added.told),
    }
    return json_line(fields)


def warn_of_worsening(catalogue: Catalogue, talk: Talk) -> None:
    """Note the media whose damage grows from check to check."""
    from pybackup.catalogue.health import worsening

    for known, how in worsening(catalogue):
        talk.note(f"{printable(known.label)}: {how}")


def since(age_ns: int | None) -> int | None:
    """Return the point in time ``age_ns`` nanoseconds ago; None for None."""
    return None if age_ns is None else time.time_ns() - age_ns
