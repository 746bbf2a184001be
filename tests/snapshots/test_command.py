"""The command line of rsync, and parsing its output."""

from __future__ import annotations

import itertools
import os
import random
import subprocess
from pathlib import Path

import pytest

from pybackup.errors import UsageError
from pybackup.model.problem import Problem, Trouble
from pybackup.model.source import Source
from pybackup.monitor import Monitor
from pybackup.selection.for_rsync import rsync_filters
from pybackup.selection.rules import Rules
from pybackup.snapshots.arguments import check_arguments
from pybackup.snapshots.command import MOST_LINK_TARGETS, RsyncOptions, rsync_command
from pybackup.snapshots.location import Location, Reach, literally, parse_location
from pybackup.snapshots.output import (
    Progress,
    Totals,
    parse_complaint,
    parse_progress,
    parse_totals,
    reason_of_end,
    unescaped,
)
from pybackup.tree.walk import walk

from .making import content, make

HARMFUL = [
    "--inplace",
    "--append",
    "--append-verify",
    "--old-args",
    "--delete",
    "--delete-excluded",
    "--remove-source-files",
    "--link-dest=/x",
    "--compare-dest=/x",
    "--size-only",
    "--ignore-times",
    "-I",
    "-n",
    "-e",
    "-erm",
    "-M--inplace",
    "--remote-option=--inplace",
    "--write-devices",
    "--keep-dirlinks",
    "-K",
    "--no-secluded-args",
    "--rsh=rm",
    "--files-from=/etc/passwd",
    "--daemon",
    "--server",
    "--backup",
    "-b",
    "--bwlimit",
    "--acls=1",
    "/etc",
    "--",
    "-",
    "",
    "-Ab",
    "--bwlimit 2M",
    "--inplace=",
    "--max-size=1\0",
    "--xyz",
]


@pytest.mark.parametrize("argument", HARMFUL)
def test_arguments_that_are_refused(argument: str) -> None:
    with pytest.raises(UsageError, match="argument of rsync"):
        check_arguments([argument])


def test_arguments_that_are_taken_are_known_to_rsync(tmp_path: Path) -> None:
    taken = ["--bwlimit=2M", "-AX", "--sparse", "--no-acls", "--filter=- *.tmp", "--rsync-path=sudo rsync", "-S4"]
    assert check_arguments(taken) == taken
    (tmp_path / "x").mkdir()
    done = subprocess.run(["rsync", "-a", *taken[:5], f"{tmp_path}/x/", f"{tmp_path}/y/"], check=False)
    assert done.returncode == 0


def test_the_command_has_no_more_links_than_rsync_takes() -> None:
    here, links = parse_location(b"/x"), [b"/y"] * MOST_LINK_TARGETS
    assert rsync_command(here, here, links, RsyncOptions()).count(b"--link-dest=/y") == 20
    with pytest.raises(ValueError, match="more than 20"):
        rsync_command(here, here, [*links, b"/y"], RsyncOptions())
    there = parse_location(b"host:/x")
    with pytest.raises(UsageError, match="both on other machines"):
        rsync_command(there, there, [], RsyncOptions())


def test_fake_super_is_for_the_receiving_end() -> None:
    here, there = parse_location(b"/x"), parse_location(b"host:/x")
    fake = RsyncOptions(fake_super=True)
    assert b"--fake-super" in rsync_command(there, here, [], fake)
    for target in (here, there):
        assert b"--remote-option=--fake-super" in rsync_command(here, target, [], fake)


@pytest.mark.parametrize(
    ("text", "place", "source"),
    [
        (b"host:/a", Location(Reach.SSH, b"host", b"", b"/a"), b"host:/a/"),
        (b"me@host:a", Location(Reach.SSH, b"me@host", b"", b"a"), b"me@host:./a/"),
        (b"host:", Location(Reach.SSH, b"host", b"", b"."), b"host:././"),
        (b"host:~/a", Location(Reach.SSH, b"host", b"", b"a"), b"host:./a/"),
        (b"host:/", Location(Reach.SSH, b"host", b"", b"/"), b"host:/"),
        (b"me@[::1]:/a", Location(Reach.SSH, b"me@[::1]", b"", b"/a"), b"me@[::1]:/a/"),
        (b"[::1]:/a", Location(Reach.SSH, b"[::1]", b"", b"/a"), b"[::1]:/a/"),
        (b"host:/a*[b]", Location(Reach.SSH, b"host", b"", b"/a*[b]"), b"host:/a\\*\\[b]/"),
        (b"host::m", Location(Reach.DAEMON, b"host", b"m", b""), b"rsync://host/m/./"),
        (b"host::m/-a", Location(Reach.DAEMON, b"host", b"m", b"-a"), b"rsync://host/m/./-a/"),
        (b"rsync://h:8/m/a/", Location(Reach.DAEMON, b"h:8", b"m", b"a/"), b"rsync://h:8/m/./a/"),
        (b"/a:b", Location(Reach.LOCAL, b"", b"", b"/a:b"), b"/a:b/"),
        (b"/", Location(Reach.LOCAL, b"", b"", b"/"), b"/"),
        (b"/a/../b:c", Location(Reach.LOCAL, b"", b"", b"/b:c"), b"/b:c/"),
    ],
)
def test_places(text: bytes, place: Location, source: bytes) -> None:
    assert parse_location(text) == place
    assert place.as_source() == source


