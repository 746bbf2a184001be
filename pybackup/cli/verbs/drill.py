"""pybackup drill."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from pybackup.errors import UsageError

from ..monitor import Talk
from ..options import add_talk, add_workers, talk_of
from ..results import conclude
from ..statuses import Status
from ..streams import deliver, deliver_lines
from ..text import count, display, json_line, json_name
from ..values import argument, directory, natural, path, positive

if TYPE_CHECKING:
    from pybackup.check.drill import DrillOutcome, DrillPlan

_MODELS = (
    "flips",
    "scattered",
    "burst",
    "scratches",
    "start",
    "end",
    "both",
    "truncate",
    "insert",
    "delete",
)
EPILOG = """\
Damages copies of FILE, repairs and restores them, compares with FILE, and prints what was forecast beside what
happened. FILE itself, an archive or a file with its sidecar beside it, is only read; two copies need room in DIR.
By default each model is tried just below the limit that is forecast, and just past it. The fraction of insert and
delete is the number of bytes, put in or taken out at a few places. The same seed does the same damage.
Bad sectors whose content stands elsewhere in FILE, too, come back from there: no forecast knows of them, "stood twice"
says how many. The exit status is 1 where a forecast was wrong, or a file came back with wrong content.

examples:
  pybackup drill docs.xtar
  pybackup drill docs.xtar --damage scratches --fraction 5% --rounds 10 --work-dir /var/tmp
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add = parser.add_argument
    add("file", metavar="FILE", type=argument(path), help="an archive, or a file with a sidecar")
    add("--damage", action="append", choices=_MODELS, help="only this kind of damage; may be repeated")
    add("--fraction", metavar="P", type=argument(fraction), help="hit this part of the sectors, such as 5%%")
    add("--seed", metavar="N", type=argument(natural), default=0, help="of the first round (default: 0)")
    add("--rounds", metavar="K", type=argument(positive), default=1, help="of each kind, each with a seed of its own")
    add(
        "--work-dir", metavar="DIR", type=argument(directory), help="where the copies lie (default: that of the system)"
    )
    add_workers(parser.add_argument_group("speed"))
    add_talk(parser)


def fraction(text: str) -> float:
    """Return a part of a whole: ``5%`` is 0.05."""
    try:
        value = float(text.removesuffix("%")) / 100 if text.endswith("%") else -1.0
    except ValueError:
        value = -1.0
    if not 0 < value <= 1:
        raise UsageError(f"not a percentage above 0 and up to 100, such as 5%: {text!r}")
    return value


def perform(options: argparse.Namespace) -> int:
    """Damage, repair, restore, compare."""
    from pybackup.check.drill import DrillOptions, plan_drill
    from pybackup.jobs.drill import perform_drill
    from pybackup.parity.odds.harm import Model

    models = tuple(Model(name) for name in dict.fromkeys(options.damage or _MODELS))
    asked = DrillOptions(
        models, options.fraction, options.seed, options.rounds, options.work_dir, workers=options.workers
    )
    with talk_of(options, options.file) as talk:
        plan = plan_drill(options.file, asked, talk)
        outcomes = []
        for outcome in perform_drill(plan, talk):
            outcomes.append(outcome)
            if not options.json and not (options.quiet and outcome.agrees):
                deliver_lines([_line(outcome, plan), *_named(outcome)])
        talk.end()
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
            "model": str(outcome.bout.model),
            "fraction": outcome.bout.fraction,
            "seed": outcome.bout.seed,
            "bad_sectors": outcome.bad,
            "forecast": outcome.bout.chance,
            "all_back": outcome.whole,
            "files_lost": len(outcome.lost) if plan.is_archive else None,
            "files_in_lost_found": outcome.nameless,
            "sectors_found_elsewhere": outcome.twice,
            "files_wrong": [json_name(name) for name in outcome.wrong],
            "agrees": outcome.agrees,
        }
        for outcome in outcomes
    ]
    return json_line({"file": json_name(options.file), "rounds": rounds})
