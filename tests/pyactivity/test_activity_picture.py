"""The timeline as a picture: what is on it, in SVG and in PNG, and what hostile names do to it."""

import os
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from home_tree import NOW, plant_home, plant_years
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFont

from benchmarks.homes import KINDS
from benchmarks.homes import NOW_NS as HOMES_NOW_NS
from pyactivity.cli import main
from pyactivity.errors import EnvironmentFailed
from pyactivity.model import NO_PARENT, Files, Scan
from pyactivity.picture import _free, picture
from pyactivity.picture_axis import axis_of
from pyactivity.picture_png import png
from pyactivity.picture_shapes import BULK, BYTES, HEIGHT, WIDTH, WORK, Box, Words, fitted, width_of
from pyactivity.picture_svg import svg
from pyactivity.report import Report, report_of
from pyactivity.streams import publish
from pyactivity.survey import survey_of, take_survey

NOW_NS = int(NOW.timestamp()) * 10**9


def report(root: Path) -> Report:
    seen = take_survey([root], now_ns=NOW_NS, radius_ns=3_600 * 10**9)
    return report_of(seen, [str(root)], seen.parts())


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("picture") / "anna <&\u202e>"
    root.mkdir()
    plant_home(root)
    plant_years(root, 2)
    return root


def test_it_tells_title_axes_and_the_largest_activities(home: Path) -> None:
    words = [shape.text for shape in picture(report(home)) if isinstance(shape, Words)]
    assert words[0].endswith(r"anna <&\u202e>")
    assert {"1,000", "100", "2025", "2026", "Largest activities", "one bar is a week"} <= set(words)
    named = ["photos/2026/lake", "1,500 unpacked in downloads/dataset-1.2", "800 unpacked in .local/lib/tool"]
    assert [word for word in words if word in named] == named
    assert {"320 files", "1,500 files", "800 files", "781.0 MiB"} <= set(words)


def test_everything_lies_on_the_picture(home: Path) -> None:
    for shape in picture(report(home)):
        assert 0 <= shape.x <= WIDTH
        assert 0 <= shape.y <= HEIGHT
        if isinstance(shape, Box):
            assert shape.x + shape.width <= WIDTH + 0.01
            assert shape.y + shape.height <= HEIGHT + 0.01
            assert min(shape.width, shape.height) > 0


def test_the_svg_is_xml_whatever_the_names_are(home: Path) -> None:
    root = ElementTree.fromstring(b"".join(svg(picture(report(home)))))
    assert {element.tag.rpartition("}")[2] for element in root.iter()} == {"svg", "rect", "text"}
    assert (root.get("width"), root.get("height")) == (str(WIDTH), str(HEIGHT))
    assert any((element.text or "").endswith(r"anna <&\u202e>") for element in root.iter())


def test_the_png_shows_bars_where_the_svg_has_them(home: Path) -> None:
    image = Image.open(BytesIO(png(picture(report(home))))).convert("RGB")
    assert image.size == (2 * WIDTH, 2 * HEIGHT)
    bars = [shape for shape in picture(report(home)) if isinstance(shape, Box) and shape.colour in (WORK, BULK)]
    assert len(bars) > 20
    drawn = {WORK: 0, BULK: 0}
    for bar in bars:
        middle = image.getpixel((round(2 * (bar.x + bar.width / 2)), round(2 * (bar.y + min(bar.height - 1, 2)))))
        assert isinstance(middle, tuple)
        drawn[bar.colour] += "#{:02x}{:02x}{:02x}".format(*middle) == bar.colour
    # A bar of work may cover one of bulk, but hardly.
    assert drawn[WORK] == sum(bar.colour == WORK for bar in bars)
    assert drawn[BULK] >= 1


@pytest.mark.parametrize(
    ("days", "unit"), [(1, "an hour"), (30, "a day"), (700, "a week"), (3000, "a month"), (20_000, "a year")]
)
def test_each_moment_has_its_bar(days: int, unit: str) -> None:
    now_s = int(NOW.timestamp())
    moments = np.linspace(now_s - days * 86_400, now_s, 997).astype(np.int64)
    axis = axis_of(moments, now_s)
    assert axis.unit == unit
    assert axis.histogram(moments).sum() == len(moments)
    for moment in moments.tolist():
        place = axis.place(moment)
        assert axis.edges_s[place] <= moment < axis.edges_s[place + 1]
    labels = list(axis.labels())
    assert labels
    assert all(0 <= label.share < 1 for label in labels)
    if unit == "a week":
        starts = [datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=edge) for edge in axis.edges_s.tolist()]
        assert {start.weekday() for start in starts} == {0}


def test_nothing_and_impossible_times_have_a_picture(tmp_path: Path) -> None:
    assert b"</svg>" in b"".join(svg(picture(report(tmp_path))))
    (tmp_path / "a").touch()
    os.utime(tmp_path / "a", (2**33, 2**33))
    words = [shape.text for shape in picture(report(tmp_path)) if isinstance(shape, Words)]
    assert "1 file, 0 B, 1 activity; 1 file from before 1980 or the future not shown" in words


