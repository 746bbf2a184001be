"""An inode's bytes count once, whatever number of names it has: totals, groups, directories, tree, page, selections."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from activity_home import moment
from hypothesis import given, settings
from hypothesis import strategies as st
from kit.chromium import Page, chromium

from pyactivity import NO_PARENT, Files, describe, gather, take_survey
from pyactivity.overview import overview_of
from pyactivity.page import page as page_of
from pyactivity.picture import picture
from pyactivity.picture_shapes import Words
from pyactivity.report import report_of
from pyactivity.totals import sum_up
from pybackup.monitor import Monitor
from pybackup.selection.chosen import read_selection
from pybackup.selection.resolve import sources_from_selection

ENVIRONMENT = {**os.environ, "TZ": "UTC0"}
NOW_NS = moment("2026-11-25 18:00")


def command(module: str, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    line = [sys.executable, "-W", "error", "-m", module, *arguments]
    return subprocess.run(line, env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A snapshot and another that shares two of its three files; one file has a further name outside."""
    top = tmp_path_factory.mktemp("linked")
    made = top / "root"
    for name, size in (("a/one", 1000), ("a/two", 300), ("a/three", 7), ("b/three", 7), ("b/outside", 50)):
        path = made / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * size)
        os.utime(path, ns=(NOW_NS, NOW_NS))
    os.link(made / "a/one", made / "b/one")
    os.link(made / "a/one", made / "b/one again")
    os.link(made / "a/two", made / "b/two")
    os.link(made / "b/outside", top / "outside")
    return made


ONCE = 1000 + 300 + 7 + 7 + 50


def test_a_scan_knows_the_first_name(root: Path) -> None:
    files = gather([root]).files
    first = [os.path.relpath(files.path(index), os.fsencode(root)) for index in files.first_name.tolist()]
    names = [b"a/one", b"a/three", b"a/two"], [b"a/one", b"a/one", b"b/outside", b"b/three", b"a/two"]
    assert first == [*names[0], *names[1]]
    assert files.further_links() == 3
    assert files.total_bytes(np.arange(len(files))) == ONCE
    # One whose other names are not among these is like any other.
    assert len(gather([root / "b"], exclude=["one", "one again", "two"]).files.first_name) == 0
    assert gather([root / "b"]).files.further_links() == 1


def test_groups_and_their_directories(root: Path) -> None:
    found = take_survey([root], now_ns=NOW_NS)
    (members,) = found.activities.clusters
    group = describe(found.scan.files, members, bulk=found.bulk)
    assert (group.files, group.size_bytes, group.bytes_elsewhere) == (8, ONCE, 0)
    assert {os.path.basename(one.path): one.size_bytes for one in group.carriers} == {b"a": 1307, b"b": 57}
    overview = overview_of(found, list(found.parts()))
    assert len(overview.parts()) == 1


def test_the_tree_sums_to_the_whole(root: Path) -> None:
    files = gather([root]).files
    branches = sum_up(files, np.arange(len(files)))
    assert [(os.path.basename(branch.path), branch.size_bytes) for branch in branches] == [
        (b"root", ONCE),
        (b"a", 1307),
        (b"b", 57),
    ]


def test_text_and_json_say_how_they_count(root: Path) -> None:
    text = command("pyactivity", root)
    assert "1.3 KiB" in text.stdout
    assert "3 files are further hard links: their bytes count once, with the first name" in text.stderr
    (group,) = map(json.loads, command("pyactivity", "--json", root).stdout.splitlines())
    assert (group["files"], group["bytes"], sum(one["bytes"] for one in group["directories"])) == (8, ONCE, ONCE)
    assert "hard link" not in command("pyactivity", root / "a").stderr


def test_a_picture_counts_once(root: Path) -> None:
    shapes = picture(report_of(take_survey([root], now_ns=NOW_NS), [str(root)], take_survey([root]).parts()))
    assert any("8 files, 1.3 KiB" in shape.text for shape in shapes if isinstance(shape, Words))


def test_a_selection_has_each_name_and_counts_what_it_chose_once(root: Path, tmp_path: Path) -> None:
    """Of the second name alone all bytes count: it is archived as a file of its own."""
    for patterns, files, size in ((["b"], 5, 1000 + 300 + 7 + 50), (["a", "b"], 8, ONCE), (["b/one*"], 2, 1000)):
        chosen = tmp_path / f"{'-'.join(patterns).replace('/', '').replace('*', '')}.jsonl"
        words = [word for pattern in patterns for word in ("--path", pattern)]
        done = command("pyactivity", "select", root, *words, "-o", chosen)
        assert f"chosen: {files} files of {f'{size} B' if size < 1024 else f'{size / 1024:.1f} KiB'}" in done.stderr
        archive = chosen.with_suffix(".xtar")
        made = command("pybackup", "create", "--select", chosen, "-o", archive, "--workers", "1")
        assert (made.returncode, "when it was selected" in made.stderr) == (0, False)
        listed = [json.loads(line) for line in command("pybackup", "list", "--json", archive).stdout.splitlines()]
        assert sum(entry["size"] for entry in listed if entry["kind"] == "file") == size
        assert sum(entry["kind"] in ("file", "hardlink") for entry in listed) == files
        against = command("pyactivity", root, "--against", archive)
        lost = 8 - files
        assert f"{lost} file{'' if lost == 1 else 's'} of " in against.stderr


