"""pybackup create."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

from pyactivity.ending import Meanwhile
from pybackup.errors import EnvironmentFailed, UsageError
from pybackup.model.volume import VolumeKind
from pybackup.options.making import CreateRequest, CreateSetRequest

from ..json_form import fields_of, json_line
from ..monitor import Talk
from ..options import add_options, add_talk, asked_of, given_beside, talk_of
from ..recording import record_archives, record_for_discs, recording
from ..results import conclude
from ..streams import deliver, deliver_lines
from ..text import (
    count,
    display,
    duration,
    flag,
    humane_bytes,
    percentage,
    printable,
    size_ratio,
)

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from pybackup.make.plan import Plan
    from pybackup.make.run import Created, CreatedSet
    from pybackup.make.volumes import CreatedVolume

EPILOG = """\
Entries are stored under the base name of their SRC: 'create ~/docs' and 'extract --to out' give out/docs/...
If SRC is a symbolic link, a slash at its end archives what the link points to. The archive itself is left out if it
lies in a SRC; it gets its name when it is complete and has been read back.
A pattern with a slash before its end is matched from SRC on: --exclude /old leaves out ~/docs/old, not ~/docs/a/old.

With --since-archive the new archive also lists the files that it leaves out, and so records what was deleted, renamed
or got other permissions: 'list' and 'extract' of both archives together give the tree of that day. Check with 'verify'
that the earlier archives are intact.
With --chain the catalogue finds the earlier archives, and records this one. Files on media that are lost or suspect are
stored again (level auto: by a full run). --since-archive then names the last run, if it was moved.

--skip-known leaves out files that are safe on media in the catalogue, under whatever name. With --chain or
--since-archive only contents of archives count, and the new archive records where each is: restore and extract name it,
and read the content from there. Otherwise 'pybackup catalogue whereis' finds the files. Without a readable
catalogue the run ends.

--select reads a selection written by 'pyactivity select' or its page. Files changed or gone since then are problems.

examples:
  pybackup create ~/docs
  pybackup create ~/docs ~/photos -o home.xtar --exclude '*.tmp' --exclude-dir node_modules --skip-junk
  pybackup create ~/docs -o docs.xtar --compression small --store +raw,dng --dry-run
  pybackup create ~/docs -o since.xtar --since-archive docs.xtar
  pybackup create ~/docs -o new.xtar --skip-known --known-copies 2 --known-unchecked 2y
  pybackup create ~/docs -o monday.xtar --chain docs --level full
  pybackup create ~/docs --volumes tuesday --volume-size cd700 --chain docs
  pybackup create ~/docs --volumes discs --volume-size cd700 --first-volumes 596M,396M
  pyactivity select ~/docs --activity 1,3-5 | pybackup create --select - -o recent.xtar
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    add_options(parser, CreateRequest, CreateSetRequest)
    parser.add_argument("--dry-run", action="store_true", help="only show what would be archived and left out, and why")
    parser.add_argument(
        "--executor",
        dest="cluster",
        metavar="dask://HOST:PORT",
        help="compress on the workers of that Dask scheduler, in a network that you trust (needs the extra [dask])",
    )
    add_talk(parser, verbose=True)


def perform(options: argparse.Namespace) -> int:
    """Make the plan, then show it or create the archive or set; return the exit status."""
    from pybackup.compress.raw_deflate import writer
    from pybackup.host.remote import remote_executor
    from pybackup.host.workers import is_usual, make_executor

    _check(options)
    with ExitStack() as stack:
        talk = stack.enter_context(talk_of(options, options.volumes or options.output or b""))
        stack.enter_context(recording(options))
        # The workers are forked before the plan is made, so that they do not hold its memory too.
        executor: Executor | None = None
        if options.cluster is not None and not options.dry_run:
            executor, tasks = stack.enter_context(remote_executor(options.cluster, writer))
            options.workers = options.workers or tasks
        elif not options.dry_run and is_usual(options.workers):
            executor = stack.enter_context(make_executor(options.workers, monitor=talk))
        create = _create if options.volumes is None else _create_set
        return create(options, executor, talk)


def _check(options: argparse.Namespace) -> None:
    """Refuse options that exclude each other."""
    if options.volumes is None:
        if (name := given_beside(options, CreateSetRequest, CreateRequest)) is not None:
            raise UsageError(f"create: {flag(name)} is for volumes: add --volumes DIR")
        if options.output == b"-":
            raise UsageError(
                "an archive cannot be a pipe, as it is read back: give -o a name (./- for a file called -)"
            )
        return
    if options.volume_size is None:
        raise UsageError("create: --volumes needs --volume-size, such as cd700 or 4G")
    if options.output is not None:
        raise UsageError("create: --volumes names a directory for the volumes; -o is for one archive")
    if options.parity_sidecar:
        raise UsageError("create: volumes carry their parity; --parity-sidecar is for one archive")
    if options.dry_run:
        raise UsageError("create: --dry-run with --volumes: 'pybackup disc plan' tells how many there will be")


