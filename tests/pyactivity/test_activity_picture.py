"""The timeline as a picture: what is on it, in SVG and in PNG, and what hostile names do to it."""

import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from home_tree import NOW, plant_home, plant_years
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pyactivity.cli import main
from pyactivity.errors import EnvironmentFailed
from pyactivity.picture import BULK, HEIGHT, WIDTH, WORK, Box, Words, _free, picture
from pyactivity.picture_axis import axis_of
from pyactivity.picture_png import png
from pyactivity.picture_svg import svg
from pyactivity.report import Report, report_of
from pyactivity.streams import publish
from pyactivity.survey import take_survey

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
    assert "by their files, those of bulk events last" in words
    files = [int(word.split()[0].replace(",", "")) for word in words if word.endswith((" files", " file"))]
    assert files == sorted(files[:-2], reverse=True) + sorted(files[-2:], reverse=True)