def test_without_pillow_there_is_a_word_about_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(EnvironmentFailed, match="python3-pil"):
        png(())


def test_the_command_writes_all_three(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = {form: tmp_path / f"report.{form}" for form in ("html", "svg", "png")}
    assert main([str(home), *(word for form, path in names.items() for word in (f"--{form}", str(path)))]) == 0
    assert {form: path.read_bytes()[:4] for form, path in names.items()} == {
        "html": b"<!DO",
        "svg": b"<svg",
        "png": b"\x89PNG",
    }
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html", "report.png", "report.svg"]
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("form", ["html", "svg", "png"])
def test_nothing_is_replaced_unasked(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str) -> None:
    """Neither a letter, nor what a link leads to, nor what is called as our unfinished files were."""
    letter, link, dangling, part = (tmp_path / name for name in ("letter.odt", "link", "dangling", "new.part"))
    letter.write_text("dear")
    part.write_text("mine")
    link.symlink_to(letter)
    dangling.symlink_to("nowhere")
    with pytest.MonkeyPatch.context() as patch:
        # Told before the scan, which may take minutes.
        patch.setattr("pyactivity.cli.survey_of", lambda _: pytest.fail("scanned"))
        for path, told in ((letter, "exists"), (link, "exists"), (dangling, "exists"), (tmp_path, "is a directory")):
            assert main([str(home), f"--{form}", str(path)]) == 2
            assert f"{path}: {told}" in capsys.readouterr().err
        again = ["--html", str(tmp_path / "x"), "--svg", str(tmp_path / "." / "x")]
        assert main([str(home), *again]) == 2
    assert main([str(home), f"--{form}", str(tmp_path / "new")]) == 0
    assert (letter.read_text(), part.read_text(), dangling.is_symlink()) == ("dear", "mine", True)
    assert main([str(home), f"--{form}", str(letter), "--overwrite"]) == 0
    assert letter.read_bytes()[:9] == (tmp_path / "new").read_bytes()[:9]
    assert {path.name for path in tmp_path.iterdir()} == {"letter.odt", "link", "dangling", "new", "new.part"}


def test_what_came_meanwhile_is_kept(tmp_path: Path) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"report"
        (tmp_path / "page.html").write_text("came meanwhile")

    with pytest.raises(EnvironmentFailed, match="File exists"):
        publish(str(tmp_path / "page.html"), pieces())
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("page.html", "came meanwhile")]


def test_a_page_that_cannot_be_written_leaves_what_was(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(home), "--html", str(tmp_path / "no/where.html")]) == 5
    assert "cannot write" in capsys.readouterr().err
    old = tmp_path / "old.png"
    old.write_text("old")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "PIL", None)
        # Told before the scan, which may take minutes.
        patch.setattr("pyactivity.cli.survey_of", lambda _: pytest.fail("scanned"))
        assert main([str(home), "--png", str(old)]) == 5
    assert old.read_text() == "old"


@given(st.lists(st.tuples(st.floats(80, 1170), st.floats(90, 350)), max_size=5))
def test_no_badge_stands_on_another_or_on_the_legend(wanted: list[tuple[float, float]]) -> None:
    placed: list[tuple[float, float]] = []
    for x, y in wanted:
        assert _free(x, max(y, 106), placed) == placed[-1]
    assert len(placed) == len(wanted)
    for number, (x, y) in enumerate(placed):
        assert y >= 100
        assert all(abs(x - other) >= 19 or abs(y - height) >= 19 for other, height in placed[:number])


def test_it_says_what_its_heights_and_its_order_are(home: Path) -> None:
    words = [shape.text for shape in picture(report(home)) if isinstance(shape, Words)]
    assert "files; twice the height is eight times as many" in words
    told = "by their share of all files or of all bytes made by hand, whichever is greater; what came in bulk last"
    assert told in words


def letters_of(words: Words, *, scale: int = 4) -> tuple[float, float, float, float]:
    """The rectangle that text takes as the PNG has it: left, top, right, bottom."""
    name = "DejaVuSans-Bold.ttf" if words.bold else "DejaVuSans.ttf"
    font = ImageFont.truetype(name, words.size * scale)
    anchor = {"start": "ls", "middle": "ms", "end": "rs"}[words.anchor]
    left, top, right, bottom = (edge / scale for edge in font.getbbox(fitted(words), anchor=anchor))
    return words.x + left, words.y + top, words.x + right, words.y + bottom


def check_labels(shapes: list[Box | Words]) -> None:
    """No label overlaps another, or ends beyond the picture; numbers lie on their badges."""
    placed = [(words, letters_of(words)) for words in shapes if isinstance(words, Words) and words.text]
    for number, (words, (left, top, right, bottom)) in enumerate(placed):
        assert left >= 0, words
        assert right <= WIDTH - 10, words
        assert top >= 0, words
        assert bottom <= HEIGHT, words
        for other, (other_left, other_top, other_right, other_bottom) in placed[:number]:
            apart = left >= other_right or other_left >= right or top >= other_bottom or other_top >= bottom
            assert apart, (words, other)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("days", [1, 9, 60, 400, 1100])
