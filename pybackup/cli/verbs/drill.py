"""pybackup drill."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from pybackup.options.mending import DrillRequest

from ..json_form import fields_of, json_line
from ..monitor import Talk
from ..options import add_options, add_talk, asked_of, talk_of
from ..results import conclude
from ..statuses import Status
from ..streams import deliver, deliver_lines
from ..text import count, display

if TYPE_CHECKING:
    from pybackup.check.drill import DrillOutcome, DrillPlan

EPILOG = """\
Damages copies of FILE, repairs and restores them, compares the result with FILE, and prints the forecast beside the
outcome. FILE, an archive or a file with its sidecar, is only read; DIR needs room for two copies of it.
By default each kind of damage is tried just below the forecast limit and just above it. For insert and delete the
fraction is the number of bytes inserted or removed, at a few places. The same seed gives the same damage.
Bad sectors whose content is in FILE a second time are restored from there, which no forecast knows; "stood twice" says
how many. The exit status is 1 if a forecast was wrong, or a file was restored with wrong content.

examples:
  pybackup drill docs.xtar
  pybackup drill docs.xtar --damage scratches --fraction 5% --rounds 10 --work-dir /var/tmp
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    add_options(parser, DrillRequest)
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Damage copies, repair and restore them, and compare; return the exit status."""
    from pybackup.check.drill import plan_drill
    from pybackup.jobs.drill import perform_drill

    with talk_of(options, options.file) as talk:
        plan = plan_drill(options.file, asked_of(DrillRequest, options, talk).drilling(), talk)
        outcomes = []
        for outcome in perform_drill(plan, talk):
            outcomes.append(outcome)
            if not options.json and not (options.quiet and outcome.agrees):
                with talk.aside():
                    deliver_lines([_line(outcome, plan), *_named(outcome)])
        talk.finish()
        if options.json:
            deliver([_json(options, plan, outcomes)])
        return _conclude(outcomes, talk)


def _conclude(outcomes: list[DrillOutcome], talk: Talk) -> int:
    wrong = sum(not outcome.agrees for outcome in outcomes)
    right = f"{len(outcomes) - wrong:,} of {count(len(outcomes), 'round')} went as forecast"
    status = conclude(talk, right if outcomes else "there is nothing to drill")
    return Status.PROBLEMS if wrong else status


def _line(outcome: DrillOutcome, plan: DrillPlan) -> str:
    bout = outcome.bout
    what = f"{bout.model:<9}  {100 * bout.fraction:6.2f} %  {outcome.bad:>9,} bad  seed {bout.seed:<4}"
    verdict = "agrees" if outcome.agrees else "DISAGREES"
    return f"{what}  forecast: {_forecast(bout.chance):<16}  outcome: {_outcome(outcome, plan):<24}  {verdict}"


def _forecast(chance: float) -> str:
    from pybackup.parity.odds.prospect import is_decided

    if not is_decided(chance):
        return f"probability {min(max(chance, 0.01), 0.99):.2f}"
    return "survives" if chance > 0.5 else "beyond"


def _outcome(outcome: DrillOutcome, plan: DrillPlan) -> str:
    if outcome.whole:
        return f"all back, {outcome.twice:,} stood twice" if outcome.twice else "all back"
    if outcome.claimed:
        return "repaired, but NOT what it was"
    if not plan.is_archive:
        return "not whole"
    lost = f"{count(len(outcome.lost), 'file')} lost" if outcome.lost else "not whole, no file lost"
    if outcome.nameless:
        lost += f" ({outcome.nameless:,} in lost+found)"
    return f"{lost}, {len(outcome.wrong):,} WRONG" if outcome.wrong else lost


def _named(outcome: DrillOutcome) -> list[str]:
    return [f"  wrong content: {display(name)}" for name in outcome.wrong]


def _json(options: argparse.Namespace, plan: DrillPlan, outcomes: list[DrillOutcome]) -> bytes:
    rounds = [
        {
            **fields_of(outcome.bout, "model", "fraction", "seed"),
            "bad_sectors": outcome.bad,
            "forecast": outcome.bout.chance,
            "all_back": outcome.whole,
            "files_lost": len(outcome.lost) if plan.is_archive else None,
            **fields_of(outcome, files_in_lost_found="nameless", sectors_found_elsewhere="twice", files_wrong="wrong"),
            "agrees": outcome.agrees,
        }
        for outcome in outcomes
    ]
    return json_line({"file": options.file, "rounds": rounds})
