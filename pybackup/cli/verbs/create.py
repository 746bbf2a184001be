"""pybackup create."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from pybackup.compress.methods import DEFAULT_SEGMENT_BYTES, MIB, STORED_SUFFIXES, Compression, Profile
from pybackup.errors import UsageError

from ..creating_sets import add_volumes, check_volumes, create_set
from ..monitor import Talk
from ..options import add_overwrite, add_parity, add_sources, add_talk, add_workers, rules_of, sources_of, talk_of
from ..recording import add_recording, record_archives
from ..results import conclude, json_problems
from ..streams import deliver, deliver_lines
from ..text import count, display, duration, humane_bytes, json_line, json_name, printable, size_ratio
from ..values import argument, comment, directory, path, segment, suffixes

if TYPE_CHECKING:
    from pybackup.make.plan import Created, CreateOptions, Plan
    from pybackup.model.source import Judge
    from pybackup.selection.rules import Rules

EPILOG = """\
Entries are kept under the base name of their SRC: 'create ~/docs' and 'extract --to out' give out/docs/...
A SRC that ends in a slash follows a symbolic link. The archive itself is left out where it lies in a SRC, and
appears under its name when it is complete and has been read back.
A pattern with a slash before its end counts from its SRC: --exclude /old leaves out ~/docs/old, not ~/docs/a/old.

With --since-archive directories come in all the same; what was deleted, or had its permissions changed and nothing
else, is not recorded. Restore the archives in the order they were made. That the earlier ones are whole, verify tells.

--select takes what pyactivity select, or its page, has written. Each file that changed or vanished since is a problem.

examples:
  pybackup create ~/docs
  pybackup create ~/docs ~/photos -o home.xtar --exclude '*.tmp' --exclude-dir node_modules --skip-junk
  pybackup create ~/docs -o docs.xtar --compression small --store +raw,dng --dry-run
  pybackup create ~/docs -o since.xtar --since-archive docs.xtar
  pybackup create ~/docs --volumes discs --volume-size cd700 --first-volumes 596M,396M
  pyactivity select ~/docs --activity 1,3-5 | pybackup create --select - -o recent.xtar
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    selection = add_sources(parser)
    parser.add_argument(
        "-o",
        "--output",
        metavar="OUT.xtar",
        type=argument(path),
        help="the archive (default: NAME.xtar here, of one SRC)",
    )
    selection.add_argument(
        "--since-archive",
        metavar="ARCHIVE",
        action="append",
        default=[],
        type=argument(path),
        help="only what is new or changed, by size and time, since; of several the last with a file decides",
    )
    selection.add_argument(
        "--checksum", action="store_true", help="for --since-archive compare the content, by its hash, not the time"
    )
    selection.add_argument("--one-file-system", action="store_true", help="stay on the file system of each SRC")
    packing = parser.add_argument_group("packing")
    add = packing.add_argument
    levels = [level.value for level in Compression]
    add("--compression", choices=levels, default="default", help="how hard to try (default: default)")
    add(
        "--store",
        metavar="EXT,...",
        type=argument(suffixes),
        default=STORED_SUFFIXES,
        help="suffixes never compressed, instead of the default list (jpg, mp4, zip, ...); +EXT,... adds to it",
    )
    add(
        "--segment-size",
        metavar="SIZE",
        type=argument(segment),
        help=f"cut longer files, whole MiB (default: {DEFAULT_SEGMENT_BYTES // MIB}M; less for small volumes)",
    )
    add_volumes(parser)
    protection = parser.add_argument_group("protection")
    add_parity(protection)
    protection.add_argument(
        "--parity-sidecar",
        action="store_true",
        help="put parity and checksums into OUT.xtar.xpar, not into the archive",
    )
    add("--comment", metavar="TEXT", type=argument(comment), default="", help="a text that 'info' shows")
    add_workers(packing)
    add("--work-dir", metavar="DIR", type=argument(directory), help="where temporary files go (default: beside OUT)")
    add_overwrite(parser, "an archive, a sidecar or volumes of that name")
    parser.add_argument("--dry-run", action="store_true", help="only show what would be archived and left out, and why")
    add_recording(parser)
    add_talk(parser, verbose=True)


