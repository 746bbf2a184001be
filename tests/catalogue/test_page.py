"""The page of a catalogue: self-contained, safe from hostile names, and used in a browser as a person would."""

from __future__ import annotations

import json
import re
from array import array
from collections.abc import Iterator
from pathlib import Path

import pytest
from kit.chromium import Page, chromium
from selenium.webdriver.common.keys import Keys

from pybackup.catalogue.connect import Catalogue, create_catalogue
from pybackup.catalogue.health import add_health
from pybackup.catalogue.media import find_medium, move, set_state
from pybackup.catalogue.names import FileNames, all_names
from pybackup.catalogue.overview import Overview
from pybackup.cli.main import main
from pybackup.cli.pages.catalogue_page import render_catalogue
from pybackup.cli.pages.frame import POLICY
from pybackup.model.catalogued import MediumCheck, MediumState, MediumType, NewMedium

from .shelf import TIME, filed, put

YEAR = 365 * 86_400 * 10**9
HOSTILE = ["</script><script>document.title='hacked'</script>", "\"onmouseover='x'", "ünï\u202ecod.txt", "A" * 255]
pytestmark = pytest.mark.xdist_group("browser")


def fill(catalogue: Catalogue) -> None:
    """Three discs of a set with a recovery volume, a second copy, a drive; one lost, one that gets worse."""
    for number in (1, 2, 3):
        files = [
            filed(f"photos/{year}/img-{number}-{at}.jpg", size=3_000_000) for year in (2019, 2020) for at in range(9)
        ]
        on = NewMedium(MediumType.DISC, f"photos {number}", place="cupboard", capacity_bytes=4_700_000_000)
        put(catalogue, f"photos {number}", files, set_name="photos", number=number, last=number == 3, medium=on)
    put(catalogue, "photos R1", [], set_name="photos", number=1, recovery=True)
    put(catalogue, "letters", [filed("letters/to anna.txt", "dear anna"), *(filed(f"odd/{name}") for name in HOSTILE)])
    put(catalogue, "drive", [filed("old/renamed.txt", "dear anna"), filed("only here.txt", "alone")])
    put(catalogue, "gone", [filed("diary.txt", "nowhere else")])
    for at, (margin, bad) in enumerate([(1.0, 0), (0.9, 120), (0.5, 4000)]):
        verdict = "repairable" if bad else "intact"
        add_health(
            catalogue, find_medium(catalogue, "photos 2").id, MediumCheck(TIME + at * YEAR, verdict, bad, 9**6, margin)
        )
    add_health(catalogue, find_medium(catalogue, "letters").id, MediumCheck(TIME, "intact", 0, 9**6, 1.0, "disc check"))
    move(catalogue, find_medium(catalogue, "drive").id, "my <sister>")
    set_state(catalogue, find_medium(catalogue, "gone").id, MediumState.LOST)


@pytest.fixture(scope="module")
def where(tmp_path_factory: pytest.TempPathFactory) -> Path:
    room = tmp_path_factory.mktemp("page")
    with create_catalogue(str(room / "c.sqlite")) as catalogue:
        fill(catalogue)
    assert main(["catalogue", "--html", str(room / "c.html"), "--catalogue", str(room / "c.sqlite"), "--quiet"]) == 0
    return room / "c.html"


@pytest.fixture(scope="module")
def browser() -> Iterator[Page]:
    with chromium("Asia/Tokyo") as opened:
        yield opened


def test_names_are_told_once_with_all_who_hold_their_content(tmp_path: Path) -> None:
    with create_catalogue(str(tmp_path / "c.sqlite")) as catalogue:
        for label in ("one", "two"):
            put(catalogue, label, [filed("a/same", "red"), filed(f"a/{label}", "blue"), filed("b", sha256=None)])
        found = all_names(catalogue)
        paths = [
            (found.directories[at], name)
            for at, name in zip((d for d, n in enumerate(found.counts) for _ in range(n)), found.names, strict=True)
        ]
        assert sorted(paths) == [(b"", b"b"), (b"a", b"one"), (b"a", b"same"), (b"a", b"two")]
        held = {name: len(found.holders[group]) for (_, name), group in zip(paths, found.groups, strict=True)}
        assert held == {b"b": 2, b"one": 2, b"same": 2, b"two": 2}