def _create(options: argparse.Namespace, executor: Executor | None, talk: Talk) -> int:
    from pybackup.jobs.create import plan_archive
    from pybackup.make.run import perform_create

    plan = plan_archive(asked_of(CreateRequest, options, talk), talk)
    if options.dry_run:
        return _show(plan, options, talk)
    start = time.monotonic()
    created = perform_create(plan, executor=executor, last_use=True, monitor=talk)
    record_archives(options, [plan.output], talk)
    status = conclude(talk, _summary(created, len(plan.excluded), time.monotonic() - start, talk))
    if options.json:
        deliver([_json(created, talk)])
    return status


def _create_set(options: argparse.Namespace, executor: Executor | None, talk: Talk) -> int:
    from pybackup.jobs.create import plan_volumes
    from pybackup.make.resume import find_finished
    from pybackup.make.run import perform_set

    plan = plan_volumes(asked_of(CreateSetRequest, options, talk), talk)
    start = time.monotonic()

    def tell_how_to_go_on() -> None:
        if finished := find_finished(plan.set.directory, plan.set.name):
            words = f"{count(len(finished), 'volume')} in {display(plan.set.directory)} finished"
            talk.note(f"{words}; the same command with --resume goes on behind")

    with Meanwhile(tell_how_to_go_on):
        try:
            done = perform_set(plan, executor=executor, monitor=talk)
        except (EnvironmentFailed, KeyboardInterrupt):
            tell_how_to_go_on()
            raise
    record_for_discs(options, [volume.path for volume in done.volumes], talk)
    if options.json:
        deliver([_json_set(done, talk)])
    elif not options.quiet:
        deliver_lines(map(_volume_line, done.volumes))
    return conclude(talk, _set_summary(options.volumes, done, time.monotonic() - start, talk))


def _show(plan: Plan, options: argparse.Namespace, talk: Talk) -> int:
    if options.json:
        deliver([_json_plan(plan, options.verbose, talk)])
    else:
        deliver_lines(_plan_lines(plan, options.verbose))
    return conclude(talk)


def _plan_lines(plan: Plan, verbose: bool) -> Iterator[str]:
    if verbose:
        yield from (f"include  {display(planned.entry.path)}" for planned in plan.entries)
    for excluded in plan.excluded:
        yield f"exclude  {display(excluded.path)}  ({printable(excluded.reason)})"
    entries = count(len(plan.entries), "entry", "entries")
    content = f"{count(plan.files, 'file')} of {humane_bytes(plan.n_bytes)}"
    yield f"{display(plan.output)}: would hold {entries}, {content}; {len(plan.excluded):,} left out"


def _json_plan(plan: Plan, verbose: bool, talk: Talk) -> bytes:
    fields = {
        "archive": plan.output,
        "dry_run": True,
        "entries": len(plan.entries),
        "files": plan.files,
        "content_bytes": plan.n_bytes,
        "excluded": plan.excluded,
        "problems": talk.problems,
    }
    if verbose:
        fields["paths"] = [planned.entry.path for planned in plan.entries]
    return json_line(fields)


def _summary(created: Created, excluded: int, seconds: float, talk: Talk) -> str:
    parts = [
        count(created.files, "file"),
        f"{humane_bytes(created.content_bytes)} in, {humane_bytes(created.archive_bytes)} out "
        f"({size_ratio(created.archive_bytes, created.content_bytes)})",
        duration(seconds),
        *([f"{excluded:,} left out"] if excluded else []),
        count(len(talk.problems), "problem"),
    ]
    return f"{display(created.path)}: {', '.join(parts)}"


def _json(created: Created, talk: Talk) -> bytes:
    counts = fields_of(created, "entries", "files", "content_bytes", "archive_bytes")
    return json_line({"archive": created.path, **counts, "problems": talk.problems})


def _volume_line(volume: CreatedVolume) -> str:
    full = percentage(volume.archive_bytes, volume.info.volume_bytes)
    there = ", was there already" if volume.was_there else ""
    is_data = volume.info.kind is VolumeKind.DATA
    files = f"{count(volume.files, 'file')} {'ends' if volume.files == 1 else 'end'} on it, " if is_data else ""
    again = f"{count(volume.second_copies, 'second copy', 'second copies')}, " if volume.second_copies else ""
    size = humane_bytes(volume.archive_bytes)
    return f"{display(volume.path)}: {volume.info.label}, {files}{again}{size}, {full} full{there}"


def _set_summary(directory: bytes, done: CreatedSet, seconds: float, talk: Talk) -> str:
    out = sum(volume.archive_bytes for volume in done.volumes if not volume.was_there)
    parts = [
        count(len(done.volumes), "volume"),
        count(done.files, "file"),
        f"{humane_bytes(done.content_bytes)} in, {humane_bytes(out)} out",
        duration(seconds),
        count(len(talk.problems), "problem"),
    ]
    return f"{display(directory)}: {', '.join(parts)}"


def _json_set(done: CreatedSet, talk: Talk) -> bytes:
    volumes = [
        {
            "path": volume.path,
            **fields_of(volume.info, "label", "number", "kind"),
            **fields_of(volume, "files", "second_copies", "archive_bytes"),
            "volume_bytes": volume.info.volume_bytes,
            "was_there": volume.was_there,
        }
        for volume in done.volumes
    ]
    counts = fields_of(done, "entries", "files", "content_bytes")
    return json_line({"volumes": volumes, **counts, "problems": talk.problems})
