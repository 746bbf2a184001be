"""pybackup extract."""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

from pybackup.errors import UsageError
from pybackup.model.entry import Kind
from pybackup.model.problem import Trouble
from pybackup.options.restoring import ExtractRequest

from ..asking import OneDrive, ask_for_volumes
from ..json_form import json_line
from ..monitor import Talk
from ..options import add_options, add_talk, asked_of, talk_of
from ..results import check_complete, conclude, tell_condition
from ..streams import deliver, deliver_lines
from ..text import count, display, duration, humane_bytes, reason_of

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from pybackup.archive.open import OpenArchive
    from pybackup.restore.plan import RestorePlan
    from pybackup.restore.result import Extracted

EPILOG = """\
A PATTERN is the path of an entry, as it is or as list shows it, or else a glob, in which * matches slashes too and a
backslash escapes the next character. Everything below a matching directory is extracted too.
ARCHIVE and MORE may be volumes of one set, in any order: files, ISO images, devices, or directories of them.
They may also be the archives of a chain (--since-archive): together they give the tree as of the last one.
Damage is repaired on the way as far as parity, other copies and recovery volumes allow.
Nothing outside DIR is ever touched, and no file gets its name before its content has been checked.

examples:
  pybackup extract docs.xtar --to /tmp/back
  pybackup extract docs.xtar more.xtar third.xtar --to latest
  pybackup extract docs.xtar 'docs/*.txt' docs/photos --to /tmp/back --overwrite older
  pybackup extract docs.xtar docs/letter.txt --stdout | less
  pybackup extract disc1.iso disc3.iso /dev/sr0 --to /tmp/back
  pybackup extract /dev/sr0 --one-drive --to /tmp/back
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    add_options(parser, ExtractRequest, optional=("to",))
    parser.add_argument(
        "--one-drive",
        action="store_true",
        help="ARCHIVE is the one drive for all discs: each disc is copied to --work-dir before the next is asked for",
    )
    parser.add_argument("--stdout", action="store_true", help="write the content of the one file PATTERN to stdout")
    parser.add_argument("--dry-run", action="store_true", help="only show what would be restored")
    add_talk(parser, verbose=True)


def perform(options: argparse.Namespace) -> int:
    """Restore files, show what would be restored, or write one file to standard output; return the exit status."""
    from pybackup.archive.open import open_archive
    from pybackup.host.workers import is_usual, make_executor
    from pybackup.mend.identify import IdentifyingMender

    _check(options)
    with ExitStack() as stack:
        talk = stack.enter_context(talk_of(options, options.archive))
        # All of the archive is extracted: workers forked before its listing is read do not hold its memory too.
        early = not (options.patterns or options.dry_run) and is_usual(options.workers)
        executor = stack.enter_context(make_executor(options.workers, monitor=talk)) if early else None
        identifying = stack.enter_context(IdentifyingMender(options.work_dir, talk))
        named = options.archive, options.patterns
        archive = stack.enter_context(open_archive(*named, mended=identifying, monitor=talk))
        if archive.volume_set and not options.dry_run:
            drive = _drive_of(options, stack)
            archive = ask_for_volumes(archive, options.patterns, stack, talk, drive=drive)
        tell_condition(archive.listing, talk)
        if options.stdout:
            if len(archive.patterns) != 1:
                raise UsageError("extract: --stdout takes exactly one PATTERN")
            return _to_stdout(archive, archive.patterns[0], options.work_dir, talk)
        return _to_directory(archive, options, executor, talk)


def _drive_of(options: argparse.Namespace, stack: ExitStack) -> OneDrive | None:
    if not options.one_drive:
        return None
    beside = options.to if options.to is not None else os.fsencode(tempfile.gettempdir())
    work_dir = options.work_dir or os.path.dirname(os.path.abspath(beside))
    return OneDrive(options.archive, work_dir, stack)


def _check(options: argparse.Namespace) -> None:
    if not options.stdout:
        if options.to is None and not options.dry_run:
            raise UsageError("extract: --to DIR is missing (or --stdout)\ntry: pybackup extract --help")
        return
    for name, given in (("--to", options.to), ("--dry-run", options.dry_run), ("--json", options.json)):
        if given:
            raise UsageError(f"extract: --stdout and {name} exclude each other")


def _to_stdout(archive: OpenArchive, pattern: bytes, work_dir: bytes | None, talk: Talk) -> int:
    from pybackup.jobs.extract import content, one_file

    try:
        path = one_file(archive, pattern)
    except UsageError as error:
        raise UsageError(f"--stdout: {reason_of(error)}") from error
    deliver(content(archive, path, work_dir=work_dir, monitor=talk))
    return conclude(talk)


def _to_directory(archive: OpenArchive, options: argparse.Namespace, executor: Executor | None, talk: Talk) -> int:
    from pybackup.jobs.extract import restore
    from pybackup.restore.plan import plan_restore

    how = asked_of(ExtractRequest, options, talk).extracting()
    if options.dry_run:
        return _show(plan_restore(archive, archive.patterns, options.to or b".", how), options, talk)
    start = time.monotonic()
    done = restore(
        archive, archive.patterns, options.to, how, work_dir=options.work_dir, executor=executor, monitor=talk
    )
    plan = done.plan
    if not plan.everything and plan.listing.incompleteness:  # otherwise the job reports it
        talk.note(f"{plan.listing.incompleteness}; the entries asked for are not affected")
    if done.mended or done.worn:
        talk.note(_mended(done))
    lost = {problem.path for problem in talk.problems if problem.trouble is Trouble.LOST and problem.path}
    # What is built on earlier archives is as good as it was: those bring it back, and it is told that they are missing.
    if lost and lost - {stored.entry.path for stored in plan.entries if stored.base_digest and stored.base is None}:
        talk.note(
            f"'pybackup salvage {display(options.archive)} --to DIR' brings back what is left of files that are lost"
        )
    status = conclude(talk, _summary(plan, done, time.monotonic() - start, talk))
    if options.json:
        deliver([_json(plan, done, options, talk)])
    return status


def _mended(done: Extracted) -> str:
    """Return a note on what was repaired, and what to burn or copy again before there is more damage."""
    worn = ", ".join(done.worn)
    renew = f"burn or copy again what is damaged or lost: {worn}" if worn else "burn or copy again what is damaged"
    if not done.mended:
        return f"repaired on the way; {renew}"
    return f"{count(done.mended, 'file')} came back by parity or other copies; {renew}"


def _show(plan: RestorePlan, options: argparse.Namespace, talk: Talk) -> int:
    if options.json:
        deliver([_json_plan(plan, options, talk)])
    else:
        deliver_lines(_plan_lines(plan, options.to))
    if plan.everything:
        check_complete(plan.listing, talk)
    return conclude(talk)


def _plan_lines(plan: RestorePlan, target: bytes | None) -> Iterator[str]:
    for stored in plan.entries:
        yield display(stored.entry.path) + ("/" if stored.entry.kind is Kind.DIRECTORY else "")
    entries = count(len(plan.entries), "entry", "entries")
    content = f"{count(plan.files, 'file')} of {humane_bytes(plan.n_bytes)}"
    yield f"{display(target) if target else 'a directory'}: would get {entries}, {content}"


def _json_plan(plan: RestorePlan, options: argparse.Namespace, talk: Talk) -> bytes:
    return json_line(
        {
            "archive": options.archive,
            "target": options.to,
            "dry_run": True,
            "files": plan.files,
            "content_bytes": plan.n_bytes,
            "paths": [stored.entry.path for stored in plan.entries],
            "problems": talk.problems,
        }
    )


def _summary(plan: RestorePlan, done: Extracted, seconds: float, talk: Talk) -> str:
    parts = [
        f"{done.files:,} of {count(plan.files, 'file')}",
        humane_bytes(done.n_bytes),
        duration(seconds),
        count(len(talk.problems), "problem"),
    ]
    return f"{display(plan.target)}: {', '.join(parts)}"


def _json(plan: RestorePlan, done: Extracted, options: argparse.Namespace, talk: Talk) -> bytes:
    return json_line(
        {
            "archive": options.archive,
            "target": plan.target,
            "entries": len(plan.entries),
            "files": done.files,
            "content_bytes": done.n_bytes,
            "unplaced": done.unplaced,
            "found_by": done.way,
            "complete": done.complete,
            "problems": talk.problems,
        }
    )
