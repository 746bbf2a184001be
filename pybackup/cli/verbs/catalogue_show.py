"""pybackup catalogue show."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ..catalogue import add_catalogue, add_medium, checked, json_medium, opened
from ..json_form import json_line
from ..options import add_talk, talk_of
from ..results import conclude
from ..streams import deliver, deliver_lines
from ..text import count, display, humane_bytes, local_time, percentage, printable

if TYPE_CHECKING:
    from pybackup.model.catalogued import Medium, MediumCheck

EPILOG = """\
With the history of its checks: bad sectors, and how much of its parity's capacity to repair is left.

examples:
  pybackup catalogue show 'docs 1'
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    add_medium(parser)
    add_catalogue(parser)
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Show all that is known of a medium."""
    with talk_of(options, b"") as talk, opened(options) as catalogue:
        from pybackup.catalogue.health import health_of
        from pybackup.catalogue.media import find_medium

        known = find_medium(catalogue, options.medium)
        history = health_of(catalogue, known.id)
        if options.json:
            deliver([json_line({**json_medium(known), "checks": history})])
        else:
            deliver_lines(f"{name + ':':<14}{value}" for name, value in _fields(known, history))
        return conclude(talk)


def _fields(known: Medium, history: Sequence[MediumCheck]) -> Iterator[tuple[str, str]]:
    held = known.volume
    yield "medium", printable(known.label)
    yield "type", known.type.value
    yield "state", f"{known.state.value}, {checked(known)}"
    yield "place", printable(known.place) or "not known"
    if known.location:
        yield "found at", display(known.location)
    if held.title:
        yield "title", printable(held.title)
    if held.description:
        yield "description", printable(held.description)
    yield "volume", f"{printable(held.name)}, {held.sort.value} {held.identity.hex()}"
    if held.set_id:
        last = ", the last" if held.last else ""
        yield "set", f"{printable(held.set_name)} {held.set_id.hex()}, number {held.number}{last}"
    yield "content", f"{count(held.files, 'file')}, {humane_bytes(held.content_bytes)}"
    if known.capacity_bytes:
        used = held.n_bytes or held.content_bytes
        yield "size", f"{humane_bytes(known.capacity_bytes)}, {percentage(used, known.capacity_bytes)} full"
    yield "entered", local_time(known.added_ns / 1e9)
    if known.seen_ns is not None:
        yield "last seen", local_time(known.seen_ns / 1e9)
    for each in history:
        bad = f", {count(each.bad_sectors, 'bad sector')} of {each.sectors:,}" if each.sectors else ""
        margin = f", {100 * each.margin:.0f} % of the parity left" if each.margin is not None else ""
        by = f", by {printable(each.means)}" if each.means else ""
        yield "check", f"{local_time(each.at_ns / 1e9)}: {each.verdict}{bad}{margin}{by}"
