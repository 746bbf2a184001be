"""The command line, as a process: what it prints for planted trees, and how it ends."""

import base64
import json
import os
import re
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from kit.command import ENVIRONMENT, run_module

import pyactivity
from pyactivity.cli import main

COMMAND = [sys.executable, "-W", "error", "-m", "pyactivity"]
NAMES = [b"plain", b"new\nline", b"\xff\xfe latin", "日本".encode(), b'quote"\\', b"-rf", b"\x1b[31m"]


def run(*arguments: str | Path, cwd: Path | None = None, **environment: str) -> "subprocess.CompletedProcess[bytes]":
    return run_module("pyactivity", *arguments, cwd=cwd, environment=ENVIRONMENT | environment)


def shell(script: str, *arguments: str | Path) -> "subprocess.CompletedProcess[bytes]":
    """A shell script in which "$@" is the command."""
    command = ["sh", "-c", script, "sh", *COMMAND, *arguments]
    return subprocess.run(command, env=ENVIRONMENT, capture_output=True, check=False, timeout=60)


def columns(output: bytes) -> list[list[str]]:
    """Number, from-to, files, bytes, directories of each group."""
    lines = output.decode().splitlines()
    return [re.split(r" {2,}", line.strip(), maxsplit=4) for line in lines if re.match(r" {0,6}[0-9-]+  ", line)]


