"""Whatever is selected on the page, its selection names exactly that: random choices, read back by pybackup."""

import json
import os
import random
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from kit.chromium import Page, chromium

from pyactivity.page import page as page_of
from pyactivity.report import report_of
from pyactivity.survey import take_survey
from pybackup.monitor import Monitor
from pybackup.selection.chosen import read_selection
from pybackup.selection.resolve import sources_from_selection

pytestmark = pytest.mark.xdist_group("browser")
SECOND_NS = 10**9
DAY_NS = 86_400 * SECOND_NS
NOW_NS = time.time_ns()  # ctimes are of now, whatever is wanted
# Directly and deeply, in a chain, beside what is left out, and outside of what is scanned.
DIRECTORIES = [f"a/{below}" for below in ("", "x", "x/deep/er", "y", "y/skip", "z/skip/q")]
DIRECTORIES += ["b/c", "b/c/d", "b/other", "b/c/d/e\udce9/f", "skip", ".skip", ".hidden/x"]

CHOOSE = """
const unfoldAll = () => { let before; do { before = list.rows.length;
  for (const row of list.rows) if (row.node) unfolded.set(keyOf(row.node), true);
  refreshRows(); } while (list.rows.length !== before); };
byId("clear").click();
view.text = arguments[0];
showTab(arguments[1]);
unfoldAll();
for (const share of arguments[2]) {
  const row = list.rows[Math.floor(share * list.rows.length)];
  if (row) select(row, stateOf(row) !== 1);
  choiceChanged();
}
const files = [], areas = [];
for (let p = 0; p < data.pairs; p++) {
  const a = data.pairActivity[p], first = data.first_s[a], area = [pathOf(data.pairDirectory[p]), first];
  if (!data.pair_named[p] && choice.files[p]) areas.push([...area, first + data.span_s[a]]);
  for (let f = data.fileStart[p]; f < data.fileStart[p + 1]; f++) if (choice.fileOn[f]) files.push(filePath(f));
}
// As text, for lone surrogates do not come through the protocol.
return JSON.stringify([[...selectionLines()].join("\\n") + "\\n", files, areas, totals().files, totals().bytes]);
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Page]:
    with chromium("UTC") as opened:
        yield opened


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("saves") / "root"
    chance = random.Random(5)
    for directory in DIRECTORIES:
        (root / directory).mkdir(parents=True, exist_ok=True)
        names = [f"f{number} \udcff" for number in range(6)]
        # So much is left out there that naming files one by one is shorter.
        names += [f"{number}.tmp" for number in range(40)] if directory == "b/c/d" else []
        for name in names:
            path = root / directory / name
            path.write_bytes(b"x" * chance.randrange(50))
            # Three sessions, hours apart, the same everywhere.
            moment_ns = NOW_NS - chance.randrange(1, 4) * 10_000 * SECOND_NS - chance.randrange(10**11)
            os.utime(path, ns=(moment_ns, moment_ns))
    return root


GIVEN = ([""], ["a", "b/c"], ["a/x", "", "a"], ["b/c/d", "b/c"])
# Not every combination of the three, but each two of them together: a page costs a second.
PAIRWISE = [
    (given, names, "mtime" if names == (number % 2 == 0) else "ctime")
    for number, given in enumerate(GIVEN)
    for names in (True, False)
]


@pytest.mark.parametrize(("given", "names", "by"), PAIRWISE, ids=str)
def test_a_selection_names_exactly_what_is_checked(
    browser: Page, tree: Path, tmp_path: Path, given: list[str], names: bool, by: str
) -> None:
    directories = [str(tree / below) for below in given]
    seen = take_survey(directories, radius_ns=1000 * SECOND_NS, by=by, exclude=["skip", ".skip", "*.tmp"])
    html = tmp_path / "page.html"
    html.write_bytes(b"".join(page_of(report_of(seen, directories, seen.parts()), names=names)))
    browser.open(html)
    chance = random.Random(f"{given} {names} {by}")
    for words in ("", "", "", "x", "f3", "d/e f1"):
        shares = [chance.random() for _ in range(chance.randrange(1, 12))]
        tab = chance.choice(["activity", "directory"])
        lines, files, areas, count, size = json.loads(browser.run(CHOOSE, words, tab, shares))
        monitor = Monitor()
        chosen = read_selection(BytesIO(lines.encode()))
        sources = sources_from_selection(chosen, monitor=monitor)
        found = {os.fsdecode(source.path) for source in sources if not source.path.endswith(b"/")}
        wanted = {os.path.join(os.fsdecode(chosen.root), name) for name in files}
        for below, first, last in areas:
            wanted |= set(in_area(Path(os.fsdecode(chosen.root)) / below, first, last, by))
        assert found == wanted, lines
        # Sizes, times and counts on the lines are right, too.
        assert list(monitor.problems) == []
        assert count == len(found)
        assert size == sum(os.path.getsize(name) for name in found)
    assert browser.seen()[0] == []


@pytest.fixture(scope="module")
def arriving(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sessions everywhere, each beside what arrives: in a directory of its own, below one, and by its names in one."""
    root = tmp_path_factory.mktemp("arriving") / "root"
    chance = random.Random(6)
    for directory in ("", "mail", "docs/feed", "docs/work"):
        (root / directory).mkdir(parents=True, exist_ok=True)
    for session in range(8):
        for directory in ("", "mail", "docs", "docs/work"):
            put(
                root / directory / f"session{session} {directory[-4:]}",
                NOW_NS - session * 9 * DAY_NS - chance.randrange(10**11),
            )
    for number in range(90):
        for name in (f"mail/{number}.eml", f"docs/feed/{number}", f"docs/work/log-{number}.txt"):
            put(root / name, NOW_NS - number * DAY_NS - chance.randrange(DAY_NS // 2))
    return root


def put(path: Path, moment_ns: int) -> None:
    path.write_bytes(b"x" * (moment_ns % 50))
    os.utime(path, ns=(moment_ns, moment_ns))


@pytest.mark.parametrize("shown", [True, False])
def test_a_selection_beside_streams_names_exactly_what_is_checked(
    browser: Page, arriving: Path, tmp_path: Path, shown: bool
) -> None:
    """Streams and activities share time and directories: an area must not take the one for the other."""
    seen = take_survey([arriving], radius_ns=1000 * SECOND_NS)
    places = [(os.path.relpath(os.fsdecode(one.place), arriving), one.pattern) for one in seen.streams]
    assert places == [("docs/feed", b""), ("docs/work", b"log-*.txt"), ("mail", b"*.eml")]
    html = tmp_path / "page.html"
    html.write_bytes(b"".join(page_of(report_of(seen, [str(arriving)], seen.parts(strange=shown)))))
    browser.open(html)
    chance = random.Random(shown)
    for words in ("", "", "", "", "mail", "session"):
        shares = [chance.random() for _ in range(chance.randrange(1, 12))]
        lines, files, areas, count, _ = json.loads(
            browser.run(CHOOSE, words, chance.choice(["activity", "directory"]), shares)
        )
        monitor = Monitor()
        chosen = read_selection(BytesIO(lines.encode()))
        sources = sources_from_selection(chosen, monitor=monitor)
        found = {os.fsdecode(source.path) for source in sources if not source.path.endswith(b"/")}
        assert areas == []
        assert found == {os.path.join(os.fsdecode(chosen.root), name) for name in files}, lines
        assert list(monitor.problems) == []
        assert count == len(found)
    assert browser.seen()[0] == []


def in_area(directory: Path, first: int, last: int, by: str) -> Iterator[str]:
    with os.scandir(directory) as entries:
        for entry in entries:
            status = entry.stat()
            seconds = (status.st_mtime_ns if by == "mtime" else status.st_ctime_ns) // SECOND_NS
            if entry.is_file() and not entry.name.endswith(".tmp") and first <= seconds <= last:
                yield entry.path