def test_a_medium_is_filled_by_inodes(root: Path) -> None:
    fits = command("pyactivity", "select", root, "--max-size", str(ONCE))
    assert f"chosen: 8 files of {ONCE / 1024:.1f} KiB" in fits.stderr


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A mail a day, its backup in hard links, and three mails that were linked beside the letters of a case."""
    made = tmp_path_factory.mktemp("kept") / "root"
    for place in ("Mail/cur", "Backup/cur", "case"):
        (made / place).mkdir(parents=True)
    for number in range(60):
        mail = made / f"Mail/cur/{number}.host"
        mail.write_bytes(b"x" * (1000 + number))
        os.utime(mail, ns=(NOW_NS - number * 86_400 * 10**9 - 12_345,) * 2)
        os.link(mail, made / f"Backup/cur/{number}.host")
        if number in (5, 25, 45):
            os.link(mail, made / f"case/mail{number}")
    for number in (5, 30):
        letter = made / f"case/letter{number}"
        letter.write_bytes(b"x" * 500)
        os.utime(letter, ns=(NOW_NS - number * 86_400 * 10**9 - 54_321,) * 2)
    return made


MAILS = 60 * 1000 + sum(range(60))


@pytest.mark.xdist_group("browser")
@pytest.mark.parametrize("activities", ["1-99", "1-99,stream", "stream"])
@pytest.mark.parametrize("room", [500, 1505, 2530, 2531, 3530, 4074, 4075, MAILS - 1, MAILS, MAILS + 1000])
def test_an_inode_takes_its_room_once_whatever_group_its_names_are_of(
    browser: Page, kept: Path, tmp_path: Path, room: int, activities: str
) -> None:
    """On the command line and on the page alike, and never more than there is room for."""
    chosen = tmp_path / "chosen.jsonl"
    words: list[str | Path] = ["--activity", activities, "--max-size", str(room), "-o", chosen, "--overwrite"]
    assert command("pyactivity", "select", kept, *words).returncode == 0
    with chosen.open("rb") as stream:
        paths = {line.path for line in read_selection(stream).files}
    statuses = [os.stat(kept / os.fsdecode(path)) for path in paths]
    taken = sum({status.st_ino: status.st_size for status in statuses}.values())
    assert taken <= room
    if room >= MAILS + 1000:
        # All that was asked for: a second name, wherever it is, takes no room.
        assert len(paths) == {"1-99": 5, "1-99,stream": 125, "stream": 120}[activities]
    if activities != "1-99":
        return
    found = take_survey([kept], now_ns=NOW_NS, radius_ns=3_600 * 10**9)
    assert len(found.streams) == 2
    html = tmp_path / "page.html"
    html.write_bytes(b"".join(page_of(report_of(found, [str(kept)], found.parts()))))
    browser.open(html)
    browser.run("medium.bytes = arguments[0]; medium.name = 'a trial'", room)
    browser.one("#fill").click()
    assert browser.run("return [totals().files, totals().bytes]") == [len(paths), taken]


@pytest.fixture(scope="module")
def browser() -> Iterator[Page]:
    with chromium("UTC") as opened:
        yield opened


@pytest.mark.xdist_group("browser")
@pytest.mark.parametrize("names", [True, False])
def test_the_page_sums_once_and_its_selection_is_whole(browser: Page, root: Path, tmp_path: Path, names: bool) -> None:
    """Whatever is checked: each line of the selection agrees with what lies on the disk."""
    found = take_survey([root], now_ns=NOW_NS)
    html = tmp_path / "page.html"
    html.write_bytes(b"".join(page_of(report_of(found, [str(root)], found.parts()), names=names)))
    browser.open(html)
    assert "8 files, 1.3 KiB" in browser.text("#summary")
    assert "3 further hard links counted once" in browser.text("#summary")
    wanted = {"": ONCE, "a": 1307, "b": 1000 + 300 + 7 + 50}
    for chosen, size in wanted.items():
        script = """
        byId("clear").click();
        for (let p = 0; p < data.pairs; p++) {
          const place = pathOf(data.pairDirectory[p]);
          if (!arguments[0] || place === arguments[0]) setPair(p, true);
        }
        choiceChanged();
        return JSON.stringify([[...selectionLines()].join("\\n") + "\\n", totals().bytes]);
        """
        lines, total = json.loads(browser.run(script, chosen))
        monitor = Monitor()
        sources = sources_from_selection(read_selection(BytesIO(lines.encode())), monitor=monitor)
        assert list(monitor.problems) == []
        assert sum(not source.path.endswith(b"/") for source in sources) == {"": 8, "a": 3, "b": 5}[chosen]
        if names:
            assert total == size
    console, _ = browser.seen()
    assert console == []


@settings(max_examples=200)
@given(
    sizes=st.lists(st.integers(0, 2**62), min_size=1, max_size=8),
    names=st.lists(st.integers(0, 7), max_size=30),
    chance=st.randoms(use_true_random=False),
)
def test_bytes_once_are_those_of_the_inodes(sizes: list[int], names: list[int], chance: "np.random.Generator") -> None:
    inodes = [name % len(sizes) for name in names]
    n = len(inodes)
    files = Files(
        np.zeros(n, np.int64),
        np.array([sizes[inode] for inode in inodes], np.int64),
        np.zeros(n, np.int32),
        b"",
        np.zeros(n, np.int64),
        (b"d",),
        np.array([NO_PARENT], np.int32),
        first_name=np.array([inodes.index(inode) for inode in inodes], np.int64),
    )
    members = [index for index in range(n) if index % 3]
    chance.shuffle(members)
    counted = files.bytes_once(np.array(members, np.intp))
    assert sum(counted.tolist()) == sum(sizes[inode] for inode in {inodes[index] for index in members})
    assert all(own in (0, sizes[inodes[index]]) for own, index in zip(counted.tolist(), members, strict=True))
    assert files.total_bytes(np.array(members, np.intp)) == sum(counted.tolist())
