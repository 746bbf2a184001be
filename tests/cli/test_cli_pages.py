"""The pages of verify and salvage: well-formed, self-contained, correct, and safe with hostile names."""

import random
from collections.abc import Iterable, Sequence
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from kit.command import lines, parsed, run

from pybackup.check.file_map import Places
from pybackup.check.verdict import ArchiveVerdict
from pybackup.check.volume_map import Condition, MapPart, VolumeMap, map_volume
from pybackup.cli.main import main
from pybackup.cli.pages import page_path
from pybackup.cli.pages.frame import MAX_ROWS, POLICY, bar, clip, escape, shell_word
from pybackup.cli.pages.salvage_page import map_salvaged, render_salvage
from pybackup.cli.pages.verify_page import render_verify
from pybackup.cli.pages.volume_map import Cells, cut, render_map
from pybackup.errors import UsageError
from pybackup.mend.health import State
from pybackup.model.entry import Entry, Kind
from pybackup.model.extents import Extents
from pybackup.model.listing import FoundRows, Listing, Way
from pybackup.model.member import Member, Method, Stored
from pybackup.model.problem import Problem, Trouble
from pybackup.model.verdict import Fate, FileVerdict, UnnamedFile
from pybackup.restore.result import Restored

SECTOR = 2048
VOID = {"meta", "input", "br"}
GOOD, REPAIRED, MENDABLE, SUSPECT, BAD = Condition
HOSTILE = [
    b"<script>alert(1)</script>",
    b"\"onmouseover='alert(1)'",
    b"new\nline",
    b"lat\xff\xfe",
    "rtl\u202egpj.exe".encode(),
    "\u05e9\u05dc\u05d5\u05dd".encode(),
    b"&lt;b&gt;",
    b"</title></main>",
    b"x" * 255,
]


