"""Options that several verbs share, and what they come to."""

from __future__ import annotations

import argparse
import os
import stat
import sys
from collections.abc import Collection
from contextlib import nullcontext
from typing import TYPE_CHECKING

from pybackup.errors import UsageError
from pybackup.model.problem import Trouble

from .monitor import Talk
from .text import display, reason_of
from .values import argument, parity, path, positive, since

if TYPE_CHECKING:
    from pybackup.model.source import Source
    from pybackup.selection.rules import Rules
    from pybackup.tree.place import PlaceOptions


_Container = argparse.ArgumentParser | argparse._ArgumentGroup


def add_archive(parser: argparse.ArgumentParser) -> None:
    """Add the archive to read."""
    parser.add_argument("archive", metavar="ARCHIVE", type=argument(path), help="the archive, or a volume of a set")


def add_patterns(parser: argparse.ArgumentParser) -> None:
    """Add further volumes, and what of the archive is meant."""
    parser.add_argument(
        "patterns", metavar="MORE|PATTERN", nargs="*", type=argument(path), help="more volumes; only what matches"
    )


def add_copies(parser: argparse.ArgumentParser) -> None:
    """Add copies of a volume, and the maps that ddrescue made with them."""
    parser.add_argument(
        "copies", metavar="COPY", nargs="+", type=argument(path), help="a file, a device, or a directory of pieces"
    )
    parser.add_argument(
        "--map",
        metavar="FILE",
        action="append",
        default=[],
        type=argument(path),
        help="the map that ddrescue wrote with a COPY; one for each, in their order",
    )


