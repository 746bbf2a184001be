"""pyactivity select, --against, and the full loop: report, selection, archive, and then it shows as archived."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from io import BufferedWriter, FileIO
from pathlib import Path

import numpy as np
import pytest
from activity_home import SECOND, Home, moment
from hypothesis import given, settings
from hypothesis import strategies as st
from kit import command as process

from pyactivity import NO_PARENT, BadValue, EnvironmentFailed, Files, gather
from pyactivity.against import Inventory, archived, take_inventory
from pyactivity.choosing import choose, match_paths, parse_wanted
from pyactivity.patterns import Patterns
from pyactivity.selection import relative, selection_root
from pyactivity.streams import publish
from pyactivity.survey import take_survey

ENVIRONMENT = {**process.ENVIRONMENT, "TZ": "UTC0"}
HOUR = 3_600 * SECOND


def command(module: str, *arguments: str | Path, cwd: Path | None = None) -> "subprocess.CompletedProcess[bytes]":
    return process.run_module(module, *arguments, cwd=cwd, environment=ENVIRONMENT)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Three activities: 1 is docs, 2 photos with a larger size, 3 letters; and a file of the future and one of none."""
    planted = Home(tmp_path / "home")
    planted.session(["docs/a.txt", "docs/b.tmp", "docs/sub/c.txt"], "2024-05-03 10:00", 60)
    planted.session(["photos/1.jpg", "photos/2.jpg"], "2024-04-01 10:00", 60, 5_000)
    planted.session(["letters/x.odt"], "2023-01-01 10:00", 60)
    planted.put("future", moment("2200-01-01 00:00"))
    planted.put("epoch", 0)
    return tmp_path / "home"


class FullDisk(FileIO):
    """Opens, and takes nothing."""

    def write(self, _: object) -> int:
        raise OSError(28, "No space left on device")


def chosen(output: bytes) -> list[str]:
    head, *lines = map(json.loads, output.splitlines())
    assert (head["format"], head["version"]) == ("pyactivity selection", 1)
    return [line["path"] for line in lines]


DOCS, PHOTOS, LETTERS = (
    ["docs/a.txt", "docs/b.tmp", "docs/sub/c.txt"],
    ["photos/1.jpg", "photos/2.jpg"],
    ["letters/x.odt"],
)


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ([], ["future", *DOCS, *PHOTOS, *LETTERS, "epoch"]),
        (["--activity", "1,3"], [*DOCS, *LETTERS]),
        (["--activity", "2-3,epoch"], [*PHOTOS, *LETTERS, "epoch"]),
        (["--activity", "1-2", "--path", "*.txt"], ["docs/a.txt", "docs/sub/c.txt"]),
        (["--path", "docs/**"], DOCS),
        (["--path", "docs", "--path", "!*.tmp"], ["docs/a.txt", "docs/sub/c.txt"]),
        (["--path", "/sub"], []),
        (["--path", "sub/", "--path", "1.jpg"], ["docs/sub/c.txt", "photos/1.jpg"]),
        (["--since", "2024-04-01", "--until", "2024-05-03"], [*DOCS, *PHOTOS]),
        (["--min-files", "3"], DOCS),
        (["--activity", "1-3", "--max-size", "10300"], [*DOCS, *PHOTOS]),
        (["--activity", "1-3", "--max-size", "10299"], [*DOCS, *LETTERS]),
        (["--activity", "1-3", "--max-size", "99"], []),
    ],
)
def test_what_is_chosen(home: Path, arguments: list[str], names: list[str]) -> None:
    done = command("pyactivity", "select", *arguments, home)
    assert (done.returncode, chosen(done.stdout)) == (0, names)


def test_sizes_and_times_and_the_root_are_written(home: Path) -> None:
    done = command("pyactivity", "select", "--activity", "3", "-o", "chosen.jsonl", home.name, cwd=home.parent)
    assert (done.returncode, done.stdout) == (0, b"")
    assert done.stderr.decode().splitlines()[-1] == "pyactivity: chosen: 1 file of 100 B in 1 group"
    head, line = map(json.loads, (home.parent / "chosen.jsonl").read_bytes().splitlines())
    assert head["root"] == str(home)
    assert line == {"path": "letters/x.odt", "size": 100, "mtime": "1672567200.123456789"}