def test_it_replaces_nothing_unasked(where: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["catalogue", "--html", str(where), "--catalogue", str(where.with_name("c.sqlite"))]
    assert main(arguments) != 0
    assert "--overwrite" in capsys.readouterr().err
    assert main([*arguments, "--overwrite"]) == 0


def test_it_needs_nothing_but_itself(where: Path) -> None:
    page = where.read_text()
    assert POLICY in page
    assert not re.search(r"(?:src|href)=", page)
    assert "hacked" not in re.sub(r"<script type=\"text/plain\".*?</script>", "", page)
    about = json.loads(re.search(r'id="about">(.*?)</script>', page)[1])  # type: ignore[index]
    assert {medium["label"] for medium in about["media"]} >= {"photos 1", "photos R1", "letters", "drive", "gone"}


@pytest.mark.parametrize("verb", ["list", "at-risk"])
def test_media_that_get_worse_are_noted(verb: str, where: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    main(["catalogue", verb, "--catalogue", str(where.with_name("c.sqlite"))])
    said = capsys.readouterr().err
    assert "photos 2: gets worse: 120 bad sectors, then 4,000" in said
    assert said.count("gets worse") == 1


def search(browser: Page, text: str) -> list[str]:
    box = browser.one("#wanted")
    box.clear()
    box.send_keys(text)
    browser.wait(f"return document.getElementById('told').dataset.wanted === {json.dumps(text)}")
    return list(browser.run("return [...document.querySelectorAll('.hits li')].map(item => item.textContent)"))


def test_where_a_file_is(where: Path, browser: Page) -> None:
    browser.open(where)
    (found,) = search(browser, "to ANNA")
    assert "letters/to anna.txt" in found
    assert "2 copies" in found
    assert "on letters" in found
    assert "on drive (at my <sister>)" in found, "the same content under another name"
    (found,) = search(browser, "diary")
    assert "0 copies" in found
    assert "on gone (lost)" in found
    assert len(search(browser, "2019/img-2")) == 9
    assert len(search(browser, "photos 2020")) == 27
    assert search(browser, "no such name") == []
    for name in ("hacked", "onmouseover", "cod.txt"):
        assert len(search(browser, name)) == 1
    assert browser.driver.title.startswith("Catalogue ")


def test_the_shelf_says_how_each_medium_is(where: Path, browser: Page) -> None:
    browser.open(where)
    discs = browser.run("return [...document.querySelectorAll('.disc')].map(disc => disc.textContent)")
    second = next(disc for disc in discs if disc.startswith("photos 2"))
    assert "gets worse" in second
    assert "cupboard" in second
    assert "3 checks" in second
    assert browser.run("return document.querySelectorAll('.disc .health circle').length") == 4
    text = browser.text("main")
    assert "1 file went with gone, and nothing here has another copy." in text
    assert "18 rebuilt, 0 elsewhere" in text
    assert re.search(r"lost: loss.*gone.*1 file gone", text)


def test_by_keyboard_alone(where: Path, browser: Page) -> None:
    browser.open(where)
    active = "return document.activeElement.textContent || document.activeElement.id"
    browser.one("body").send_keys("/")
    assert browser.run(active) == "wanted"
    search(browser, "img-1")
    browser.one("#wanted").send_keys(Keys.ARROW_DOWN)
    assert "img-1-0.jpg" in browser.run(active)
    browser.driver.switch_to.active_element.send_keys(Keys.ARROW_DOWN)
    assert "img-1-1.jpg" in browser.run(active)
    browser.driver.switch_to.active_element.send_keys(Keys.ARROW_UP)
    browser.driver.switch_to.active_element.send_keys(Keys.ARROW_UP)
    assert browser.run(active) == "wanted"
    browser.driver.switch_to.active_element.send_keys(Keys.ESCAPE)
    assert browser.run("return document.querySelectorAll('.hits li').length") == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_nothing_sticks_out(scheme: str, width: int, where: Path, browser: Page) -> None:
    browser.open(where)
    browser.prefer(scheme)
    browser.resize(width, 900)
    search(browser, "a")
    assert browser.run("return document.documentElement.scrollWidth <= window.innerWidth")
    paper = browser.run("return getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", paper))) < 200) == (scheme == "dark")


def test_a_million_names_do_not_freeze_it(tmp_path: Path, browser: Page) -> None:
    """The page stays usable during a search: it works in slices, however many names match."""
    numbers = range(1_000_000)
    names = FileNames(
        [b"part%04d" % number for number in range(1000)],
        array("I", [1000] * 1000),
        [b"file-%d.txt" % number for number in numbers],
        array("d", numbers),
        array("d", numbers),
        array("I", [0] * len(numbers)),
        [()],
    )
    (tmp_path / "c.html").write_bytes(b"".join(render_catalogue("c", Overview((), (), 2), names)))
    browser.open(tmp_path / "c.html")
    browser.run("window.ticks = 0; (function tick() { window.ticks++; setTimeout(tick, 0) })();")
    assert len(search(browser, "file-999999")) == 1
    assert search(browser, "part0077 77777")[0].startswith("part0077/file-77777.txt")
    before = browser.run("return window.ticks")
    assert len(search(browser, "e")) == 200
    assert browser.text("#told") == "1,000,000 files, the first 200 are shown"
    assert browser.run("return window.ticks") - before > 10