class Page(HTMLParser):
    """Parse a page as a browser would; fail if tags are not balanced."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(data.decode())
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.text += data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for found, attributes in self.tags if found == tag]

    @property
    def cells(self) -> list[dict[str, str]]:
        return [attributes for attributes in self.all("i") if "title" in attributes]


def check(data: bytes) -> Page:
    """Check that a page loads nothing, and has only the tags and attributes that the code writes."""
    page = Page(data)
    assert data.startswith(b"<!DOCTYPE html>")
    for foreign in (b"http:", b"https:", b"src=", b"href", b"url(", b"@import", b"<link", b"<img", b"<iframe"):
        assert foreign not in data.lower()
    assert len(page.all("script")) == 1
    assert {"content": POLICY, "http-equiv": "Content-Security-Policy"} in page.all("meta")
    handlers = [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert handlers == []
    assert "\u202e" not in data.decode()
    return page


def volume(parts: Sequence[int], conditions: Sequence[int], edges: tuple[int, ...] = ()) -> VolumeMap:
    found = np.array(conditions, np.uint8)
    return VolumeMap(len(found) * SECTOR, np.array(parts, np.uint8), found, Places.of(()), edges)


def kinds(shown: VolumeMap, max_cells: int) -> list[str]:
    data = "".join(render_map(shown, max_cells=max_cells))
    return [cell["class"] for cell in Page(f"<main>{data}</main>".encode()).cells]


# The map, from states to cells


@pytest.mark.parametrize("sectors", [1, 2, 9, 100, 101, 4096])
@pytest.mark.parametrize("max_cells", [1, 7, 100, 3000])
def test_cells_add_up_to_all_sectors(sectors: int, max_cells: int) -> None:
    source = np.random.default_rng(sectors)
    conditions = source.integers(0, len(Condition), sectors).astype(np.uint8)
    parts = source.integers(0, len(MapPart), sectors).astype(np.uint8)
    edges = tuple(sorted({sectors // 3, sectors // 2} - {0}))
    shown = VolumeMap(sectors * SECTOR, parts, conditions, Places.of(()), edges)
    cells = cut(shown, max_cells)
    assert len(cells) <= max_cells + len(edges)
    assert set(edges) <= set(cells.edges.tolist())
    assert np.diff(cells.edges).tolist() == cells.counts.sum(axis=(1, 2)).tolist()
    for condition in Condition:
        for part in MapPart:
            expected = int(((parts == part) & (conditions == condition)).sum())
            assert cells.counts[:, part, condition].sum() == expected
    assert cells.worst.tolist() == [
        max(conditions[low:high]) for low, high in zip(cells.edges, cells.edges[1:], strict=False)
    ]


def test_a_cell_has_the_colour_of_the_worst_in_it() -> None:
    conditions = [GOOD, GOOD, GOOD, MENDABLE, MENDABLE, BAD, REPAIRED, REPAIRED, SUSPECT, GOOD]
    assert kinds(volume([MapPart.DATA] * 10, conditions), 5) == ["d", "d m f l3", "d b f l4", "d r f l4", "d s f l3"]


def test_a_cell_is_of_the_part_that_most_of_it_is_and_no_cell_spans_an_edge() -> None:
    parts = [0, 0, 0, 2, 1, 1, 1, 2, 1, 1, 0]
    conditions = [GOOD] * 5 + [MENDABLE] + [GOOD] * 5
    assert kinds(volume(parts, conditions, (3, 4, 10)), 3) == ["d", "c", "p m f l3", "p", "d"]


def test_one_bad_sector_among_thousands_shows() -> None:
    conditions = [GOOD] * 100_000
    conditions[54_321] = BAD
    cells = cut(volume([0] * 100_000, conditions), 2000)
    assert np.flatnonzero(cells.worst == BAD).tolist() == [54_321 // 50]
    assert isinstance(cells, Cells)


def test_a_cell_says_where_it_lies_and_whose_it_is() -> None:
    places = Places.of(
        (name, [(at * 1000, at * 1000 + 900)]) for at, name in enumerate([b"a", b"b", b"c", b"<d>", b"e"])
    )
    shown = map_volume(places, 5000, suspect=Extents(((1000, 1900),)))
    page = Page(f"<main>{''.join(render_map(shown))}</main>".encode())
    assert [cell["title"].split("\n") for cell in page.cells] == [
        ["bytes 0 to 2,047, sector 0", "data: 1 sector, 1 in a damaged file", "a", "b", "c"],
        ["bytes 2,048 to 4,095, sector 1", "data: 1 sector, all good", "c", "<d>", "e"],
        ["bytes 4,096 to 4,999, sector 2", "data: 1 sector, all good", "e"],
    ]
    whole = Page(f"<main>{''.join(render_map(shown, max_cells=1))}</main>".encode())
    assert whole.cells[0]["title"].split("\n")[2:] == ["a", "b", "c", "and 2 more"]


def test_files_touched_stand_worst_first_with_their_bad_bytes() -> None:
    ranges = {b"whole": [(0, 2048)], b"mendable": [(2048, 6000)], b"lost": [(6200, 7000), (8192, 9000)]}
    conditions = np.array([GOOD, MENDABLE, GOOD, GOOD, BAD], np.uint8)
    shown = VolumeMap(5 * SECTOR, np.zeros(5, np.uint8), conditions, Places.of(ranges.items()))
    rows, lost = shown.touched()
    found = list(shown.describe(rows.tolist()))
    assert lost == 1
    assert [(file.path, file.sectors, file.bad, file.lost) for file in found] == [
        (b"lost", 2, 1, 1),
        (b"mendable", 2, 1, 0),
    ]
    assert [file.wanted for file in found] == [Extents(((8192, 9000),)), Extents(((2048, 4096),))]


def test_names_between_agree_with_a_search_through_all() -> None:
    source = random.Random(5)
    ranges = [
        (b"%d" % number, [(start := source.randrange(10_000), start + source.randrange(1, 400))])
        for number in range(60)
    ]
    places = Places.of(ranges)
    for _ in range(200):
        low = source.randrange(10_000)
        high = low + source.randrange(1, 500)
        touching = {path for path, [(start, end)] in ranges if start < high and end > low}
        names, total = places.names(low, high, 1000)
        # Ranges that overlap may bring in neighbours, and never hide a file.
        assert touching <= set(names)
        assert total == len(names)


# Pages


def verdict(names: Iterable[bytes], damaged: Sequence[bytes], reason: str = "") -> ArchiveVerdict:
    stored = [
        Stored(Entry(name, Kind.FILE, size=3000), (Member(512 + 3000 * row, 2900, 2800, 3000, Method.COPY, 0, b""),))
        for row, name in enumerate(names)
    ]
    listing = Listing([each.entry.path for each in stored], FoundRows(stored), Way.TREE, b"", len(stored))
    state = State.BEYOND if damaged else State.INTACT
    size = 512 + 3000 * len(stored)
    gone = set(damaged)
    bad = [FileVerdict.lost(each.entry, reason) for each in stored if each.entry.path in gone]
    return ArchiveVerdict(state, ["<i>bytes</i> differ"], bad, len(stored), size, Way.TREE, 0, None, listing, size)


def salvaged(files: Sequence[FileVerdict], unnamed: Sequence[UnnamedFile] = ()) -> Restored:
    counts = {fate: sum(file.fate is fate for file in files) for fate in Fate}
    told = [file for file in files if file.fate is not Fate.INTACT]
    n_bytes = sum(file.present.n_bytes for file in files)
    return Restored(files, told, counts, n_bytes, unnamed, [], 0, "tree index", ["<b>damage</b>"])


def test_hostile_names_are_shown_and_never_trusted() -> None:
    data = b"".join(render_verify(HOSTILE[0], verdict(HOSTILE, HOSTILE, "<script>\u202e"), checked="now"))
    page = check(data)
    for shown in ("<script>alert(1)</script>", "new\\nline", "lat\\xff\\xfe", "rtl\\u202egpj.exe", "</title></main>"):
        assert shown in page.text
    assert b"<script>a" not in data
    assert b"<i>b" not in data


def test_hostile_names_in_a_salvage() -> None:
    files = [
        FileVerdict(
            name, Fate.PARTIAL, 9000, Extents(((0, 4096),)), name.decode("latin-1"), Extents(((0, 2048),)), "<b>", name
        )
        for name in HOSTILE
    ]
    unnamed = [UnnamedFile(5, name, Fate.LOST, 0, Extents(), "<b>") for name in HOSTILE]
    done = salvaged(files, unnamed)
    problems = [Problem(b"<p>", Trouble.METADATA, "<q>")]
    pieces = render_salvage(
        [HOSTILE[0]], HOSTILE[1], done, map_salvaged(done, 20_000), problems=problems, salvaged="now"
    )
    page = check(b"".join(pieces))
    assert "<p>: " in page.text
    assert "4.0 KiB of 8.8 KiB" in page.text


def test_a_salvage_says_how_it_went_and_what_would_help() -> None:
    files = [
        FileVerdict(b"a", Fate.INTACT, 10, Extents(((0, 10),))),
        FileVerdict(
            b"b", Fate.PARTIAL, 9000, Extents(((0, 4096),)), "hit", Extents(((4096, 6144),)), "sector 2", b"b.partial"
        ),
        FileVerdict(b"c", Fate.LOST, 100, Extents(), "hit", Extents(((8192, 8200),)), "sector 4"),
        FileVerdict(b"d", Fate.REPAIRED, 100, Extents(((0, 100),)), placed_as=b"d"),
    ]
    done = salvaged(files)
    shown = map_salvaged(done, 10_000)
    assert shown.conditions.tolist() == [GOOD, GOOD, SUSPECT, GOOD, SUSPECT]
    page = check(b"".join(render_salvage([b"x.iso"], b"out", done, shown, salvaged="now")))
    assert "1 of 4 files is lost, 1 came back in part" in page.text
    assert "sectors 2, 4 of the volume" in page.text
    assert "pybackup salvage x.iso ANOTHER-COPY --to out" in page.text
    in_order = [page.text.index(shown) for shown in ("sector 4", "b.partial", "100 B of 100 B")]
    assert in_order == sorted(in_order)
    again = salvaged(files[:1])
    page = check(b"".join(render_salvage([b"x.iso"], b"out", again, map_salvaged(again, 10_000), salvaged="now")))
    assert "Everything is back" in page.text
    assert "What to do next" not in page.text


def test_repaired_bytes_are_marked() -> None:
    shown = map_volume(Places.of(()), 10_240, repaired=Extents(((2048, 4096),)), suspect=Extents(((8192, 10_240),)))
    assert shown.conditions.tolist() == [GOOD, REPAIRED, GOOD, GOOD, SUSPECT]


@pytest.mark.parametrize("reason", ["short", '"&<' * 1000])
def test_a_page_is_bounded(reason: str) -> None:
    names = [b"%d/" % row + b"\xff\"&<'" * 40 for row in range(30_000)]
    found = verdict(names, names, reason)
    data = b"".join(render_verify(b"x.xtar", found, checked="now"))
    assert len(data) < 5_000_000
    page = check(data)
    rows = len(page.all("tr")) - 2 - 1  # less both headers and the one stretch
    assert 0 < rows <= MAX_ROWS
    assert f"and {30_000 - rows:,} more files" in page.text


def test_an_intact_archive_asks_for_nothing() -> None:
    page = check(b"".join(render_verify(b"x.xtar", verdict([b"a"], []), checked="now")))
    assert "Intact" in page.text
    assert page.all("pre") == []
    assert page.all("table") == []


# Words and bars


@pytest.mark.parametrize(
    ("path", "word"),
    [
        (b"a.xtar", "a.xtar"),
        (b"-rf", "./-rf"),
        (b"it's; rm", "'it'\"'\"'s; rm'"),
        (b"$(x)`y`", "'$(x)`y`'"),
        ("\u00fc\\".encode(), "'\u00fc\\'"),
        (b"a\n'\xff1", "$'a\\x0a\\x27\\xff1'"),
        ("\u202ex".encode(), "$'\\xe2\\x80\\xaex'"),
    ],
)
def test_shell_words(path: bytes, word: str) -> None:
    assert shell_word(path) == word


def test_texts_are_clipped_and_escaped() -> None:
    assert clip("abcdefghij", 10) == "abcdefghij"
    assert clip("abcdefghijk", 10) == "abcdef…ijk"
    assert escape("<a href='x'>\u202e") == "&lt;a href=&#x27;x&#x27;&gt;\\u202e"


def test_bars_show_what_is_there_and_the_smallest_gap() -> None:
    assert 'd="M0 0h100v9h-100z"' in bar(10, [("y", [(0, 5)])], "half")
    assert 'd="M100 0h1v9h-1z"' in bar(1 << 40, [("x", [(1 << 39, (1 << 39) + 1)])], "a byte")
    assert 'd="M0 0h2v9h-2zM199 0h1v9h-1z"' in bar(1000, [("x", [(0, 4), (5, 9), (999, 1000)])], "both ends")
    assert 'd=""' in bar(0, [("y", [])], "empty")


def test_a_page_is_called_html(tmp_path: Path) -> None:
    assert page_path(f"{tmp_path}/a.html") == f"{tmp_path}/a.html".encode()
    for refused in ("docs.xtar", "/dev/null"):
        with pytest.raises(UsageError):
            page_path(refused)


# As processes


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An intact archive, one that parity can repair, and one beyond repair."""
    root = tmp_path_factory.mktemp("pages")
    source = random.Random(9)
    (root / "docs").mkdir()
    for number in range(12):
        (root / f"docs/{number:02}.jpg").write_bytes(source.randbytes(50_000))
    with open(bytes(root) + b"/docs/<script>\xff.jpg", "wb") as file:
        file.write(source.randbytes(50_000))
    assert run("create", "docs", "-o", "whole.xtar", "--quiet", "--parity", "20%", cwd=root).returncode == 0
    whole = (root / "whole.xtar").read_bytes()
    for name, sectors in (("hurt.xtar", 20), ("dead.xtar", 200)):
        data = bytearray(whole)
        data[40 * SECTOR : (40 + sectors) * SECTOR] = bytes(sectors * SECTOR)
        (root / name).write_bytes(data)
    return root


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("whole.xtar", 0, "Intact"),
        ("hurt.xtar", 3, "Damaged, but repairable"),
        ("dead.xtar", 4, "Damaged beyond repair"),
    ],
)
def test_verify_writes_a_page_and_says_the_same(
    archives: Path, tmp_path: Path, name: str, status: int, words: str
) -> None:
    target = tmp_path / "page.html"
    plain = run("verify", archives / name)
    done = run("verify", archives / name, "--html", target)
    assert (done.returncode, done.stdout, done.stderr) == (plain.returncode, plain.stdout, plain.stderr)
    assert done.returncode == status
    page = check(target.read_bytes())
    assert words in page.text
    told = parsed(run("verify", archives / name, "--json"))["parity"]
    bad = sum(told["bad_sectors"].values())
    marked = [cell for cell in page.cells if " f " in cell["class"]]
    assert len(page.cells) == told["data_sectors"] + told["parity_sectors"] + len(
        [cell for cell in page.cells if "checksums" in cell["title"]]
    )
    assert len(marked) == bad
    assert {cell["class"].split()[1] for cell in marked} == ({"m"} if status == 3 else {"b"} if status == 4 else set())
    assert list(tmp_path.iterdir()) == [target]