def test_what_does_not_fit_is_named(home: Path) -> None:
    done = command("pyactivity", "select", "--activity", "1-3", "--max-size", "9K", home)
    assert "activity 2 does not fit and is left out: 2 files of 9.8 KiB" in done.stderr.decode()


def test_of_many_that_do_not_fit_the_newest_are_named(tmp_path: Path) -> None:
    many = Home(tmp_path)
    for number in range(30):
        many.put(f"{number:02d}", moment("2024-05-03 12:00") - number * 86_400 * SECOND + 7, 100)
    lines = (
        command("pyactivity", "select", "--max-size", "250", "-o", "/dev/null", tmp_path).stderr.decode().splitlines()
    )
    assert lines == [
        *(f"pyactivity: activity {n} does not fit and is left out: 1 file of 100 B" for n in range(3, 7)),
        "pyactivity: 24 older ones do not fit and are left out: 24 files of 2.3 KiB",
        "pyactivity: chosen: 2 files of 200 B in 2 groups",
    ]


def test_several_directories_have_a_common_root(home: Path) -> None:
    done = command("pyactivity", "select", home / "docs/sub", home / "letters")
    assert chosen(done.stdout) == ["docs/sub/c.txt", "letters/x.odt"]
    matched = command("pyactivity", "select", home / "docs/sub", home / "letters", "--path", "docs")
    assert chosen(matched.stdout) == ["docs/sub/c.txt"]


def test_an_activity_that_is_not_there(home: Path) -> None:
    done = command("pyactivity", "select", "--activity", "1,7-9", home)
    assert (done.returncode, done.stderr) == (2, b"pyactivity: there is no activity 7: the oldest of these is 3\n")


def test_an_output_that_cannot_be_written(home: Path) -> None:
    done = command("pyactivity", "select", "-o", home / "gone/chosen.jsonl", home)
    assert done.returncode == 5
    assert b"cannot write" in done.stderr
    full = command("pyactivity", "select", "-o", "/dev/full", home)
    assert (full.returncode, b"No space left" in full.stderr) == (5, True)


def test_an_output_is_replaced_when_it_is_whole(home: Path) -> None:
    (home.parent / "chosen.jsonl").write_text("older")
    refused = command("pyactivity", "select", "--activity", "9", "-o", "chosen.jsonl", home, cwd=home.parent)
    assert (refused.returncode, (home.parent / "chosen.jsonl").read_text()) == (2, "older")
    kept = command("pyactivity", "select", "--activity", "1", "-o", "chosen.jsonl", home, cwd=home.parent)
    assert (kept.returncode, b"chosen.jsonl: exists" in kept.stderr) == (2, True)
    assert (home.parent / "chosen.jsonl").read_text() == "older"
    command("pyactivity", "select", "--activity", "1", "-o", "chosen.jsonl", "--overwrite", home, cwd=home.parent)
    assert chosen((home.parent / "chosen.jsonl").read_bytes()) == DOCS
    assert sorted(path.name for path in home.parent.iterdir()) == ["chosen.jsonl", "home"]


@pytest.mark.parametrize("place", ["write", "flush", "replace", "interrupt"])
def test_of_an_output_that_cannot_be_written_nothing_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    target = tmp_path / "chosen.jsonl"
    target.write_text("older")

    def pieces() -> Iterator[bytes]:
        yield b"begun"
        if place == "write":
            raise OSError(28, "No space left on device")
        if place == "interrupt":
            raise KeyboardInterrupt

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    if place == "replace":
        monkeypatch.setattr("os.replace", fail)
    if place == "flush":
        monkeypatch.setattr("builtins.open", lambda path, mode: BufferedWriter(FullDisk(path, mode)))
    with pytest.raises(KeyboardInterrupt if place == "interrupt" else EnvironmentFailed):
        publish(str(target), pieces(), overwrite=True)
    monkeypatch.undo()
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("chosen.jsonl", "older")]


