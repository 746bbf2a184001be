"""The page of a stage in a browser: which discs there are, how full the open one is, what waits, what is at risk."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from kit.chromium import Page, chromium

from pybackup.cli.main import main
from pybackup.cli.pages.stage_page import render_stage
from pybackup.jobs.stage_status import status_of_stage
from pybackup.options.stages import StageRequest

from .making import DAY_NS, Stage

AT = 1_700_000_000 * 10**9


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """A disc that waits to be burnt, one that was lost, an open one, and a file that it has no room for."""
    stage = Stage(tmp_path_factory.mktemp("stage")).init(on_full="ask")
    for day, name in enumerate(("first.txt", "second.txt", "<b>third</b>.txt")):
        stage.write(name, name.encode() * 99)
        stage.scan(AT + day * DAY_NS)
        if day < 2:
            stage.close(AT + day * DAY_NS)
    stage.write("film.mkv", b"")
    os.truncate(stage.watched / "film.mkv", 1_412_000)
    stage.scan(AT + 3 * DAY_NS)
    assert main(["stage", "lost", os.fspath(stage.staging), "1", "--quiet"]) == 0
    return stage


@pytest.fixture(scope="module")
def browser() -> Iterator[Page]:
    with chromium("UTC") as opened:
        yield opened


def show(stage: Stage, browser: Page, where: Path) -> str:
    assert main(["stage", "status", os.fspath(stage.staging), "--html", os.fspath(where), "--quiet"]) == 0
    browser.seen()
    browser.driver.get(where.as_uri())
    console, asked = browser.seen()
    assert (console, [url for url in asked if not url.startswith("file:")]) == ([], [])
    return str(browser.run("return document.body.innerText"))


def test_it_tells_what_the_text_tells(stage: Stage, browser: Page, tmp_path: Path) -> None:
    text = show(stage, browser, tmp_path / "stage.html")
    assert "Files are at risk" in text
    assert "1 file on lost discs alone" in text
    assert re.search(r"Burn watched-0002\.", text)
    assert "<b>third</b>.txt" not in text  # it is staged, and waits for nothing
    rows = browser.run("return [...document.querySelectorAll('tbody tr')].map(row => row.innerText)")
    assert [re.split(r"\s+", row)[:2] for row in rows] == [
        ["lost", "watched-0001"],
        ["built", "watched-0002"],
        ["waits", "film.mkv"],
    ]
    assert "no room on the open disc, since" in rows[2]
    assert re.search(r"Open disc watched-0003\s+1 file, ", text)
    (full,) = browser.run("return [...document.querySelectorAll('.bar title')].map(each => each.textContent)")
    assert full in text


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_sticks_out(scheme: str, width: int, stage: Stage, browser: Page, tmp_path: Path) -> None:
    show(stage, browser, tmp_path / "stage.html")
    browser.resize(width, 900)
    browser.prefer(scheme)
    assert browser.run("return document.documentElement.scrollWidth") <= width


def test_all_is_well(tmp_path: Path) -> None:
    empty = Stage(tmp_path).init()
    empty.scan(AT)
    told = b"".join(render_stage(status_of_stage(StageRequest(empty.staging)))).decode()
    assert "All files are on discs" in told
    assert "at risk" not in told


def test_it_replaces_nothing_unasked(stage: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "mine.html"
    page.write_text("mine")
    words = ["stage", "status", os.fspath(stage.staging), "--html", os.fspath(page), "--quiet"]
    assert main(words) == 2
    assert page.read_text() == "mine"
    assert main([*words, "--overwrite"]) == 0
    assert page.read_text() != "mine"
    capsys.readouterr()