def put(root: Path, name: str | bytes, moment: str, size_bytes: int = 10) -> None:
    path = root / os.fsdecode(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size_bytes)
    seconds = int(datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp())
    os.utime(path, ns=(0, seconds * 10**9))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Three bursts of 3, 1 and 4 files; in the last one every step is exactly an hour."""
    root = tmp_path / "tree"
    put(root, "notes/monday.txt", "2024-05-03 12:30")
    put(root, "photos/1.jpg", "2024-05-03 12:00", 1000)
    put(root, "photos/2.jpg", "2024-05-03 13:15", 1000)
    put(root, "old/letter.txt", "1999-12-31 23:59")
    for hour, name in enumerate(["d", "a", "c", "b"]):
        put(root, f"work/{name}", f"2024-06-30 {21 + hour if hour < 3 else 23}:00", 1)
    os.utime(root / "work/b", ns=(0, int(datetime(2024, 7, 1, tzinfo=UTC).timestamp()) * 10**9))
    return root


def test_groups_newest_first(tree: Path) -> None:
    done = run(cwd=tree)
    assert columns(done.stdout) == [
        ["1", "30 Jun 2024 21:00 - 1 Jul 00:00", "4 files", "4 B", "work"],
        ["2", "3 May 2024 12:00 - 13:15", "3 files", "2.0 KiB", "photos (2), notes (1)"],
        ["3", "31 Dec 1999 23:59", "1 file", "10 B", "old/letter.txt"],
    ]
    assert done.stdout.decode().splitlines()[1::2] == [
        "         largest b, 1 B",
        "         photos/1.jpg, notes/monday.txt, photos/2.jpg",
    ]
    assert done.stderr == b"pyactivity: 8 files in 3 groups, 3 shown\n"
    assert done.returncode == 0


def test_the_same_every_time(tree: Path) -> None:
    assert run("--names", "--json", tree).stdout == run("--names", "--json", tree).stdout


@pytest.mark.parametrize(
    ("arguments", "files"),
    [
        (["--radius", "3599s"], [1, 1, 1, 1, 3, 1]),
        (["--radius", "45m"], [1, 1, 1, 1, 3, 1]),
        (["--radius", "44m"], [1, 1, 1, 1, 1, 2, 1]),
        (["--radius", "60d"], [7, 1]),
        (["--limit", "1"], [4]),
        (["--min-files", "2"], [4, 3]),
        (["--min-files", "4"], [4]),
        (["--min-files", "5"], []),
        (["--limit", "1", "--min-files", "1", "--until", "2024-05-31"], [3]),
        (["--since", "2024-06-30T23:00"], [2]),
        (["--since", "2024-06-30T23:00:01"], [1]),
        (["--until", "2024-06-30"], [3, 3, 1]),
        (["--since", "2024-05-03", "--until", "2024-05-03"], [3]),
        (["--since", "2030-01-01"], []),
    ],
)
def test_options_choose_and_group(tree: Path, arguments: list[str], files: list[int]) -> None:
    done = run("--json", *arguments, tree)
    assert [json.loads(line)["files"] for line in done.stdout.splitlines()] == files
    assert done.returncode == 0


@pytest.fixture
def strange(tree: Path) -> Path:
    put(tree, "ahead", "2200-01-01 12:00")
    put(tree, "zero", "1970-01-01 00:00")
    return tree


def test_times_that_cannot_be_come_first_and_last(strange: Path) -> None:
    shown = columns(run(cwd=strange).stdout)
    assert [(line[0], line[1]) for line in (shown[0], shown[-1])] == [
        ("-", "in the future, 1 Jan 2200 12:00"),
        ("-", "no time (1 Jan 1970)"),
    ]
    groups = [json.loads(line) for line in run("--json", cwd=strange).stdout.splitlines()]
    assert [(group["group"], group["number"]) for group in groups] == [
        ("future", None),
        ("activity", 1),
        ("activity", 2),
        ("activity", 3),
        ("epoch", None),
    ]


def test_the_newest_asked_for_are_believable(strange: Path) -> None:
    assert len(run("--null", "--limit", "1", cwd=strange).stdout.split(b"\0")) == 5
    assert run("--null", cwd=strange).stdout.startswith(b"./ahead\0")


def test_twenty_activities_are_told_each_and_more_as_an_overview(tmp_path: Path) -> None:
    for number in range(25):
        put(tmp_path, str(number), f"2024-05-{1 + number:02} 12:00")
    done = run(tmp_path)
    lines = done.stdout.decode().splitlines()
    assert lines[0] == "Worked on, by the files that were made, halved for every month of age"
    assert [line[0] for line in columns(done.stdout)] == [str(number) for number in range(1, 9)]
    assert lines[-1] == "and 17 smaller or older activities: 17 files of 170 B; --limit all shows them"
    assert done.stderr == b"pyactivity: 25 files in 25 groups, 8 shown; --limit all shows the others\n"
    twenty = run("--until", "2024-05-20", tmp_path)
    assert [line[0] for line in columns(twenty.stdout)] == [str(number) for number in range(1, 21)]
    assert len(columns(run("--limit", "all", tmp_path).stdout)) == 25
    assert len(run("--json", tmp_path).stdout.splitlines()) == 25
    assert run("--limit", "24", tmp_path).stderr == b"pyactivity: 25 files in 25 groups, 24 shown\n"


def test_the_newest_and_the_largest_files(tree: Path) -> None:
    newest = run("--newest", "3", tree)
    assert [line.split()[-1] for line in newest.stdout.decode().splitlines()] == ["work/b", "work/c", "work/a"]
    assert newest.stderr == b"pyactivity: 8 files in 3 groups\n"
    largest = [json.loads(line) for line in run("--largest", "3", "--json", cwd=tree).stdout.splitlines()]
    assert [(file["path"]["text"], file["bytes"]) for file in largest] == [
        ("./photos/1.jpg", 1000),
        ("./photos/2.jpg", 1000),
        ("./notes/monday.txt", 10),
    ]
    assert run("--newest", "1", "--null", "--until", "2024-05-31", cwd=tree).stdout == b"./photos/2.jpg\0"
    assert run("--largest", "1", "--since", "2024-06-01", "--null", cwd=tree).stdout.startswith(b"./work/")


def test_the_newest_files_are_not_those_of_the_future(strange: Path) -> None:
    assert run("--newest", "1", "--null", cwd=strange).stdout == b"./work/b\0"
    assert len(run("--newest", "99", "--null", cwd=strange).stdout.split(b"\0")) == 8 + 1
    assert len(run("--largest", "99", "--null", cwd=strange).stdout.split(b"\0")) == 10 + 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["--newest", "1", "--largest", "1"],
        ["--newest", "1", "--tree"],
        ["--largest", "1", "--names"],
        ["--largest", "1", "--html", "x.html"],
        ["--explain", "--null"],
        ["--newest", "0"],
    ],
)
def test_what_goes_together_with_nothing(tree: Path, arguments: list[str]) -> None:
    assert run(*arguments, cwd=tree).returncode == 2


def test_explain_says_why(strange: Path) -> None:
    lines = run("--explain", cwd=strange).stdout.decode().splitlines()
    assert [line.strip() for line in lines if "why:" in line] == [
        "why: later than when the scan began: clocks that are wrong, or times that were set",
        "why: 58 d after the one before, no pause within of more than 1 h; a pause of more than 1 h ends an activity",
        "why: 8889 d after the one before, 58 d until the next, no pause within of more than 45 min; "
        "a pause of more than 1 h ends an activity",
        "why: 8889 d until the next; a pause of more than 1 h ends an activity",
        "why: within a day of 1 Jan 1970, which programs write where they know no time",
    ]
    groups = [json.loads(line) for line in run("--explain", "--json", cwd=strange).stdout.splitlines()]
    assert [len(group["why"]) for group in groups] == [1, 1, 1, 1, 1]


def test_the_tree_sums_up_what_is_shown(tree: Path) -> None:
    lines = run("--tree", "--since", "2024-01-01", cwd=tree).stdout.decode().splitlines()
    assert [line.split()[-1] for line in lines] == ["directory", ".", "photos", "notes", "work"]
    deep = [json.loads(line) for line in run("--tree", "--json", "--depth", "1", tree).stdout.splitlines()]
    assert [(branch["depth"], branch["files"], branch["bytes"]) for branch in deep] == [
        (0, 8, 2024),
        (1, 2, 2000),
        (1, 1, 10),
        (1, 1, 10),
        (1, 4, 4),
    ]
    assert run("--tree", "--since", "2030-01-01", tree).stdout == b""


def test_the_tree_is_sorted_and_goes_through_a_pipe(tree: Path) -> None:
    def below(*arguments: str) -> list[str]:
        names = run("--tree", "--null", *arguments, tree).stdout.decode().split("\0")
        return [os.path.relpath(name, tree) for name in names[1:-1]]

    directories = {name for name in below() if "/" not in name}
    for order in ("size", "time", "files"):
        branches = [json.loads(line) for line in run("--tree", "--json", "--sort", order, tree).stdout.splitlines()]
        assert [os.path.relpath(branch["path"]["text"], tree) for branch in branches[1:]] == below("--sort", order)
        first = [branch for branch in branches if branch["depth"] == 1]
        key = {"size": "bytes", "time": "newest_ns", "files": "files"}[order]
        assert [branch[key] for branch in first] == sorted((branch[key] for branch in first), reverse=True)
        assert {os.path.relpath(branch["path"]["text"], tree) for branch in first} == directories
    assert run("--sort", "time", tree).returncode == 2


def test_the_overview_for_programs(tmp_path: Path) -> None:
    for number in range(30):
        for part in range(3):
            put(tmp_path, f"work{number}/{part}", f"2024-{number // 3 + 1:02d}-{number % 3 * 9 + 1:02d} 10:0{part}")
    for number in range(60):
        put(tmp_path, f"mail/{number}.eml", f"{datetime(2024, 1, 1) + timedelta(days=number):%Y-%m-%d} 03:00")
    big = tmp_path / "work29/0"
    status = big.stat()
    os.truncate(big, 20 << 20)
    os.utime(big, ns=(status.st_mtime_ns, status.st_mtime_ns))
    told = [json.loads(line) for line in run("--overview", "--json", tmp_path).stdout.splitlines()]
    sections = [one["section"] for one in told]
    assert sections == ["worked"] * 8 + ["arrives"] + ["large"]
    assert [(one["files"], one["number"]) for one in told[:2]] == [(3, 1), (3, 2)]
    assert (told[8]["group"], told[8]["files"]) == ("stream", 60)
    assert (told[9]["path"]["text"], told[9]["bytes"]) == (str(big), 20 << 20)
    paths = run("--overview", "--null", tmp_path).stdout.decode().split("\0")[:-1]
    assert (len(paths), len(set(paths))) == (8 * 3 + 60, 8 * 3 + 60)
    # As the default where there are many groups, and where there are few.
    assert run("--overview", tmp_path).stdout == run(tmp_path).stdout
    assert run("--overview", tmp_path / "work1").stdout.decode().startswith("Worked on")
    for arguments in (["--newest", "3"], ["--largest", "3"]):
        assert run("--null", *arguments, tmp_path).stdout.count(b"\0") == 3
        assert len(run("--json", *arguments, tmp_path).stdout.splitlines()) == 3
    streams = [json.loads(line) for line in run("--json", tmp_path).stdout.splitlines()]
    assert [one["place"]["text"] for one in streams if one["group"] == "stream"] == [str(tmp_path / "mail")]


def test_what_is_left_out_is_said(tree: Path) -> None:
    put(tree, ".cache/x", "2024-05-03 12:00")
    put(tree, "work/a.pyc", "2024-05-03 12:00")
    done = run("--exclude", "*.jpg", "--exclude-from", "/dev/null", cwd=tree)
    assert done.stderr.decode().splitlines() == [
        "pyactivity: left out as cache or junk: ./.cache, ./work/a.pyc (--keep-junk keeps them)",
        "pyactivity: left out as told: ./photos/1.jpg, ./photos/2.jpg",
        "pyactivity: 6 files in 3 groups, 3 shown",
    ]
    assert b"8 files" not in run("--keep-junk", cwd=tree).stderr
    assert b"left out" not in run("--keep-junk", cwd=tree).stderr


def test_by_ctime_all_are_of_now(tree: Path) -> None:
    (group,) = [json.loads(line) for line in run("--json", "--by", "ctime", tree).stdout.splitlines()]
    assert (group["by"], group["files"]) == ("ctime", 8)


def test_the_radius_by_the_data_is_said_with_its_reason(tree: Path) -> None:
    for number in range(12):
        put(tree, f"more/{number}", f"2024-07-{1 + number // 4:02} 1{number % 4}:00")
    done = run("--radius", "auto", "--json", tree)
    why = "pyactivity: radius 3 h: of 19 pauses the short ones end at 1 h and the long ones begin at 10 h\n"
    assert done.stderr.decode().startswith(why)
    assert [json.loads(line)["files"] for line in done.stdout.splitlines()][:3] == [4, 4, 4]


def test_directories_and_options_may_be_mixed(tree: Path) -> None:
    assert run("old", "--quiet", "work", "--json", cwd=tree).stdout.count(b"\n") == 2


def test_times_are_local(tree: Path) -> None:
    done = run("--until", "2000-01-01T08:59", tree / "old", TZ="JST-9")
    assert columns(done.stdout)[0][1] == "1 Jan 2000 08:59"


def test_directories_are_named_as_given(tree: Path) -> None:
    done = run("work", "old", cwd=tree)
    assert [line[4] for line in columns(done.stdout)] == ["work", "old/letter.txt"]


def test_names_follow_their_group_by_mtime(tree: Path) -> None:
    done = run("--names", "--limit", "2", cwd=tree)
    assert [line.decode() for line in done.stdout.splitlines() if line.startswith(b" " * 12)] == [
        f"            ./{name}"
        for name in ("work/d", "work/a", "work/c", "work/b", "photos/1.jpg", "notes/monday.txt", "photos/2.jpg")
    ]


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    for number, name in enumerate(NAMES):
        put(tmp_path, b"odd\xff\n/" + name, f"2024-05-03 12:0{number}")
    return tmp_path


def test_null_gives_the_bytes_of_the_names(odd: Path) -> None:
    done = run("--null", cwd=odd)
    assert done.stdout == b"".join(b"./odd\xff\n/" + name + b"\0" for name in NAMES)
    assert done.returncode == 0


def test_null_gives_only_the_groups_shown(tree: Path) -> None:
    done = run("--null", "--limit", "1", "--until", "2024-06-01", cwd=tree)
    assert done.stdout.split(b"\0") == [b"./photos/1.jpg", b"./notes/monday.txt", b"./photos/2.jpg", b""]


def decoded(name: dict[str, str]) -> bytes:
    return name["text"].encode() if "text" in name else base64.b64decode(name["bytes"])


def test_json_gives_the_bytes_of_the_names(odd: Path) -> None:
    done = run("--json", "--names", cwd=odd)
    (line,) = done.stdout.splitlines()
    group = json.loads(line)
    assert [decoded(name) for name in group["names"]] == [b"./odd\xff\n/" + name for name in NAMES]
    assert [decoded(directory["path"]) for directory in group["directories"]] == [b"./odd\xff\n"]


def test_json_names_that_are_text_are_text(tree: Path) -> None:
    group = json.loads(run("--json", "--names", "--limit", "1", cwd=tree).stdout)
    assert group["names"][0] == {"text": "./work/d"}
    assert "names" not in json.loads(run("--json", "--limit", "1", cwd=tree).stdout)


def test_no_name_can_paint_the_terminal_or_break_a_line(odd: Path) -> None:
    lines = run("--names", cwd=odd).stdout.decode().splitlines()
    assert len(lines) == 2 + len(NAMES)
    assert all(line.isprintable() for line in lines)


def test_a_poor_encoding_escapes(tmp_path: Path) -> None:
    put(tmp_path, "日", "2024-05-03")
    done = run("--names", cwd=tmp_path, PYTHONIOENCODING="ascii")
    assert done.stdout.endswith(b"            ./\\u65e5\n")
    assert done.returncode == 0


def test_a_directory_named_in_any_bytes(odd: Path) -> None:
    done = run("--null", os.fsdecode(b"odd\xff\n"), cwd=odd)
    assert done.stdout.startswith(b"odd\xff\n/plain\0")


def test_an_empty_tree_is_no_failure(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert (done.returncode, done.stdout) == (0, b"")
    assert done.stderr == b"pyactivity: 0 files in 0 groups, 0 shown\n"


def test_what_cannot_be_read_is_named_last_and_remembered(tree: Path) -> None:
    done = run("gone", "work", "old/letter.txt", cwd=tree)
    assert [line[4] for line in columns(done.stdout)] == ["work"]
    assert done.stderr.decode().splitlines() == [
        "pyactivity: 4 files in 1 group, 1 shown",
        "pyactivity: gone: No such file or directory",
        "pyactivity: old/letter.txt: Not a directory",
    ]
    assert done.returncode == 1


def test_an_unreadable_directory_below(tree: Path) -> None:
    (tree / "locked").mkdir(mode=0o000)
    # Root reads it all the same, unless it has laid down the right to.
    powerless = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    command = [*powerless, *COMMAND, os.fspath(tree)]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, check=False, timeout=60)
    assert [line[2] for line in columns(done.stdout)] == ["4 files", "3 files", "1 file"]
    assert done.stderr.startswith(f"pyactivity: 8 files in 3 groups, 3 shown\npyactivity: {tree}/locked: ".encode())
    assert done.stderr.count(b"Permission denied") == 1
    assert done.returncode == 1


def test_quiet_says_problems_only(tree: Path) -> None:
    assert run("--quiet", tree).stderr == b""
    done = run("--quiet", "gone", cwd=tree)
    assert (done.returncode, done.stderr) == (1, b"pyactivity: gone: No such file or directory\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--radius", "1"], "not a span of time"),
        (["--radius", "-1h"], "expected one argument"),
        (["--since", "soon"], "not a time"),
        (["--until", "2024-13-01"], "not a time"),
        (["--radius", "automatic"], "not a span of time"),
        (["--by", "atime"], "invalid choice"),
        (["--exclude", "# no"], "no pattern"),
        (["--exclude", "[[:x:]]"], "makes no sense"),
        (["--exclude-from", "gone"], "--exclude-from gone: No such file"),
        (["--depth", "2"], "--depth is about --tree"),
        (["--tree", "--names"], "--tree sums up"),
        (["--browse", "--json"], "--browse shows directories"),
        (["--overview", "--tree"], "--overview goes with"),
        (["select", "--activity", "3-1"], "not numbers of activities"),
        (["select", "--activity", "0"], "not numbers of activities"),
        (["select", "--max-size", "big"], "not a size"),
        (["select", "--json"], "unrecognized arguments"),
        (["--since", "2024-05-04", "--until", "2024-05-03"], "--since is later than --until"),
        (["--limit", "0"], "whole number of 1 or more"),
        (["--limit", "9" * 5000], "whole number of 1 or more"),
        (["--min-files", "x"], "whole number of 1 or more"),
        (["--json", "--null"], "not allowed with"),
        (["--colour"], "unrecognized arguments"),
        (["--lim", "1"], "unrecognized arguments"),
        ([""], "a file or directory has a name"),
    ],
)
def test_wrong_usage(arguments: list[str], message: str) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, b"")
    assert message in done.stderr.decode()


def test_help_and_version() -> None:
    assert run("--version").stdout.decode() == f"pyactivity {pyactivity.__version__}\n"
    done = run("--help")
    assert done.returncode == 0
    assert b"examples:" in done.stdout
    assert b"exit status:" in done.stdout
    assert b"--max-size" in run("select", "--help").stdout


def test_help_tells_every_field_of_json(tree: Path) -> None:
    told = set(re.findall(r'"(\w+)"', run("--help").stdout.decode()))
    group = json.loads(run("--json", "--names", "--limit", "1", tree).stdout)
    branch = json.loads(run("--json", "--tree", tree).stdout.splitlines()[0])
    assert {*group, *group["directories"][0], *branch} <= told


def test_a_page_or_a_picture_may_go_to_standard_output(tree: Path) -> None:
    done = run("--svg", "-", "--html", "page.html", ".", cwd=tree)
    assert done.stdout.startswith(b"<svg ")
    assert (tree / "page.html").read_bytes().startswith(b"<!DOCTYPE html>")
    assert not (tree / "-").exists()
    twice = run("--svg", "-", "--html", "-", tree)
    assert (twice.returncode, b"only one of" in twice.stderr) == (2, True)


@pytest.fixture
def wide(tmp_path: Path) -> Path:
    """More names than any pipe holds."""
    for number in range(600):
        put(tmp_path, f"{number:03d}" + "x" * 240, "2024-05-03")
    return tmp_path


@pytest.mark.parametrize("form", ["--names", "--null", "--json"])
def test_a_reader_that_leaves_early_is_no_failure(wide: Path, form: str) -> None:
    # sh's status is that of head; the command's own goes to stderr, last.
    done = shell('{ "$@"; echo $? >&2; } | head -c 10', form, "--names", wide)
    assert len(done.stdout) == 10
    assert done.stderr.splitlines() == [b"pyactivity: 600 files in 1 group, 1 shown", b"0"]


def test_a_reader_that_leaves_early_hides_no_problem(wide: Path) -> None:
    done = shell('{ "$@"; echo $? >&2; } | head -c 10', "--null", wide, wide / "gone")
    assert done.stderr.splitlines()[-1] == b"1"
    assert b"No such file" in done.stderr


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ('"$@" >/dev/full', "pyactivity: cannot write the results: No space left on device\n"),
        ('"$@" >&-', "pyactivity: there is no standard output\n"),
        ('"$@" --help >/dev/full', "pyactivity: cannot write the results: No space left on device\n"),
    ],
)
def test_results_that_cannot_be_written(tree: Path, script: str, message: str) -> None:
    done = shell(script, tree)
    assert (done.returncode, done.stderr.decode()) == (5, message)


class Sip:
    """An unbuffered stream that takes three bytes at a time."""

    def __init__(self) -> None:
        self.taken = b""

    def write(self, piece: memoryview) -> int:
        self.taken += piece[:3]
        return len(piece[:3])


def test_a_stream_that_takes_only_parts_gets_all(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sip = Sip()
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(buffer=sip, flush=lambda: None))
    assert main(["--null", "--limit", "1", str(tree / "old")]) == 0
    assert sip.taken == os.fsencode(tree / "old/letter.txt") + b"\0"


def test_unbuffered_output_is_the_same(tree: Path) -> None:
    assert run("--names", tree, PYTHONUNBUFFERED="1").stdout == run("--names", tree).stdout != b""


@pytest.mark.parametrize("script", ['"$@" 2>&-', '"$@" 2>/dev/full'])
def test_talk_that_cannot_be_said_spoils_nothing(tree: Path, script: str) -> None:
    done = shell(script, "--null", "--limit", "1", tree / "old")
    assert (done.returncode, done.stdout) == (0, os.fsencode(tree / "old/letter.txt") + b"\0")


def test_interrupted_while_the_reader_sleeps(wide: Path) -> None:
    # Whoever runs the tests in the background of a script has SIGINT ignored, which is inherited.
    heard = ["env", "--default-signal=INT", *COMMAND, "--null", os.fspath(wide)]
    with subprocess.Popen(heard, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        # Once a byte is here the process is writing, and it cannot finish before more is read.
        assert process.stdout.read(1)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
        assert process.stderr.read() == b"pyactivity: interrupted\n"


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--limit", "2"],
        ["--min-files", "3"],
        ["--names"],
        ["--overview"],
        ["--tree"],
        ["--tree", "--sort", "time", "--depth", "1"],
        ["--newest", "3"],
        ["--largest", "3"],
        ["--no-streams"],
        ["--radius", "auto"],
        ["--by", "ctime"],
        ["--since", "2024-05-01"],
    ],
    ids=" ".join,
)
def test_every_list_is_told_to_programs_as_json_and_as_names(tree: Path, words: list[str]) -> None:
    """The same things in both, and each name is one that exists."""
    told = run("--quiet", "--json", *words, tree)
    assert (told.returncode, told.stderr) == (0, b"")
    things = [json.loads(line) for line in told.stdout.splitlines()]
    named = run("--quiet", "--null", *words, tree)
    assert (named.returncode, named.stderr, named.stdout[-1:]) == (0, b"", b"\0")
    names = named.stdout.split(b"\0")[:-1]
    assert all(os.path.exists(name) for name in names)
    assert len(set(names)) == len(names)
    if "path" in things[0]:
        assert [os.fsencode(one["path"]["text"]) for one in things] == names
    else:
        assert sum(one["files"] for one in things) == len(names)