@settings(deadline=None, max_examples=25)
@given(sizes=st.lists(st.integers(0, 50), min_size=1, max_size=8), medium=st.integers(0, 120))
def test_a_medium_takes_whole_activities_newest_first(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], medium: int
) -> None:
    root = tmp_path_factory.mktemp("medium")
    for number, size in enumerate(sizes):
        Home(root).put(str(number), 10**18 - number * 10 * HOUR, size)
    choice = choose(take_survey([root], radius_ns=HOUR), max_bytes=medium)
    left, expected = medium, []
    for number, size in enumerate(sizes, 1):
        if size <= left:
            expected.append(number)
            left -= size
    assert [part.number for part in choice.taken] == expected
    assert sorted([part.number for part in choice.taken + choice.too_large]) == list(range(1, len(sizes) + 1))


@pytest.mark.parametrize(
    ("text", "numbers"), [("1", {1}), ("1,3-5", {1, 3, 4, 5}), (" 2 , 2-2", {2}), ("future,9", {9})]
)
def test_numbers_of_activities(text: str, numbers: set[int]) -> None:
    wanted = parse_wanted(text)
    assert {n for first, last in wanted.ranges for n in range(first, last + 1)} == numbers
    assert wanted.kinds == ({"future"} if "future" in text else set())


@pytest.mark.parametrize("text", ["", "0", "1,", "1-", "-1", "3-1", "a", "1;2", "past"])
def test_what_is_no_number_of_an_activity(text: str) -> None:
    with pytest.raises(BadValue, match="not numbers of activities"):
        parse_wanted(text)


def test_roots_and_relative_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    here = os.fsencode(tmp_path)
    assert selection_root(["."]) == here
    assert selection_root(["a/b/../c", b"a/d/"]) == here + b"/a"
    assert selection_root(["/"]) == b"/"
    assert (relative(here, b"a/b"), relative(here, b"."), relative(b"/", b"/x")) == (b"a/b", b"", b"x")
    with pytest.raises(BadValue, match="does not lie below"):
        relative(here + b"/a", b"ab")
    with pytest.raises(BadValue, match="needs a directory"):
        selection_root([])


def test_paths_match_below_a_directory_that_matches(home: Path) -> None:
    files = gather([home]).files
    mask = match_paths(files, Patterns(["docs/", "!sub", "docs/sub/c.*"]), os.fsencode(home))
    assert {files.name(index) for index in np.flatnonzero(mask).tolist()} == {b"a.txt", b"b.tmp", b"c.txt"}


# --against


def test_a_file_is_archived_by_the_end_of_its_path_its_size_and_its_time(home: Path) -> None:
    files = gather([home]).files
    known = {(files.path(i), int(files.size_bytes[i]), int(files.mtime_ns[i])) for i in range(len(files))}
    by_name = {Path(os.fsdecode(path)).name: (path, size, time) for path, size, time in known}
    a, b, x, one = (by_name[name] for name in ("a.txt", "b.tmp", "x.odt", "1.jpg"))
    inventory = Inventory(
        frozenset(
            {
                (b"docs/a.txt", a[1], a[2]),
                (b"docs/b.tmp", b[1], b[2] + 1),  # modified a nanosecond later
                (b"etters/x.odt", x[1], x[2]),  # an end of the text, not of the path
                (b"root" + one[0], one[1], one[2]),  # by `create /`
            }
        ),
        (),
    )
    assert {files.name(index) for index in np.flatnonzero(archived(files, inventory)).tolist()} == {b"a.txt", b"1.jpg"}


@pytest.mark.parametrize("archives", [["nothing.xtar"], ["chosen.jsonl"]])
def test_what_is_no_archive_is_said_before_the_scan(home: Path, archives: list[str]) -> None:
    (home.parent / "chosen.jsonl").write_text("{}")
    done = command("pyactivity", home, "--against", *archives, cwd=home.parent)
    assert done.returncode == (2 if archives == ["nothing.xtar"] else 5)
    assert done.stdout == b""
    assert archives[0].encode() in done.stderr


def test_without_pybackup_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EnvironmentFailed, match=r"neither beside .* nor on the PATH; it comes with pyactivity"):
        take_inventory([b"a.xtar"])


def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Another `pybackup` on the PATH."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    (tmp_path / "pybackup").write_text(f"#!/bin/sh\n{text}\n")
    (tmp_path / "pybackup").chmod(0o755)