def test_a_sidecar_is_shown_as_such(tmp_path: Path) -> None:
    (tmp_path / "plain.bin").write_bytes(random.Random(2).randbytes(300_001))
    assert run("protect", "plain.bin", "--quiet", cwd=tmp_path).returncode == 0
    data = bytearray((tmp_path / "plain.bin").read_bytes())
    data[5 * SECTOR] ^= 1
    (tmp_path / "plain.bin").write_bytes(data)
    assert run("verify", "plain.bin", "--html", "p.html", cwd=tmp_path).returncode == 3
    page = check((tmp_path / "p.html").read_bytes())
    titles = [cell["title"] for cell in page.cells]
    assert titles[5] == "bytes 10,240 to 12,287, sector 5\ndata: 1 sector, 1 bad, can be rebuilt"
    assert titles[146].startswith("bytes 299,008 to 300,000, sector 146")
    assert titles[147].startswith("bytes 0 to 2,047 of the sidecar\nchecksums: ")


def test_salvage_writes_a_page_that_names_what_is_lost(archives: Path, tmp_path: Path) -> None:
    plain = run("salvage", archives / "dead.xtar", "--to", tmp_path / "one")
    done = run("salvage", archives / "dead.xtar", "--to", tmp_path / "two", "--report", tmp_path / "r.html")
    assert (done.returncode, done.stdout) == (plain.returncode, plain.stdout)
    page = check((tmp_path / "r.html").read_bytes())
    lost = [line.split(": ")[1] for line in lines(done.stdout) if line.startswith(("lost: ", "partial: "))]
    assert lost
    assert all(path.split(" (")[0] in page.text for path in lost)
    # What is bad for good is no colour of what was repaired.
    told = parsed(run("verify", archives / "dead.xtar", "--json"))["parity"]
    bad = [cell for cell in page.cells if " b" in cell["class"]]
    assert len(bad) == sum(told["bad_sectors"].values())
    assert f"Bad sectors{len(bad):,}of " in page.text


