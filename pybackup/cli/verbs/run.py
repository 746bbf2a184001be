"""pybackup run."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pybackup.errors import PybackupError, UsageError
from pybackup.make.levels import LEVELS
from pybackup.options import values

from ..asking import ask, is_somebody_there
from ..jobfiles import WHERE, add_config, job_named, loaded
from ..json_form import fields_of, json_line
from ..monitor import Talk
from ..options import add_talk, argument, talk_of
from ..pages import check_report, page_path, write_page
from ..reasons import words_of_end
from ..results import conclude
from ..statuses import Status, status_of
from ..streams import deliver, deliver_lines, say
from ..text import count, duration, humane_bytes, printable

if TYPE_CHECKING:
    from pybackup.jobfiles.dry_run import WouldMake
    from pybackup.jobfiles.job import Job
    from pybackup.jobfiles.report import Report
    from pybackup.jobfiles.tasks import Given

EPILOG = f"""\
{WHERE}A JOB that ends in .toml is a file, all jobs of which are run. If one of several jobs fails, the others
are still run; the exit status is the worst of theirs.

A hook before a run can skip it by ending with status 75, for example if a drive is missing. Hooks after it always run.

examples:
  pybackup run work
  pybackup run work photos --comment 'before the move'
  pybackup run ./this.toml --dry-run
  pybackup run work --html work.html
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    parser.add_argument("jobs", metavar="JOB", nargs="+", help="the name of a job, or a job file")
    parser.add_argument("--comment", metavar="TEXT", help="a comment for the archives, and for names with {comment}")
    parser.add_argument(
        "--since", metavar="DATE", type=argument(values.since), help="only files modified since, as for create"
    )
    parser.add_argument(
        "--level", choices=LEVELS, help="the level of this run, instead of the job's; the run is one of a chain"
    )
    parser.add_argument("--dry-run", action="store_true", help="only show what would be made")
    parser.add_argument(
        "--html", metavar="FILE.html", type=argument(page_path), help="also write a report for a browser"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace an existing page")
    add_config(parser)
    add_talk(parser, verbose=True)


def perform(options: argparse.Namespace) -> int:
    """Run the jobs one after the other; return the worst exit status."""
    from pybackup.jobfiles.tasks import Given

    check_report(options.html, (), replace=options.overwrite)
    jobs = _jobs(options)
    given = Given(_comment(jobs, options), options.since, options.level)
    reports: list[Report] = []
    status = max(_run(job, given, options, reports) for job in jobs)
    if options.html is not None and not options.dry_run:
        from ..pages.run_page import render_runs

        # The page names the archives made, so only users who may read these may read the page.
        about = [os.fsencode(made.path) for report in reports for made in report.made]
        write_page(options.html, render_runs(reports), about, replace=options.overwrite)
    return status


def _comment(jobs: Sequence[Job], options: argparse.Namespace) -> str | None:
    """Return the given comment; ask for it at the terminal if a name in a job contains ``{comment}``."""
    wanted = any(
        "{comment}" in str(job.get("output", job.get("volumes", ""))) and not job.get("comment") for job in jobs
    )
    if options.comment is not None or options.dry_run or options.json or not wanted:
        return str(options.comment) if options.comment is not None else None
    with talk_of(options, b"") as talk:
        answer = ask("a comment for this run (empty: none): ") if is_somebody_there(talk) else None
    return os.fsdecode(answer) if answer else None


def _jobs(options: argparse.Namespace) -> Sequence[Job]:
    from pybackup.jobfiles.load import load_all

    files = [name for name in options.jobs if name.endswith(".toml")]
    configuration = loaded(options, files)
    chosen: dict[str, Job] = {}
    for name in options.jobs:
        # Other job files complete the values of this one, but only the jobs that it names are run.
        names = list(load_all([], [name])[0].jobs) if name in files else [name]
        chosen |= {each: job_named(configuration, each) for each in names}
    if not chosen:
        raise UsageError(f"{printable(files[0])}: no job is in it")
    return list(chosen.values())


def _run(job: Job, given: Given, options: argparse.Namespace, reports: list[Report]) -> int:
    from pybackup.jobfiles.dry_run import dry_run
    from pybackup.jobfiles.perform import Wording, run_job

    with talk_of(options, job.name.encode()) as talk:
        if options.dry_run:
            planned = dry_run(job, given, talk)
            if options.json:
                would = fields_of(planned, "would_make", "would_delete")
                told = {"job": job.name, "dry_run": True, **would, "problems": talk.problems}
                deliver([json_line(told)])
            else:
                lines = [_planned(each) for each in planned.would_make]
                lines += [f"{path} would be deleted" for path in planned.would_delete]
                deliver_lines(printable(f"job {job.name}: {line}") for line in lines)
            return conclude(talk)
        report = run_job(job, given, Wording(status_of, _reason), talk)
        reports.append(report)
        if options.json:
            deliver([json.dumps(report.fields(), ensure_ascii=True).encode() + b"\n"])
        _say(report, talk)
        return Status(report.status)


def _reason(error: BaseException) -> str:
    """Return why a job failed, with options named like the keys of job files."""
    status = status_of(error)
    if status is Status.BUG:
        import traceback

        say("".join(traceback.format_exception(error)).rstrip())
    return str(error) if isinstance(error, PybackupError) else words_of_end(error, status)


def _say(report: Report, talk: Talk) -> None:
    """Print the problems of a run again, the output of hooks that failed, and a summary."""
    talk.repeat_problems()
    for hook in report.hooks:
        if hook.failure and hook.output:
            talk.say(printable(f"pybackup: {hook.command} said:"))
            for line in hook.output.rstrip().splitlines():
                talk.say(f"  {printable(line)}")
    word = "skipped" if report.state == "skipped" else "failed"
    for failure in report.failures:
        words = printable(f"job {report.job} {word}: {failure}")
        if word == "skipped":
            talk.note(words)
        else:
            talk.say(f"pybackup: {words}")
    talk.summary(_summary(report))


def _planned(each: WouldMake) -> str:
    also = f" and {each.exported}" if each.exported else ""
    return f"{each.path}{also} would hold {count(each.files, 'file')} of {humane_bytes(each.content_bytes)}"


def _summary(report: Report) -> str:
    noun = {"snapshot": "snapshot", "stage": "disc"}.get(report.mode, "file")
    parts = [
        report.state,
        *([count(len(report.made), noun) + " made"] if report.made else []),
        *([count(len(report.deleted), noun) + " deleted"] if report.deleted else []),
        f"{count(report.files, 'file')} of {humane_bytes(report.content_bytes)}",
        duration(report.seconds),
        count(len(report.problems), "problem"),
    ]
    return printable(f"job {report.job}: {', '.join(parts)}")