def test_a_listing_with_problems_is_used_and_they_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [
        {"path": {"text": "a"}, "kind": "file", "size": 3, "mtime_ns": 5, "changed": False},
        {"path": {"bytes": "/w=="}, "kind": "file", "size": 4, "mtime_ns": 5, "changed": False},
        {"path": {"text": "torn"}, "kind": "file", "size": 3, "mtime_ns": 5, "changed": True},
        {"path": {"text": "h"}, "kind": "hardlink", "size": 0, "mtime_ns": 5, "target": {"text": "a"}},
        {"path": {"text": "d"}, "kind": "directory", "size": 0, "mtime_ns": 5},
    ]
    (tmp_path / "lines").write_text("".join(json.dumps(line) + "\n" for line in lines))
    # More complaints than a pipe holds, before the list.
    noise = "echo 'pybackup: two entries are lost' >&2; yes | head -c 200000 >&2"
    script(tmp_path, monkeypatch, f"{noise}; cat {tmp_path}/lines; exit 1")
    found = take_inventory([b"x.xtar"])
    assert found.files == {(b"a", 3, 5), (b"\xff", 4, 5), (b"h", 3, 5)}
    assert [problem.path for problem in found.problems] == [b"x.xtar"]
    assert "two entries are lost" in found.problems[0].reason