def add_sources(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """Add what to archive, and the rules of what to leave out; return the group of these."""
    parser.add_argument(
        "sources", metavar="SRC", nargs="*", type=argument(path), help="directories and files, kept under their names"
    )
    group = parser.add_argument_group("selection")
    add = group.add_argument
    add("--exclude", metavar="PATTERN", action="append", default=[], help="leave out, by the rules of .gitignore")
    add(
        "--exclude-from",
        metavar="FILE",
        action="append",
        default=[],
        type=argument(path),
        help="patterns from a file, one per line",
    )
    add("--exclude-dir", metavar="NAME", action="append", default=[], help="leave out directories of this name")
    add("--exclude-caches", action="store_true", help="leave out the content of directories with a CACHEDIR.TAG")
    add("--skip-junk", action="store_true", help="leave out what systems scatter: Thumbs.db, .DS_Store, *.pyc, ...")
    add(
        "--since",
        metavar="DATE",
        type=argument(since),
        help="only files modified since: 2026-01-31, '2026-01-31 18:30', '2 weeks ago', yesterday, @SECONDS",
    )
    add(
        "--files-from",
        metavar="FILE",
        type=argument(path),
        help="also what FILE lists, one path per line, kept under its whole path; - is standard input",
    )
    add("--null", action="store_true", help="paths in --files-from end in NUL bytes")
    add(
        "--select",
        metavar="FILE",
        type=argument(path),
        help="also what a selection of pyactivity chooses, kept under the base name of its root; - is standard input",
    )
    return group


def add_placing(parser: argparse.ArgumentParser, *, needs_target: bool = True) -> argparse._ArgumentGroup:
    """Add how entries are placed in a directory, and return the group."""
    group = parser.add_argument_group("placing")
    add = group.add_argument
    add("--to", metavar="DIR", required=needs_target, type=argument(path), help="the directory to restore to; made")
    add(
        "--overwrite",
        choices=("never", "older", "always"),
        default="never",
        help="replace files that exist; always: also directories, with all in them, where the archive has a file, and "
        "files where it has a directory (default: never, each is a problem)",
    )
    add("--no-owner", action="store_true", help="do not restore owners, not even as root")
    add("--numeric-owner", action="store_true", help="restore owners by number, whatever their names are here")
    add("--devices", action="store_true", help="make device nodes, which are refused otherwise")
    return group


def add_parity(group: argparse._ArgumentGroup) -> None:
    """Add how much parity there shall be."""
    from pybackup.parity.stream.geometry import DEFAULT_GROUP_SECTORS

    group.add_argument(
        "--parity",
        metavar="P",
        type=argument(parity),
        default="10%",
        help="how much may be destroyed and rebuilt: 10%%, 64M, fill:SIZE for a whole of SIZE, none (default: 10%%)",
    )
    group.add_argument(
        "--group-sectors",
        metavar="N",
        type=argument(positive),
        default=DEFAULT_GROUP_SECTORS,
        help=f"sectors in a group of the code: fewer, less memory (default: {DEFAULT_GROUP_SECTORS})",
    )


def add_overwrite(parser: _Container, what: str) -> None:
    """Add that ``what`` may be replaced where it exists, which nothing is without being asked."""
    parser.add_argument("--overwrite", action="store_true", help=f"replace {what} that exists already")


def add_talk(parser: argparse.ArgumentParser, *, verbose: bool = False) -> None:
    """Add how much is said, and in which form."""
    group = parser.add_argument_group("output")
    group.add_argument("--quiet", action="store_true", help="say nothing but problems")
    if verbose:
        group.add_argument("--verbose", action="store_true", help="name each file")
    group.add_argument("--json", action="store_true", help="results as JSON on standard output")


def add_workers(group: argparse._ArgumentGroup) -> None:
    """Add the number of processes."""
    group.add_argument("--workers", metavar="N", type=argument(positive), help="processes (default: one a processor)")


def talk_of(options: argparse.Namespace, archive: bytes, results: Collection[Trouble] = ()) -> Talk:
    """Return the monitor that the options ask for."""
    verbose, can_replace = getattr(options, "verbose", False), hasattr(options, "overwrite")
    return Talk(archive, quiet=options.quiet, verbose=verbose, results=results, can_replace=can_replace)


def sources_of(options: argparse.Namespace, talk: Talk) -> list[Source]:
    """Return what to archive.

    Raises
    ------
    UsageError
        That is nothing, or the list cannot be read.
    """
    from pybackup.selection.filelist import named_source, sources_from_list

    if options.null and options.files_from is None:
        raise UsageError("--null is about the list of --files-from, and there is none")
    for source in options.sources:
        _tell_of_link(source, talk)
    sources = [named_source(source) for source in options.sources]
    if options.files_from is not None:
        sources += sources_from_list(_read_list(options.files_from, options.null))
    if options.select is not None:
        sources += _selected(options.select, talk)
    if not sources:
        where = " and --files-from lists nothing" if options.files_from is not None else ""
        where += " and of --select nothing is there" if options.select is not None else ""
        raise UsageError(f"nothing to archive: no SRC{where}")
    return sources


def rules_of(options: argparse.Namespace) -> Rules:
    """Return the rules of what to leave out."""
    from pybackup.selection.rules import Rules

    return Rules(
        exclude=options.exclude,
        exclude_from=options.exclude_from,
        exclude_dir=options.exclude_dir,
        exclude_caches=options.exclude_caches,
        skip_junk=options.skip_junk,
        since_ns=options.since,
    )


def placing_of(options: argparse.Namespace) -> PlaceOptions:
    """Return how entries are placed."""
    from pybackup.tree.place import Overwrite, PlaceOptions

    default = PlaceOptions()
    return PlaceOptions(
        overwrite=Overwrite(options.overwrite),
        owner=default.owner and not options.no_owner,
        numeric_owner=options.numeric_owner,
        devices=options.devices,
    )


def _read_list(name: bytes, null: bool) -> list[bytes]:
    from pybackup.selection.filelist import read_list

    try:
        with nullcontext(sys.stdin.buffer) if name == b"-" else open(name, "rb") as stream:
            return read_list(stream, null)
    except (OSError, UsageError) as error:
        reason = error.strerror if isinstance(error, OSError) else reason_of(error)
        raise UsageError(f"--files-from {display(name)}: {reason}") from error


def _selected(name: bytes, talk: Talk) -> list[Source]:
    from pybackup.selection.chosen import read_selection
    from pybackup.selection.resolve import sources_from_selection

    try:
        with nullcontext(sys.stdin.buffer) if name == b"-" else open(name, "rb") as stream:
            chosen = read_selection(stream)
    except (OSError, UsageError) as error:
        reason = error.strerror if isinstance(error, OSError) else reason_of(error)
        raise UsageError(f"--select {display(name)}: {reason}") from error
    return sources_from_selection(chosen, monitor=talk)


def _tell_of_link(source: bytes, talk: Talk) -> None:
    try:
        is_link = stat.S_ISLNK(os.lstat(source).st_mode)
    except OSError:
        return
    if is_link and os.path.isdir(source):
        talk.note(f"{display(source)} is archived as the symbolic link it is; {display(source)}/ follows it")