def perform(options: argparse.Namespace) -> int:
    """Plan, and create or show the plan."""
    from pybackup.host.workers import is_usual, make_executor
    from pybackup.make.plan import check_output, perform_create, plan_create

    check_volumes(options)
    with ExitStack() as stack:
        talk = stack.enter_context(talk_of(options, options.volumes or options.output or b""))
        # Before the plan is made, so that the workers do not carry its weight; many only when it says what for.
        early = not options.dry_run and is_usual(options.workers)
        executor = stack.enter_context(make_executor(options.workers, monitor=talk)) if early else None
        sources, rules = sources_of(options, talk), rules_of(options)
        if options.volumes is not None:
            judge = stack.enter_context(_earlier(options, rules, options.volumes, talk))
            return create_set(options, sources, rules, judge, _create_options(options), executor, talk)
        output = options.output or _default_output(options, sources[0].name)
        if output == b"-":
            raise UsageError("an archive is read back, and a pipe cannot be: give -o a name (./- for a file called -)")
        check_output(output, replace=options.overwrite)
        judge = stack.enter_context(_earlier(options, rules, output, talk))
        plan = plan_create(sources, output, judge=judge, options=_create_options(options), monitor=talk)
        rules.tell_idle(talk)
        if options.dry_run:
            return _show(plan, options, talk)
        start = time.monotonic()
        created = perform_create(plan, executor=executor, last_use=True, monitor=talk)
        record_archives(options, [plan.output], talk)
        status = conclude(talk, _summary(created, len(plan.excluded), time.monotonic() - start, talk))
        if options.json:
            deliver([_json(created, talk)])
        return status


@contextmanager
def _earlier(options: argparse.Namespace, rules: Rules, output: bytes, talk: Talk) -> Iterator[Judge]:
    """Who judges what to leave out, by earlier archives too, which stay open as long."""
    if not options.since_archive:
        if options.checksum:
            raise UsageError("--checksum is about the files of --since-archive, and there is none")
        yield rules.judge
        return
    from pybackup.make.baseline import EarlierArchives

    with EarlierArchives(options.since_archive, output=output, checksum=options.checksum, monitor=talk) as earlier:
        yield earlier.after(rules.judge)


def _default_output(options: argparse.Namespace, name: bytes) -> bytes:
    if len(options.sources) != 1 or options.files_from is not None or options.select is not None:
        raise UsageError("more than one SRC, or a list or selection: name the archive with -o")
    return name + b".xtar"


def _create_options(options: argparse.Namespace) -> CreateOptions:
    from pybackup.make.plan import CreateOptions
    from pybackup.parity.stream.geometry import ParityOptions

    return CreateOptions(
        profile=Profile(Compression(options.compression), options.store),
        segment_bytes=_segment_bytes(options),
        parity=ParityOptions(options.parity, options.parity_sidecar, options.group_sectors),
        one_file_system=options.one_file_system,
        comment=options.comment,
        workers=options.workers,
        work_dir=options.work_dir,
        overwrite=options.overwrite,
    )


def _segment_bytes(options: argparse.Namespace) -> int:
    from pybackup.make.plan_set import segment_for

    if options.segment_size is not None:
        return int(options.segment_size)
    if options.volumes is None:
        return DEFAULT_SEGMENT_BYTES
    return segment_for(min((*options.first_volumes, options.volume_size)), DEFAULT_SEGMENT_BYTES)


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
        "archive": json_name(plan.output),
        "dry_run": True,
        "entries": len(plan.entries),
        "files": plan.files,
        "content_bytes": plan.n_bytes,
        "excluded": [{"path": json_name(left.path), "reason": left.reason} for left in plan.excluded],
        "problems": json_problems(talk),
    }
    if verbose:
        fields["paths"] = [json_name(planned.entry.path) for planned in plan.entries]
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
    return json_line(
        {
            "archive": json_name(created.path),
            "entries": created.entries,
            "files": created.files,
            "content_bytes": created.content_bytes,
            "archive_bytes": created.archive_bytes,
            "problems": json_problems(talk),
        }
    )