def test_archives_may_be_a_directory_a_set_or_a_catalogue(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each knows the same: all but the letters."""
    work = home.parent
    monkeypatch.setitem(ENVIRONMENT, "PYBACKUP_CATALOGUE", str(work / "own.db"))
    assert command("pybackup", "catalogue", "init", cwd=work).returncode == 0
    for place, names in (("shelf", ["docs", "photos"]), ("set", [])):
        (work / place).mkdir()
        for name in names:
            made = command("pybackup", "create", home / name, "-o", f"{place}/{name}.xtar", "--quiet", cwd=work)
            assert made.returncode == 0, made.stderr
    volumes = ["--volumes", "set", "--volume-size", "1M", "--name", "home"]
    made = command("pybackup", "create", home / "docs", home / "photos", *volumes, "--quiet", cwd=work)
    assert made.returncode == 0, made.stderr
    (work / "shelf/readme.txt").write_text("no archive")
    for against in (
        ["shelf"],
        ["set"],
        ["own.db"],
        [f"sqlite:///{work}/own.db"],
        ["shelf/docs.xtar", "shelf/photos.xtar"],
    ):
        words = [word for name in against for word in ("--against", name)]
        told = command("pyactivity", home, "--json", *words, cwd=work)
        groups = [json.loads(line) for line in told.stdout.splitlines()]
        assert [(one["files"], one["archived"]["files"]) for one in groups] == [
            (1, 0),
            (3, 3),
            (2, 2),
            (1, 0),
            (1, 0),
        ], (against, told.stderr)
    # A medium that is lost makes nothing safe.
    for label in ("photos", "home 1"):
        assert command("pybackup", "catalogue", "lost", label, cwd=work).returncode in (0, 1)
    told = command("pyactivity", home, "--json", "--against", "own.db", cwd=work)
    assert [json.loads(line)["archived"]["files"] for line in told.stdout.splitlines()] == [0, 3, 0, 0, 0]


def test_years_beyond_64_bits_are_archived_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Of a year 2400, and of 1600: a scan has the ends of int64 for both, an archive has what the file system says.
    names, times_ns = (b"later", b"earlier", b"now"), (13_600_000_000 * SECOND, -11_600_000_000 * SECOND, SECOND)
    lines = [
        {"path": {"text": name.decode()}, "kind": "file", "size": 1, "mtime_ns": time_ns, "changed": False}
        for name, time_ns in zip(names, times_ns, strict=True)
    ]
    (tmp_path / "lines").write_text("".join(json.dumps(line) + "\n" for line in lines))
    script(tmp_path, monkeypatch, f"cat {tmp_path}/lines")
    scanned = Files(
        mtime_ns=np.array([2**63 - 1, -(2**63), 9 * SECOND]),
        size_bytes=np.ones(3, np.int64),
        directory=np.zeros(3, np.int32),
        names=b"".join(names),
        name_ends=np.cumsum([len(name) for name in names], dtype=np.int64),
        directories=(b"/home",),
        parents=np.array([NO_PARENT], np.int32),
    )
    assert archived(scanned, take_inventory([b"x.xtar"])).tolist() == [True, True, False]


@pytest.mark.parametrize("text", ["echo nonsense", "echo '[]'", "echo '{}'"])
def test_a_listing_of_another_kind_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    script(tmp_path, monkeypatch, text)
    with pytest.raises(EnvironmentFailed, match="gave no list that this version understands"):
        take_inventory([b"x.xtar"])


def test_the_full_loop(home: Path) -> None:
    work = home.parent
    report = command("pyactivity", "--json", home)
    assert [json.loads(line)["files"] for line in report.stdout.splitlines()] == [1, 3, 2, 1, 1]
    assert command("pyactivity", "select", home, "--activity", "1,3", "-o", "chosen.jsonl", cwd=work).returncode == 0
    made = command("pybackup", "create", "--select", "chosen.jsonl", "-o", "some.xtar", "--workers", "1", cwd=work)
    assert (made.returncode, b"problem" in made.stderr.replace(b"0 problems", b"")) == (0, False)
    listed = command("pybackup", "list", "--null", "some.xtar", cwd=work)
    assert [name for name in listed.stdout.decode().split("\0") if "." in name] == [
        "home/docs/a.txt",
        "home/docs/b.tmp",
        "home/docs/sub/c.txt",
        "home/letters/x.odt",
    ]
    (home / "docs/a.txt").write_text("changed since")
    os.utime(home / "docs/a.txt", ns=(0, moment("2024-05-03 10:00")))
    after = command("pyactivity", "--json", home, "--against", "some.xtar", cwd=work)
    assert after.returncode == 0
    states = [json.loads(line) for line in after.stdout.splitlines()]
    assert [(state["number"], state["files"], state["archived"]["files"]) for state in states] == [
        (None, 1, 0),
        (1, 3, 2),
        (2, 2, 0),
        (3, 1, 1),
        (None, 1, 0),
    ]
    text = command("pyactivity", home, "--against", "some.xtar", cwd=work)
    words = [line.split()[:2] for line in text.stdout.decode().splitlines() if line[6:7].strip()]
    assert words == [["-", "NOT"], ["1", "partly"], ["2", "NOT"], ["3", "archived"], ["-", "NOT"]]
    assert "5 files of 10.0 KiB in no archive: lost if this disk dies today" in text.stderr.decode()
    # What is not safe goes into a second archive, and then all is.
    rest = command("pyactivity", "select", home, "--against", "some.xtar", "-o", "rest.jsonl", cwd=work)
    assert b"chosen: 5 files" in rest.stderr
    command("pybackup", "create", "--select", "rest.jsonl", "-o", "rest.xtar", "--workers", "1", cwd=work)
    whole = command("pyactivity", home, "--against", "some.xtar", "--against", "rest.xtar", cwd=work)
    assert b"0 files of 0 B in no archive" in whole.stderr
    assert whole.stdout.count(b" archived ") == 5


def test_the_overview_says_what_was_never_archived(home: Path, tmp_path: Path) -> None:
    """In text and in JSON; of a report against nothing, how to learn it."""
    for archive, taken in (("some.xtar", home / "docs"), ("all.xtar", home)):
        assert command("pybackup", "create", taken, "-o", tmp_path / archive, "--workers", "1").returncode == 0

    def overview(*words: str | Path) -> str:
        return command("pyactivity", home, "--overview", *words).stdout.decode()

    assert "What of it is in no archive: --against ARCHIVE tells" in overview().splitlines()
    some = overview("--against", tmp_path / "some.xtar").splitlines()
    told = map(json.loads, overview("--json", "--against", tmp_path / "some.xtar").splitlines())
    lost = [(one["path"]["text"], one["files"]) for one in told if one["section"] == "lost"]
    # Files right in the home, photos and letters: none of what is archived.
    assert sorted(lost) == [(str(home), 3), (str(home / "photos"), 2)]
    lines = some[some.index("In no archive") + 1 :][: len(lost)]
    assert [re.split(" {2,}", line)[2] for line in lines] == [f"{files} files" for _, files in lost]
    assert "All of it is in an archive" in overview("--against", tmp_path / "all.xtar").splitlines()
