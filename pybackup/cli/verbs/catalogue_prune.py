"""pybackup catalogue prune."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pybackup.options.values import retention

from ..catalogue import add_catalogue, json_medium, opened, where
from ..json_form import json_line
from ..options import add_talk, argument, talk_of
from ..results import conclude
from ..streams import deliver, deliver_lines
from ..text import count, humane_bytes, local_time, printable

if TYPE_CHECKING:
    from pybackup.catalogue.pruning import Pruning
    from pybackup.model.catalogued import CataloguedRun

EPILOG = """\
RULES say which runs of the chain must stay restorable: at least one of last=3,daily=14,weekly=8,monthly=12,yearly=5,
within=30d; the newest run always stays. A medium is superseded when neither these runs nor another chain need anything
on it. --plan only shows that. Without it such media are marked as retired: they do not count as copies any more, and
can be thrown away. Nothing is ever deleted from any medium.

examples:
  pybackup catalogue prune docs --keep daily=14,monthly=12 --plan
  pybackup catalogue prune docs --keep last=10,yearly=10
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    parser.add_argument("chain", metavar="CHAIN", help="the name of a chain")
    parser.add_argument(
        "--keep",
        metavar="RULES",
        type=argument(retention),
        required=True,
        help="which runs stay restorable, such as last=3,daily=14,monthly=12",
    )
    parser.add_argument("--plan", action="store_true", help="only show which runs stay and why, and which media can go")
    add_catalogue(parser)
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Show what the rules come to, and mark what is superseded."""
    with talk_of(options, b"") as talk, opened(options) as catalogue:
        from pybackup.catalogue.pruning import plan_pruning, retire

        found = plan_pruning(catalogue, options.chain, options.keep)
        if not options.plan:
            retire(catalogue, found.superseded)
        if options.json:
            deliver([_json(found, options)])
        else:
            deliver_lines(_lines(found, is_plan=options.plan))
        return conclude(talk)


def _lines(found: Pruning, *, is_plan: bool) -> Iterator[str]:
    for run, why in found.kept:
        yield f"keep  {_named(run)}  {'; '.join(why)}"
    yield from (f"drop  {_named(run)}" for run in found.dropped)
    for known in found.superseded:
        held = known.volume
        content = f"{count(held.files, 'file')} of {humane_bytes(held.content_bytes)}"
        yield f"{'superseded' if is_plan else 'retired'}  {where([known])}  {content}"
    runs = f"{count(len(found.kept), 'run')} of {len(found.kept) + len(found.dropped):,} kept"
    yield f"{runs}, {count(len(found.superseded), 'medium', 'media')} superseded"


def _named(run: CataloguedRun) -> str:
    return f"{local_time(run.mark.at_ns / 1e9)}  {run.mark.level:12}  {printable(run.volumes[-1].name)}"


def _json(found: Pruning, options: argparse.Namespace) -> bytes:
    return json_line(
        {
            "chain": options.chain,
            "plan": options.plan,
            "kept": [{**_json_run(run), "reasons": why} for run, why in found.kept],
            "dropped": [_json_run(run) for run in found.dropped],
            "superseded": [json_medium(known) for known in found.superseded],
        }
    )


def _json_run(run: CataloguedRun) -> dict[str, object]:
    return {"run_at_ns": run.mark.at_ns, "level": run.mark.level.value, "volumes": [held.name for held in run.volumes]}
