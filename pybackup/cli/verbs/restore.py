"""pybackup restore."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from pybackup.errors import PybackupError, UsageError
from pybackup.model.problem import Trouble
from pybackup.options.restoring import RestoreRequest

from ..asking import OneDrive, ask_for_volume, is_somebody_there
from ..json_form import json_line
from ..monitor import Talk
from ..options import add_options, add_talk, asked_of, talk_of
from ..results import check_complete, conclude, tell_condition
from ..statuses import Status
from ..streams import deliver, deliver_lines
from ..text import count, display, duration, humane_bytes, printable, reason_of

if TYPE_CHECKING:
    from pybackup.archive.open import OpenArchive
    from pybackup.archive.runs import Runs
    from pybackup.jobs.restore import RestoredRun
    from pybackup.model.restorable import NeededVolume, RestorableRun

EPILOG = """\
CHAIN is a chain in the catalogue (made with 'create --chain'); or an archive or a directory of volumes, with the
archives that it builds on as MORE, in any order and as far as they are at hand.
Restores the newest run that began at TIME or before; the times of files do not matter. A TIME without a time of day
means the end of that day.
--plan shows which media to fetch, in the order to insert them, sound ones first. At a terminal each needed medium is
asked for by its label. Files that cannot be restored are named with the medium that would help; all others are
restored.
--delete makes restored directories exactly as they were: after everything is restored, all other entries in them are
deleted.

examples:
  pybackup restore docs --to /tmp/back
  pybackup restore docs --at 2026-10-31 --plan
  pybackup restore docs 'docs/*.txt' --at '2 weeks ago' --to /tmp/back --nearest
  pybackup restore monday.xtar tuesday.xtar wednesday.xtar --to /tmp/back --at oldest
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    add_options(parser, RestoreRequest, optional=("to",))
    parser.add_argument("--plan", action="store_true", help="only show which media are needed, and where they are")
    parser.add_argument(
        "--drive",
        metavar="DEVICE",
        type=os.fsencode,
        help="ask for discs in this one drive: each is copied to --work-dir before the next",
    )
    add_talk(parser, verbose=True)


def perform(options: argparse.Namespace) -> int:
    """Restore the tree of a run, or show which media that needs; return the exit status."""
    from pybackup.host.workers import is_usual, make_executor
    from pybackup.jobs.chain_runs import run_at, runs_of
    from pybackup.jobs.restore import restore_run
    from pybackup.mend.identify import IdentifyingMender

    if options.to is None and not options.plan:
        raise UsageError("restore: --to DIR is missing (or --plan)\ntry: pybackup restore --help")
    with ExitStack() as stack:
        talk = stack.enter_context(talk_of(options, options.chain))
        asked = asked_of(RestoreRequest, options, talk, to=options.to or b".")
        early = not (options.patterns or options.plan) and is_usual(options.workers)
        executor = stack.enter_context(make_executor(options.workers, monitor=talk)) if early else None
        where = options.work_dir or (os.path.dirname(os.path.abspath(options.to)) if options.to else None)
        identifying = stack.enter_context(IdentifyingMender(where, talk))
        runs = runs_of([options.chain, *options.patterns], options.catalogue, talk, identifying)
        run = run_at(runs, options.at)
        start = time.monotonic()
        if options.plan:
            return _show_plan(runs, run, options, talk)
        archive = _gathered(runs, run, options, stack, talk)
        tell_condition(archive.listing, talk)
        done = restore_run(runs, run, archive, asked, executor=executor, monitor=talk)
        check_complete(done.extracted.plan.listing, talk)
        status = conclude(talk, _summary(done, time.monotonic() - start, talk))
        if options.json:
            deliver([_json(done, options, talk)])
        nothing = done.extracted.plan.files and not done.extracted.files and not done.older
        lost = any(problem.trouble is Trouble.LOST for problem in talk.problems)
        return Status.BEYOND if nothing and lost else status


def _gathered(runs: Runs, run: RestorableRun, options: argparse.Namespace, stack: ExitStack, talk: Talk) -> OpenArchive:
    """Ask at the terminal for media of the run that are not at hand, and open the run with what was given."""
    from pybackup.archive.matching import select

    drive = None
    if options.drive is not None:
        work_dir = options.work_dir or os.path.dirname(os.path.abspath(options.to))
        drive = OneDrive(options.drive, work_dir, stack)
    # The index of the last volume lists where everything else is.
    _ask_for(runs, run, [] if runs.files.get(run.archive) else runs.where(run.volumes[-1:]), drive, talk)
    archive = stack.enter_context(runs.open(run, talk))
    needs = runs.needs_of(archive, select(archive.listing, runs.patterns))
    missing = [each for each in needs if not each.path and not each.is_rebuilt]
    if _ask_for(runs, run, missing, drive, talk):
        archive = stack.enter_context(runs.open(run, talk))
    return archive


