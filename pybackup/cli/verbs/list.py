"""pybackup list."""

from __future__ import annotations

import argparse
import functools
import stat
from base64 import b64encode
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

from pybackup.errors import UsageError
from pybackup.model.entry import Entry, Kind, Owner
from pybackup.options.reading import ListRequest

from ..json_form import json_members, json_name_text
from ..options import add_options, add_talk, talk_of
from ..results import check_complete, conclude, tell_condition
from ..streams import deliver, deliver_lines
from ..text import display, local_time

if TYPE_CHECKING:
    from pybackup.archive.open import OpenArchive
    from pybackup.mend.identify import IdentifyingMender
    from pybackup.model.listing import Brief
    from pybackup.model.member import Stored

    from ..monitor import Talk

EPILOG = """\
A PATTERN is the path of an entry, as it is or as list shows it, or else a glob, in which * matches slashes too and a
backslash escapes the next character. Everything below a matching directory is listed too.
ARCHIVE and MORE may be volumes of one set, in any order: files, ISO images, devices, or directories of them.
They may also be the archives of a chain (--since-archive): together they give the tree as of the last one.
With --at, ARCHIVE may also be the name of a chain of the catalogue; the earlier archives need not be at hand.
Characters of names that cannot be printed are shown as backslash escapes; --null and --json give the exact names.

JSON, one object per line: path, kind, mode, uid, gid, user, group, mtime_ns, size, packed_bytes, segments, sha256,
sparse, changed, target, device, xattrs; names are {"text": "..."}, or {"bytes": "..."} in base64 where they are not
UTF-8.

examples:
  pybackup list docs.xtar
  pybackup list --long docs.xtar 'docs/*.txt'
  pybackup list docs --at 2026-10-31
  pybackup list --null docs.xtar | xargs -0 -n 1 echo
"""

_LETTERS = {
    Kind.FILE: "-",
    Kind.DIRECTORY: "d",
    Kind.SYMLINK: "l",
    Kind.HARDLINK: "h",
    Kind.FIFO: "p",
    Kind.CHARACTER: "c",
    Kind.BLOCK: "b",
}
_JSON_TRUTH = ("false", "true")


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    add_options(parser, ListRequest)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--long", action="store_true", help="with mode, owner, size and time, as ls -l")
    form.add_argument("--null", action="store_true", help="exact names, each ended by a NUL byte")
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Print the entries that match; return the exit status."""
    from pybackup.archive.matching import select
    from pybackup.mend.identify import IdentifyingMender
    from pybackup.mend.names import all_named

    if options.json and (options.long or options.null):
        raise UsageError(f"list: --json and --{'long' if options.long else 'null'} exclude each other")
    with ExitStack() as stack:
        talk = stack.enter_context(talk_of(options, options.archive))
        archive = stack.enter_context(_open(options, stack.enter_context(IdentifyingMender(None, talk)), talk))
        named = stack.enter_context(all_named(archive, talk))
        tell_condition(archive.listing, talk)
        listing = named.listing
        rows = select(listing, archive.patterns)
        if options.json:
            deliver(json_entry(*each) for each in listing.briefly(rows))
        elif options.null:
            deliver(listing.paths[row] + b"\0" for row in rows)
        elif options.long:
            deliver_lines(long_lines(listing.briefly(rows)))
        else:
            deliver_lines(display(listing.paths[row]) for row in rows)
        for doubt in listing.doubts_of(rows):
            talk.problem(doubt)
        check_complete(listing, talk)
        return conclude(talk)


def _open(options: argparse.Namespace, identifying: IdentifyingMender, talk: Talk) -> OpenArchive:
    """Open the archive; if a time is given, the archive of the run of that time."""
    from pybackup.archive.open import open_archive

    if options.at is not None:
        from pybackup.jobs.chain_runs import run_at, runs_of

        runs = runs_of([options.archive, *options.patterns], options.catalogue, talk, identifying)
        archive = runs.open(run_at(runs, options.at), talk)
        archive.patterns = [*runs.patterns]
        return archive
    return open_archive(options.archive, options.patterns, mended=identifying, monitor=talk)


def long_lines(listed: Iterable[tuple[bytes, Brief, Stored | None]]) -> Iterator[str]:
    """Yield a line for each entry, as ``tar tv`` does; columns become wider when an entry needs it."""
    owners, sizes = 11, 10
    for path, brief, stored in listed:
        owner, size = _owner(brief.owner), str(brief.size)
        if stored is not None and brief.kind in (Kind.CHARACTER, Kind.BLOCK):
            major, minor = stored.entry.device
            size = f"{major},{minor}"
        owners, sizes = max(owners, len(owner)), max(sizes, len(size))
        when, mode, name = local_time(brief.mtime_ns / 1e9), _mode(brief.kind, brief.mode), display(path)
        yield f"{mode} {owner:{owners}} {size:>{sizes}} {when} {name}{_remark(brief, stored)}"


def json_entry(path: bytes, brief: Brief, stored: Stored | None) -> bytes:
    """Return an entry as a line of JSON.

    It is put together as text, since for many files the JSON encoder would take longer than everything else.
    """
    kind, size, mtime_ns, mode, digest, sparse, owner, changed, packed_bytes, segments = brief
    members = (
        f'"path": {json_name_text(path)}, {_json_mode(kind, mode)}, {_json_owner(owner)}, '
        f'"mtime_ns": {mtime_ns}, "size": {size}'
    )
    if kind == Kind.FILE:
        # For a sparse file the archive has the hash of its data and map, not that of the file.
        sha256 = f'"{digest.hex()}"' if len(digest) == 32 and not sparse else "null"
        members += f', "packed_bytes": {packed_bytes}, "segments": {segments}, "sha256": {sha256}'
        members += f', "sparse": {_JSON_TRUTH[sparse]}, "changed": {_JSON_TRUTH[changed]}'
    if stored is not None and (rare := json_members(_rare(stored.entry))):
        members += f", {rare}"
    return f"{{{members}}}\n".encode("ascii")


def _rare(entry: Entry) -> dict[str, object]:
    """Return the members of JSON that only links, devices and entries with extended attributes have."""
    fields: dict[str, object] = {}
    if entry.kind in (Kind.SYMLINK, Kind.HARDLINK):
        fields["target"] = entry.target
    elif entry.kind in (Kind.CHARACTER, Kind.BLOCK):
        fields["device"] = list(entry.device)
    if entry.xattrs:
        fields["xattrs"] = [
            {"name": name, "value": b64encode(value).decode("ascii")} for name, value in entry.xattrs.items()
        ]
    return fields


@functools.cache
def _mode(kind: int, mode: int) -> str:
    return _LETTERS[Kind(kind)] + stat.filemode(stat.S_IFREG | mode)[1:]


@functools.cache
def _json_mode(kind: int, mode: int) -> str:
    return json_members({"kind": Kind(kind).name.lower(), "mode": f"{mode:04o}"})


@functools.lru_cache(maxsize=1024)
def _json_owner(owner: Owner) -> str:
    return json_members({"uid": owner.uid, "gid": owner.gid, "user": owner.user, "group": owner.group})


@functools.lru_cache(maxsize=1024)
def _owner(owner: Owner) -> str:
    return f"{display(owner.user) or owner.uid}/{display(owner.group) or owner.gid}"


def _remark(brief: Brief, stored: Stored | None) -> str:
    if stored is not None and brief.kind == Kind.SYMLINK:
        return f" -> {display(stored.entry.target)}"
    if stored is not None and brief.kind == Kind.HARDLINK:
        return f" link to {display(stored.entry.target)}"
    return " (changed while it was read)" if brief.changed else ""