def test_a_path_with_a_slash_before_the_colon_is_one_of_this_machine() -> None:
    assert parse_location(b"./a:b").path == os.path.abspath(b"a:b")
    assert parse_location(b"x").below(b"y").path == os.path.abspath(b"x/y")
    assert literally(b"back\\slash") == b"back\\slash"
    assert parse_location(b"h:/*").as_target() == b"h:/*/"


def test_progress() -> None:
    line = b"         12,5  45%    0.98kB/s    0:00:00 (xfr#2, to-chk=3/7)"
    assert parse_progress(line) is None
    assert parse_progress(b"\t   1048576  45%    0.98kB/s    0:00:00 (xfr#2, ir-chk=3/7)") == Progress(4, 7, 1048576)
    assert parse_progress(b"              2  25%    0.00kB/s    0:00:00  ") is None
    assert parse_progress(b"Number of files: 7 (reg: 5, dir: 2)") is None


def test_totals() -> None:
    lines = [
        b"Number of files: 70 (reg: 50, dir: 20)",
        b"Number of created files: 7 (reg: 5, dir: 2)",
        b"Number of regular files transferred: 4",
        b"Total file size: 8 bytes",
        b"Total transferred file size: 6 bytes",
        b"Total bytes sent: 363",
        b"Total bytes received: 113",
        b"sent 363 bytes  received 113 bytes  952.00 bytes/sec",
    ]
    assert parse_totals(lines) == Totals(70, 50, 8, 4, 6, 363, 113)
    assert parse_totals([b"Number of files: 1 (dir: 1)"]) == Totals(1)
    assert parse_totals([]) == Totals()


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (
            b'rsync: [sender] send_files failed to open "/x/new\\#012line": Permission denied (13)',
            Problem(b"/x/new\nline", Trouble.UNREADABLE, "send_files failed to open Permission denied (13)"),
        ),
        (
            b'rsync: [sender] opendir "/sub" (in module): Permission denied (13)',
            Problem(b"module//sub", Trouble.UNREADABLE, "opendir Permission denied (13)"),
        ),
        (
            b'rsync: [generator] failed to set permissions on "/m/.": Operation not permitted (1)',
            Problem(b"/m/.", Trouble.METADATA, "failed to set permissions on Operation not permitted (1)"),
        ),
        (b'file has vanished: "/x/\\#377"', Problem(b"/x/\xff", Trouble.VANISHED, "vanished while it was copied")),
        (b"rsync error: some files/attrs were not transferred (see previous errors) (code 23) at main.c(1394)", None),
        (b"rsync warning: some files vanished before they could be transferred (code 24)", None),
        (b"Welcome to the machine", None),
        (b"", None),
    ],
)
def test_complaints(line: bytes, problem: Problem | None) -> None:
    assert parse_complaint(line) == problem


def test_the_reason_of_an_end_is_what_was_said_before_the_last_line() -> None:
    said = [
        b"banner",
        b"rsync: [Receiver] mkdir failed: Permission denied (13)",
        b"rsync error: error in file IO (code 11)",
    ]
    assert reason_of_end(said) == "banner / mkdir failed: Permission denied (13)"
    assert reason_of_end(said[2:]) == "error in file IO (code 11)"
    assert reason_of_end([]) == ""
    assert unescaped(b"\\#134#012") == b"\\#012"


PATTERNS = [
    "*.tmp",
    "/top",
    "sub/",
    "a/b",
    "/a/b",
    "a/**",
    "**/b",
    "a/**/c",
    "**/a/b/",
    "!keep.tmp",
    "x**y",
    "[ab]",
    "[!a]?",
    "\\!bang",
    "\\#hash",
    "back\\\\slash",
    "st\\*r",
    "sp ace",
    "trail\\ ",
    "new\nline",
    "*",
    "!*/",
    "b/*",
    "!b/keep.tmp",
    "***",
]
NAMES = [
    "a", "b", "c", "top", "sub", "x.tmp", "keep.tmp", "xy", "x y", "xzy", "!bang", "#hash", "back\\slash", "st*r",
    "star", "sp ace", "trail ", "new\nline",
]  # fmt: skip


def test_patterns_leave_out_with_rsync_what_they_leave_out_here(tmp_path: Path) -> None:
    """Random sets of patterns, on a tree of three levels."""
    chance = random.Random(7)
    source = tmp_path / "tree"
    for one, two, three in itertools.product(NAMES, ["a", "b", "sub", "x.tmp"], [*NAMES[:8], "st*r"]):
        path = source / one / two / three
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    for name in NAMES:
        (source / f"{name}.file").write_text("")
    for number in range(60):
        lines = chance.choices(PATTERNS, k=chance.randint(1, 5)) if number >= len(PATTERNS) else [PATTERNS[number]]
        rules = Rules(exclude=lines)
        here = {
            each.entry.path for each in walk([Source(os.fsencode(source), b"")], judge=rules.judge, monitor=Monitor())
        }
        filters = [b"--filter=" + rule for rule in rsync_filters(lines)]
        to = tmp_path / f"to {number}"
        subprocess.run(
            [b"rsync", b"-r", b"-s", *filters, b"--", os.fsencode(source) + b"/", os.fsencode(to)], check=True
        )
        assert {*content(to)} == here - {b""}, lines


def test_excluded_by_the_verb(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "patterns").write_text("# nothing\n\nb.txt\n")
    made, _ = make(tree, tmp_path / "to", exclude=["/a.txt"], exclude_from=[tmp_path / "patterns"])
    assert set(content(made.path)) == {b"sub", b"sub/c.txt"}
    with pytest.raises(UsageError, match="comment or blank"):
        make(tree, tmp_path / "to", exclude=["# nothing"])
