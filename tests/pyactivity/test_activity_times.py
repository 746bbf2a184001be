"""Times that file systems cut, and paths longer than the system takes at once."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyactivity.against import Inventory, archived
from pyactivity.scan import gather
from pyactivity.times import same_time

SECOND = 10**9
ODD = 1_700_000_001 * SECOND + 987_654_321  # of an odd second


@pytest.mark.parametrize(
    ("one_ns", "other_ns", "same"),
    [
        (ODD, ODD, True),
        (ODD, 1_700_000_000 * SECOND, True),  # FAT
        (ODD, 1_700_000_002 * SECOND, True),  # Windows rounds up
        (ODD, 1_700_000_001 * SECOND, True),  # HFS+
        (ODD, 1_700_000_001 * SECOND + 980_000_000, True),  # exFAT
        (ODD, ODD - 321, True),
        (ODD, ODD - 21, True),  # NTFS
        (ODD, 1_700_000_003 * SECOND, False),
        (ODD, 1_699_999_998 * SECOND, False),
        (ODD, ODD + 1, False),
        (ODD, ODD - SECOND, False),
        (ODD + 3, ODD - 500_000_000, False),
        (-ODD, -1_700_000_002 * SECOND, True),
    ],
)
def test_a_time_and_what_a_file_system_keeps_of_it(one_ns: int, other_ns: int, same: bool) -> None:
    assert same_time(one_ns, other_ns) is same_time(other_ns, one_ns) is same


def test_a_file_on_fat_is_archived(tmp_path: Path) -> None:
    for name, mtime_ns in (("cut", 1_700_000_000 * SECOND), ("changed", ODD + 10**8), ("exact", ODD)):
        (tmp_path / name).write_bytes(b"xyz")
        os.utime(tmp_path / name, ns=(0, mtime_ns))
    files = gather([tmp_path]).files
    there = Inventory(
        frozenset((f"{tmp_path.name}/{name}".encode(), 3, ODD) for name in ("cut", "changed", "exact")), ()
    )
    found = {files.name(index): bool(known) for index, known in enumerate(archived(files, there))}
    assert found == {b"cut": True, b"changed": False, b"exact": True}


@pytest.fixture
def deep(tmp_path: Path) -> Iterator[Path]:
    """Directories whose paths grow to 6,000 bytes, with a file in each; removed by the way they were made."""
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(30):
        os.mkdir("d" * 200, dir_fd=here)
        below = os.open("d" * 200, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
        with open(os.open("file", os.O_WRONLY | os.O_CREAT, dir_fd=here), "wb") as file:
            file.write(b"deep")
    os.close(here)
    yield tmp_path
    subprocess.run(["rm", "-rf", tmp_path / ("d" * 200)], check=True)


def _run(*words: str | Path, cwd: Path) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run([sys.executable, "-m", *words], cwd=cwd, capture_output=True, check=False)


def test_paths_longer_than_the_system_takes(deep: Path) -> None:
    scan = gather([deep], exclude=["nothing"])
    assert not scan.problems
    paths = list(scan.files.paths(range(len(scan.files))))
    assert [path.count(b"/d") for path in paths] == list(range(1, 31))
    assert len(paths[-1]) > 6000
    assert set(scan.files.size_bytes.tolist()) == {4}
    below = b"d" * 200 + b"/"
    cut = gather([deep], exclude=[f"/{os.fsdecode(below * 25)}"])
    assert (len(cut.files), len(cut.left_out)) == (24, 1)


def test_what_is_deep_is_chosen_archived_and_known_again(deep: Path) -> None:
    assert _run("pyactivity", "select", deep.name, "-o", "chosen", cwd=deep.parent).returncode == 0
    made = _run("pybackup", "create", "--select", "chosen", "-o", "deep.xtar", "--workers", "1", cwd=deep.parent)
    assert made.returncode == 0, made.stderr[-300:]
    known = _run("pyactivity", deep.name, "--against", "deep.xtar", cwd=deep.parent)
    assert known.returncode == 0
    assert b"0 files of 0 B in no archive" in known.stderr


@pytest.fixture(scope="module")
def nested(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """3,000 directories, each in the one before, and a file at the bottom."""
    top = tmp_path_factory.mktemp("nested")
    here = os.open(top, os.O_RDONLY)
    for _ in range(3_000):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(os.open("bottom.txt", os.O_WRONLY | os.O_CREAT, dir_fd=here))
    os.close(here)
    yield top
    subprocess.run(["rm", "-rf", top / "d"], check=True)


BOTTOM = b"/d" * 3_000 + b"/bottom.txt"


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--json"],
        ["--null"],
        ["--names", "--json"],
        ["--overview"],
        ["--overview", "--json"],
        ["--overview", "--null"],
        ["--newest", "1", "--json"],
        ["--largest", "1", "--null"],
        ["--tree", "--json"],
        ["--tree", "--null"],
        ["--explain"],
        ["--by", "ctime"],
        ["--html", "-"],
        ["--svg", "-"],
        ["--png", "-"],
    ],
    ids=" ".join,
)
def test_3000_directories_one_in_the_other(nested: Path, words: list[str]) -> None:
    done = _run("pyactivity", *words, nested.name, cwd=nested.parent)
    assert (done.returncode, b"1 file in 1 group" in done.stderr) == (0, True), done.stderr[-300:]
    if words[:1] not in (["--html"], ["--svg"], ["--png"], ["--tree"]):
        assert BOTTOM[1:] in done.stdout
    if "--tree" in words:
        assert BOTTOM.rpartition(b"/")[0] in done.stdout


def test_3000_directories_are_chosen_archived_and_known_again(nested: Path, tmp_path: Path) -> None:
    chosen, archive = tmp_path / "chosen", tmp_path / "nested.xtar"
    assert _run("pyactivity", "select", nested.name, "-o", chosen, cwd=nested.parent).returncode == 0
    made = _run("pybackup", "create", "--select", chosen, "-o", archive, "--workers", "1", cwd=nested.parent)
    assert made.returncode == 0, made.stderr[-300:]
    known = _run("pyactivity", nested.name, "--against", archive, cwd=nested.parent)
    assert b"0 files of 0 B in no archive" in known.stderr