def _ask_for(
    runs: Runs, run: RestorableRun, missing: Sequence[NeededVolume], drive: OneDrive | None, talk: Talk
) -> bool:
    """Ask for missing volumes one after the other, and return whether any was given."""
    if missing and not is_somebody_there(talk):
        talk.note(f"needed, but not given: {', '.join(_named(each) for each in missing)}")
        return False
    given = False
    for each in missing:
        while (name := ask_for_volume(_named(each), drive)) is not None:
            path = drive.freed(name, talk) if drive else name
            try:
                if runs.take(run, each.needed.identity, path):
                    given = True
                    break
                talk.note(f"{printable(os.fsdecode(name))}: that is not {each.label}")
            except PybackupError as error:
                talk.note(printable(reason_of(error)))
    return given


def _named(each: NeededVolume) -> str:
    """Return the label of a medium, with its place and what is wrong with it."""
    told = [each.state] if each.media and each.state != "ok" else []
    told += [f"at {each.media[0].place}"] if each.media and each.media[0].place else []
    return printable(each.label) + (f" ({', '.join(told)})" if told else "")


def _show_plan(runs: Runs, run: RestorableRun, options: argparse.Namespace, talk: Talk) -> int:
    from pybackup.archive.matching import select
    from pybackup.jobs.restore import shown_time

    if runs.files.get(run.archive):
        with runs.open(run, talk) as archive:
            needed = runs.needs_of(archive, select(archive.listing, runs.patterns))
    else:
        # Only the last volume's index says which media hold the wanted files.
        needed = runs.where([each for each in (*run.volumes[::-1], *run.needs) if each.files])
        if runs.patterns:
            talk.note("the last volume is not at hand, so these are the media of the whole run")
    if options.json:
        fields = {"chain": run.mark.chain if run.mark else None, "run_at_ns": run.mark.at_ns if run.mark else None}
        deliver([json_line({**fields, "plan": [_json_needed(each) for each in needed], "problems": talk.problems})])
    else:
        deliver_lines(_plan_lines(needed, shown_time(run)))
    return conclude(talk)


def _plan_lines(needed: Sequence[NeededVolume], at: str) -> Iterator[str]:
    for number, each in enumerate(needed, 1):
        where = display(each.path) if each.path else ("not at hand" if each.media else "not at hand, and not known")
        if each.is_rebuilt:
            where = "comes back by recovery volumes"
        content = f"{count(each.needed.files, 'file')} of {humane_bytes(each.needed.n_bytes)}"
        yield f"{number}. {_named(each)}: {content}; {where}"
    media = count(sum(not each.is_rebuilt for each in needed), "medium", "media")
    yield f"{media} for the run of {at}" if at else media


def _json_needed(each: NeededVolume) -> dict[str, object]:
    return {
        "label": each.label,
        "volume": each.needed.label,
        "state": each.state,
        "place": each.media[0].place if each.media else "",
        "path": each.path or None,
        "files": each.needed.files,
        "content_bytes": each.needed.n_bytes,
    }


def _summary(done: RestoredRun, seconds: float, talk: Talk) -> str:
    from pybackup.jobs.restore import shown_time

    plan, at = done.extracted.plan, shown_time(done.run)
    parts = [
        *([f"as of {at}"] if at else []),
        f"{done.extracted.files:,} of {count(plan.files, 'file')}",
        humane_bytes(done.extracted.n_bytes),
        *([f"{len(done.older):,} older"] if done.older else []),
        *([f"{len(done.deleted):,} deleted"] if done.deleted else []),
        duration(seconds),
        count(len(talk.problems), "problem"),
    ]
    return f"{display(plan.target)}: {', '.join(parts)}"


def _json(done: RestoredRun, options: argparse.Namespace, talk: Talk) -> bytes:
    mark, extracted = done.run.mark, done.extracted
    return json_line(
        {
            "chain": mark.chain if mark else None,
            "run_at_ns": mark.at_ns if mark else None,
            "target": extracted.plan.target,
            "entries": len(extracted.plan.entries),
            "files": extracted.files,
            "content_bytes": extracted.n_bytes,
            "unplaced": extracted.unplaced,
            "media": [_json_needed(each) for each in done.media],
            "older": [{"path": path, "run_at_ns": run.mark.at_ns if run.mark else None} for path, run in done.older],
            "deleted": done.deleted,
            "problems": talk.problems,
        }
    )