def test_no_label_of_a_planned_home_overlaps_another(kind: str, days: int) -> None:
    since_ns = HOMES_NOW_NS - days * 86_400 * 10**9
    seen = survey_of(KINDS[kind](3).scan(), radius_ns=3_600 * 10**9, now_ns=HOMES_NOW_NS, since_ns=since_ns)
    check_labels(list(picture(report_of(seen, [b"/home/anna"], seen.parts()))))


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32), st.integers(1, 30_000), st.text(st.characters(codec="utf-8"), max_size=80))
def test_no_label_overlaps_another_whatever_there_is(seed: int, days: int, name: str) -> None:
    rng = np.random.default_rng(seed)
    times = np.sort(HOMES_NOW_NS - (rng.uniform(0, days, 300) * 86_400e9).astype(np.int64))
    place = (name.replace("/", "-").replace("\0", "-") or "M" * 90).encode("utf-8", "surrogateescape")
    files = Files(
        mtime_ns=times,
        size_bytes=rng.integers(0, 2 ** int(rng.integers(1, 45)), 300),
        directory=np.where(np.arange(300) % 3, 1, 2).astype(np.int32),
        names=b"x" * 300,
        name_ends=np.arange(1, 301),
        directories=(b"/" + place, b"/" + place + b"/MMMM WWWW" * 9, b"/" + place + b"/.git"),
        parents=np.array([NO_PARENT, 0, 0], np.int32),
    )
    seen = survey_of(Scan(files, ()), radius_ns=3_600 * 10**9, now_ns=HOMES_NOW_NS)
    check_labels(list(picture(report_of(seen, [b"/" + place], seen.parts()))))


LATIN = [chr(code) for code in range(0x20, 0x250) if not 0x7F <= code <= 0xA0 and code != 0xAD]


@pytest.mark.parametrize("bold", [False, True])
def test_no_latin_letter_is_wider_than_it_is_taken_for(bold: bool) -> None:
    font = ImageFont.truetype("DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf", 1000)
    wider = {
        letter: font.getlength(letter) for letter in LATIN if font.getlength(letter) > width_of(letter, 1000, bold=bold)
    }
    assert wider == {}


@given(st.text(st.characters(codec="utf-8", max_codepoint=0x24F, exclude_categories=["Cc", "Cf"]), max_size=60))
@settings(deadline=None)
def test_words_are_no_wider_than_they_are_taken_for(text: str) -> None:
    for bold in (False, True):
        words = Words(0, 0, text, 14, bold=bold)
        left, _, right, _ = letters_of(words)
        assert right - min(left, 0) <= width_of(text, 14, bold=bold) + 4
        assert width_of(fitted(Words(0, 0, text, 14, bold=bold, room=90)), 14, bold=bold) <= 90


@pytest.mark.parametrize("kind", KINDS)
def test_size_and_count_are_on_one_axis_and_what_was_made_by_hand_comes_first(kind: str) -> None:
    home = KINDS[kind](7)
    seen = survey_of(home.scan(), radius_ns=3_600 * 10**9, now_ns=HOMES_NOW_NS)
    shapes = list(picture(report_of(seen, [b"/home/anna"], seen.parts())))
    made = [number for session in home.sessions for number in session]
    totals = len(made), sum(home.rows[number][2] for number in made)
    sessions = [(len(session), sum(home.rows[number][2] for number in session)) for session in home.sessions]
    weights = sorted((max(files / totals[0], size / totals[1]) for files, size in sessions), reverse=True)
    bars = [
        [shape.width for shape in shapes if isinstance(shape, Box) and shape.colour == colour and shape.height == 6]
        for colour in (WORK, BYTES)
    ]
    assert [len(some) for some in bars] == [4, 4]
    # One axis: a pixel is as much of the files as of the bytes, and per cent are written where they lie.
    ticks = {
        float(shape.text.removesuffix(" %")) / 100: shape.x
        for shape in shapes
        if isinstance(shape, Words) and shape.size == 12 and re.fullmatch(r"[0-9.]+ %|0", shape.text)
    }
    zero, end = ticks[0], max(ticks)
    pixels = (ticks[end] - zero) / end
    assert all(abs(x - zero - share * pixels) < 0.01 for share, x in ticks.items())
    drawn = [max(pair) / pixels for pair in zip(*bars, strict=True)]
    assert drawn == pytest.approx(weights[:4], rel=1e-6)
    shares = [(files / totals[0] * pixels, size / totals[1] * pixels) for files, size in sessions]
    for pair in zip(*bars, strict=True):
        assert any(pair == pytest.approx(one) for one in shares)
    words = [shape.text for shape in shapes if isinstance(shape, Words)]
    assert words.count("came in bulk") in (1, 2)