def test_a_page_that_cannot_be_written_is_refused_at_once(archives: Path, tmp_path: Path) -> None:
    (tmp_path / "taken.html").write_text("mine")
    (tmp_path / "directory.html").mkdir()
    for target in ("page.txt", "taken.html", "directory.html", "taken.html/page.html"):
        done = run("verify", archives / "whole.xtar", "--html", target, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (2, b""), target
    assert (tmp_path / "taken.html").read_text() == "mine"
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("way", ["itself", "link", "hard link"])
def test_a_page_does_not_replace_what_it_is_about(way: str, tmp_path: Path) -> None:
    data = b"<html>" * 1000
    (tmp_path / "page.html").write_bytes(data)
    assert main(["protect", str(tmp_path / "page.html"), "--quiet"]) == 0
    report = tmp_path / ("page.html" if way == "itself" else "other.html")
    if way == "link":
        report.symlink_to("page.html")
    elif way == "hard link":
        report.hardlink_to(tmp_path / "page.html")
    (tmp_path / "page.html.json").hardlink_to(tmp_path / "page.html.xpar")
    page = str(tmp_path / "page.html")
    assert main(["verify", page, "--html", str(report)]) == 2
    for taken in (report, tmp_path / "page.html.json"):
        assert main(["salvage", page, "--to", str(tmp_path / "out"), "--report", str(taken)]) == 2
    assert (tmp_path / "page.html").read_bytes() == report.read_bytes() == data
    assert not (tmp_path / "out").exists()
    assert main(["verify", page, "--html", str(tmp_path / "new.html")]) == 0
