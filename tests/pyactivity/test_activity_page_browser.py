"""The page in a real browser: what a person selects is what pybackup archives, and nothing else happens."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from home_tree import NASTY, NOW, Planted, plant_home
from kit.chromium import Page, chromium
from million import million_files
from selenium.webdriver.common.keys import Keys

from benchmarks import homes
from pyactivity.page import page as page_of
from pyactivity.report import report_of
from pyactivity.survey import survey_of, take_survey
from pyactivity.words import display, humane_bytes

pytestmark = pytest.mark.xdist_group("browser")
HOUR_NS = 3_600 * 10**9
NOW_NS = int(NOW.timestamp()) * 10**9


@pytest.fixture(scope="module")
def berlin() -> Iterator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = "Europe/Berlin"
    time.tzset()
    yield
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


@pytest.fixture(scope="module")
def browser() -> Iterator[Page]:
    # Far from Berlin: the page must not fall back on the browser's zone.
    with chromium("Asia/Tokyo") as opened:
        yield opened


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Planted]]:
    root = tmp_path_factory.mktemp("browser") / "anna"
    root.mkdir()
    return root, plant_home(root)


@pytest.fixture(scope="module")
def html(home: tuple[Path, dict[str, Planted]], berlin: None) -> Path:
    return write_page(home[0], home[0].parent / "report.html")


@pytest.fixture
def page(browser: Page, html: Path) -> Iterator[Page]:
    browser.open(html)
    yield browser
    console, asked = browser.seen()
    assert console == []
    assert {address.split(":")[0] for address in asked} <= {"file", "blob"}
    assert all(address.startswith("blob:") or address.endswith(".html") for address in asked)


def write_page(root: Path, to: Path, **options: bool) -> Path:
    seen = take_survey([str(root)], radius_ns=HOUR_NS, now_ns=NOW_NS)
    to.write_bytes(b"".join(page_of(report_of(seen, [str(root)], seen.parts()), **options)))
    return to


def archived(selection: Path, archive: Path) -> set[bytes]:
    """What pybackup makes of a selection: the files of the archive, below the root."""
    command = [sys.executable, "-m", "pybackup"]
    made = subprocess.run(
        [*command, "create", "--select", selection, "-o", archive], capture_output=True, text=True, check=False
    )
    assert (made.returncode, "changed" in made.stderr) == (0, False), made.stderr
    listed = subprocess.run([*command, "list", "--null", archive], capture_output=True, check=True).stdout
    names = [name for name in listed.split(b"\0") if name and not name.endswith(b"/")]
    directories = {name.rpartition(b"/")[0] for name in names}
    return {name.partition(b"/")[2] for name in names if name not in directories and b"/" in name}


def test_two_activities_and_a_directory_are_archived_exactly(
    page: Page, home: tuple[Path, dict[str, Planted]], tmp_path: Path
) -> None:
    planted = home[1]
    page.check("docs/thesis")
    page.check("misc/odd names")
    page.unfold("src/tool/tests (7), src/tool/cli (7), src/tool/core (7)")
    page.check("cli")
    cli = {name for name in planted["code"].files if b"/cli/" in name}
    size = planted["thesis"].size_bytes + planted["odd names"].size_bytes + 7 * 3000 + sum(range(7, 14)) * 10
    assert page.text("#total") == f"{humane_bytes(size)} of a 700 MB CD, {9 + 8 + 7} files"
    assert page.text("#room").startswith(f"{humane_bytes(360_000 * 2048 - size)} would still fit")
    saved = page.save(tmp_path / "chosen.jsonl")
    assert archived(saved, tmp_path / "a.xtar") == {*planted["thesis"].files, *planted["odd names"].files, *cli}


def test_what_is_taken_out_again_stays_out(page: Page, home: tuple[Path, dict[str, Planted]], tmp_path: Path) -> None:
    planted = home[1]
    page.check("docs/thesis")
    page.unfold("docs/thesis")
    page.check("figures")
    page.check("chapter-3.tex")
    assert page.row("docs/thesis").get_attribute("aria-checked") == "mixed"
    page.check("downloads/dataset-1.2")
    page.unfold("downloads/dataset-1.2")
    page.check("part-3")
    saved = page.save(tmp_path / "chosen.jsonl")
    assert len(saved.read_text().splitlines()) == 3
    wanted = {*planted["thesis"].files, *planted["archive"].files}
    wanted -= {b"docs/thesis/chapter-3.tex", b"docs/thesis/figures/plot.pdf"}
    assert archived(saved, tmp_path / "a.xtar") == {name for name in wanted if b"/part-3/" not in name}


def test_files_whose_names_are_left_out_are_selected_by_directory(
    browser: Page, home: tuple[Path, dict[str, Planted]], tmp_path: Path, berlin: None
) -> None:
    root, planted = home
    browser.open(write_page(root, tmp_path / "small.html", names=False))
    assert "can be selected, by directory only" in browser.text("#notice")
    browser.unfold("downloads/dataset-1.2")
    browser.unfold("part-7")
    assert "directly in here: names are not in this page" in browser.rows()
    browser.check("directly in here: names are not in this page")
    browser.check("photos/2026/lake")
    saved = browser.save(tmp_path / "chosen.jsonl")
    part = {name for name in planted["archive"].files if b"/part-7/" in name}
    assert archived(saved, tmp_path / "a.xtar") == {*planted["photos"].files, *part}
    assert browser.seen()[0] == []


def test_the_filter_narrows_what_is_shown_and_selected(
    page: Page, home: tuple[Path, dict[str, Planted]], tmp_path: Path
) -> None:
    page.filter("CHAPTER")
    assert page.text("#shown") == "1 activity, 8 files, 339.8 KiB"
    assert [row for row in page.rows() if "chapter" in row] == [f"chapter-{n}.tex" for n in range(1, 9)]
    page.check("docs/thesis")
    page.filter("tests/mod_ py")
    assert "1 activity, 7 files" in page.text("#shown")
    page.check("src/tool/tests (7), src/tool/cli (7), src/tool/core (7)")
    page.filter("nothing is called so")
    assert "Nothing here" in page.text("#rows")
    page.filter("")
    saved = page.save(tmp_path / "chosen.jsonl")
    chapters = {name for name in home[1]["thesis"].files if b"chapter" in name}
    assert archived(saved, tmp_path / "a.xtar") == chapters | {n for n in home[1]["code"].files if b"/tests/" in n}


def test_everything_is_within_reach_of_the_keyboard(page: Page) -> None:
    page.keys("/")
    page.keys("odd")
    page.wait("return view.text === 'odd'")
    page.keys(Keys.ENTER)
    assert page.run("return document.activeElement.id") == "list"
    page.keys(Keys.HOME, Keys.SPACE)
    assert page.text("#total").endswith("8 files")
    page.keys(Keys.ARROW_RIGHT if "back\\\\slash .txt" not in page.rows() else Keys.ARROW_DOWN)
    page.keys(Keys.END, Keys.SPACE)
    assert page.text("#total").endswith("7 files")
    current = "return document.getElementById(document.activeElement.getAttribute('aria-activedescendant'))"
    assert page.run(f"{current}.getAttribute('aria-checked')") == "false"
    page.keys(Keys.ARROW_LEFT)
    assert page.run(f"{current}.getAttribute('aria-checked')") == "mixed"
    page.keys(Keys.ARROW_LEFT)
    assert len(page.rows()) == 1
    reached = set()
    page.run("document.activeElement.blur()")
    for _ in range(40):
        page.keys(Keys.TAB)
        reached.add(page.run("return document.activeElement.id"))
        ring = page.run("return getComputedStyle(document.activeElement).outlineStyle")
        assert ring != "none" or page.run("return document.activeElement === document.body")
    assert reached >= {
        "theme",
        "timeline",
        "calendar",
        "filter",
        "order",
        "list",
        "medium",
        "fill",
        "clear",
        "save",
        "copy",
    }


def test_rows_say_which_of_how_many_they_are(page: Page) -> None:
    places = (
        "return [...document.querySelectorAll('.row')].map(r => ['level', 'posinset', 'setsize'].map("
        "name => Number(r.getAttribute('aria-' + name))))"
    )
    page.unfold("src/tool/tests (7), src/tool/cli (7), src/tool/core (7)")
    before = [[1, n, 7] for n in range(1, 5)]
    after = [[1, n, 7] for n in range(5, 8)]
    assert page.run(places) == [*before, [2, 1, 3], [2, 2, 3], [2, 3, 3], *after]
    page.unfold("cli")
    page.unfold("core")
    inside = [[3, n, 7] for n in range(1, 8)]
    found = page.run(places)
    assert found[4:12] == [[2, 1, 3], *inside]
    assert found[12] == [2, 2, 3]


def test_activities_have_the_numbers_of_the_command_line(page: Page) -> None:
    numbers = "return [...document.querySelectorAll('.row .number')].map(n => n.textContent)"
    assert page.run(numbers) == ["1", "2", "3", "4", "5", "6", "7"]
    page.run("byId('order').value = 'largest'; byId('order').dispatchEvent(new Event('change'))")
    assert page.run(numbers)[0] == "3"  # the photos
    page.filter("chapter")
    assert page.run(numbers) == ["1"]


def test_the_data_of_a_version_control_are_told_apart(browser: Page, tmp_path: Path, berlin: None) -> None:
    root = tmp_path / "work"
    names = ["src/a.py", "src/b.py", *(f".git/objects/{n}" for n in range(30)), ".git/index"]
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
        os.utime(root / name, ns=(NOW_NS - 10**9, NOW_NS - 10**9 + 1))
    browser.open(write_page(root, tmp_path / "work.html"))
    assert browser.text(".detail") == "src (2), + 31 of version control"
    browser.one("#fill").click()
    assert browser.text("#total").endswith("33 files")
    assert browser.seen()[0] == []


def test_time_is_zoomed_by_year_month_and_day(page: Page) -> None:
    page.one("#timeline").send_keys(Keys.END, Keys.ARROW_LEFT, Keys.ENTER)  # December, then November
    assert page.text("#crumbs") == "All2026November"
    assert page.text("#shown").startswith("5 activities in November 2026, 1,858 files")
    page.one("#timeline").send_keys(Keys.HOME, *[Keys.ARROW_RIGHT] * 16)
    assert page.text("#pointed") == "Tue 17 Nov 2026: 21 files, 63.6 KiB"
    page.one("#timeline").send_keys(Keys.ENTER)
    assert page.text("#crumbs") == "All2026NovemberTue 17"
    assert page.rows() == ["Tue 17 Nov 2026, 19:00 \N{EN DASH} 21:20"]
    page.one("#later").click()
    assert page.text("#crumbs").endswith("Wed 18")
    page.one("#calendar").send_keys(Keys.ARROW_LEFT, Keys.ARROW_UP, Keys.ENTER)
    assert page.text("#crumbs").endswith("Tue 24")
    page.one("#timeline").send_keys(Keys.ESCAPE, Keys.ESCAPE, Keys.ESCAPE)
    assert page.text("#crumbs") == "All"
    page.one("#show-bulk").click()
    assert page.text("#shown").startswith("5 activities, 362 files")


def test_a_medium_is_filled_with_the_newest(page: Page, home: tuple[Path, dict[str, Planted]]) -> None:
    by_hand = ("thesis", "odd names", "code", "taxes")
    page.one("#fill").click()
    size = sum(home[1][name].size_bytes for name in by_hand)  # the photos are more than a CD
    assert page.text("#total") == f"{humane_bytes(size)} of a 700 MB CD, {9 + 8 + 21 + 4} files"
    page.run("const m = byId('medium'); m.value = MEDIA.length; m.dispatchEvent(new Event('change'))")
    page.one("#size").clear()
    page.one("#size").send_keys("2 MiB")
    assert "too much" in page.text("#room")
    page.one("#size").clear()
    page.one("#size").send_keys("much")
    assert page.text("#room") == "That is no size: 64 GB, 1.5 TiB"
    page.one("#clear").click()
    assert page.text("#total").endswith("nothing selected")
    assert not page.one("#save").is_enabled()


def test_directories_are_summed_over_all_activities(
    page: Page, home: tuple[Path, dict[str, Planted]], tmp_path: Path
) -> None:
    page.one("#by-directory").click()
    assert {"docs", "src/tool", "photos/2026/lake", ".local/lib/tool"} <= set(page.rows())
    page.run("byId('order').value = 'largest'; byId('order').dispatchEvent(new Event('change'))")
    assert page.rows()[1:3] == ["photos/2026/lake", "downloads/dataset-1.2"]
    page.unfold("docs")
    page.unfold("thesis")
    found = page.rows()
    assert [found[found.index("figures") + step] for step in (1, 2, 3)] == [f"chapter-{n}.tex" for n in (8, 7, 6)]
    page.check("docs")
    saved = page.save(tmp_path / "chosen.jsonl")
    wanted = {*home[1]["thesis"].files, *home[1]["taxes"].files}
    assert archived(saved, tmp_path / "a.xtar") == wanted


def test_what_an_archive_holds_is_said_and_can_be_hidden(
    browser: Page, home: tuple[Path, dict[str, Planted]], tmp_path: Path, berlin: None
) -> None:
    root = home[0]
    seen = take_survey([str(root)], radius_ns=HOUR_NS, now_ns=NOW_NS)
    paths = list(seen.scan.files.paths(range(len(seen.scan.files))))
    held = np.array([b"/docs/" in path or b"/core/" in path for path in paths])
    html = tmp_path / "against.html"
    html.write_bytes(b"".join(page_of(report_of(seen, [str(root)], seen.parts(), held))))
    browser.open(html)
    # Of the totals of years what is in no archive is in sight in a narrow window, too.
    browser.resize(400, 900)
    browser.wait("return Number(byId('timeline').firstChild.getAttribute('width')) < 400")
    assert browser.run("return [...byId('years').tHead.rows[0].cells].at(-1).textContent") == "in no archive"
    edges = "return [byId('years'), byId('years').parentNode].map((box) => box.getBoundingClientRect().right)"
    table, around = browser.run(edges)
    assert table <= around + 0.5
    browser.resize(1280, 1800)
    browser.wait("return Number(byId('timeline').firstChild.getAttribute('width')) > 1000")
    marks = "return [...document.querySelectorAll('.mark.safe, .mark.risk')].map(mark => mark.textContent)"
    assert browser.run(marks) == [
        "archived",
        "in no archive",
        "in no archive",
        "14 files in no archive",
        "in no archive",
        "archived",
        "in no archive",
    ]
    # Which days are safe: of those of this year the two that are archived whole.
    assert re.search(r"; 2 days of \d+ safe in archives$", browser.text("#year span"))
    days, active = browser.run(
        "return [document.querySelectorAll('#calendar .unsafe').length, calendar.days.filter(day => day.all).length]"
    )
    assert (days, "not all archived" in browser.text("#year")) == (active - 2, True)
    browser.one("#hide-archived").click()
    assert browser.text("#shown").startswith("5 activities, 2,642 files")
    browser.one("#fill").click()
    assert browser.text("#total").endswith(f"{8 + 14} files")
    assert browser.seen()[0] == []


def test_hostile_names_are_text_and_come_through_unharmed(
    page: Page, home: tuple[Path, dict[str, Planted]], tmp_path: Path
) -> None:
    page.unfold("misc/odd names")
    flat = {display(name) for name in NASTY if b"/" not in name}
    assert flat <= set(page.rows())
    assert page.run("return document.querySelectorAll('#rows script, #rows img, #rows b').length") == 0
    page.check(r"latin-\xe9-\xff.txt")
    page.check(r"right\u202etxt.exe")
    saved = page.save(tmp_path / "chosen.jsonl")
    assert archived(saved, tmp_path / "a.xtar") == {
        b"misc/odd names/latin-\xe9-\xff.txt",
        "misc/odd names/right\u202etxt.exe".encode(),
    }


def test_a_narrow_window_needs_no_sideways_scrolling(page: Page) -> None:
    page.resize(360, 740)
    page.wait("return byId('timeline').firstChild.getAttribute('width') < 360")
    assert page.run("return document.documentElement.scrollWidth") == 360
    # When it was, and its mark, are not cut off, nor is anything below the row.
    titles = "[...document.querySelectorAll('.activity .title')]"
    assert page.run(f"return {titles}.filter(t => t.scrollHeight > t.clientHeight + 1).map(t => t.textContent)") == []
    assert (
        page.run(f"return {titles}.filter(t => t.parentNode.scrollHeight > t.closest('.row').clientHeight).length") == 0
    )
    gaps = """const boxes = [...document.querySelectorAll('.row')].map(r => r.getBoundingClientRect());
        return boxes.slice(1).map((box, i) => box.top - boxes[i].bottom)"""
    assert page.run(gaps) == [0] * 6
    page.run("byId('list').scrollIntoView({block: 'center'})")
    page.check("docs/thesis")
    assert page.text("#total").startswith("386.7 KiB")
    boxes = page.run("return [...document.querySelectorAll('.tray button')].map(b => b.getBoundingClientRect().right)")
    assert boxes
    assert max(boxes) <= 360


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_in_light_and_dark(page: Page, scheme: str) -> None:
    page.prefer(scheme)
    page.check("docs/thesis")
    for selector in (
        ".title",
        ".detail",
        ".count",
        ".size",
        "#summary",
        "h1",
        "#total",
        "#room",
        "#save",
        ".mark",
        ".number",
        ".crumb",
    ):
        text, ground = page.run(
            """const here = document.querySelector(arguments[0]);
            let behind = here;
            while (getComputedStyle(behind).backgroundColor === "rgba(0, 0, 0, 0)") behind = behind.parentElement;
            return [getComputedStyle(here).color, getComputedStyle(behind).backgroundColor]""",
            selector,
        )
        assert contrast(text, ground) >= 4.5, f"{selector}: {text} on {ground}"
    assert (luminance(page.run("return getComputedStyle(document.documentElement).backgroundColor")) < 0.1) == (
        scheme == "dark"
    )


def test_the_switch_overrules_the_system(page: Page) -> None:
    ground = "return getComputedStyle(document.documentElement).backgroundColor"
    light = page.run(ground)
    page.one("#theme").click()
    page.one("#theme").click()
    assert luminance(page.run(ground)) < 0.1
    page.prefer("dark")
    page.one("#theme").click()
    assert luminance(page.run(ground)) < 0.1
    page.one("#theme").click()
    assert page.run(ground) == light
    page.run("localStorage.clear()")


def test_times_are_those_of_the_scan_across_daylight_saving(browser: Page, tmp_path: Path, berlin: None) -> None:
    root = tmp_path / "dst"
    root.mkdir()
    # Clocks in Berlin showed 02:30 twice on 25 October 2026.
    for name, moment in (
        ("summer", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("winter", datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
        ("july", datetime(2024, 7, 1, 22, 5, tzinfo=UTC)),
        ("leap", datetime(2024, 2, 28, 23, 30, tzinfo=UTC)),
        ("before", datetime(1969, 7, 20, 20, 17, tzinfo=UTC)),
    ):
        (root / name).write_text(name)
        os.utime(root / name, (moment.timestamp(), moment.timestamp()))
    (root / "future").write_text("x")
    os.utime(root / "future", (4_000_000_000, 4_000_000_000))
    browser.open(write_page(root, tmp_path / "dst.html"))
    assert browser.rows() == [
        "Tue 2 Oct 2096, 09:06",
        "Sun 25 Oct 2026, 02:30",
        "Tue 2 Jul 2024, 00:05",
        "Thu 29 Feb 2024, 00:30",
        "Sun 20 Jul 1969, 21:17",
    ]
    assert "in the future" in browser.text("#rows")
    assert browser.seen()[0] == []


def test_a_million_files(browser: Page, tmp_path: Path, berlin: None) -> None:
    report = million_files()
    html = tmp_path / "million.html"
    html.write_bytes(b"".join(page_of(report)))
    assert html.stat().st_size < 10_000_000
    browser.open(html)
    assert browser.text("#summary").startswith("1,000,000 files")
    browser.run("view.order = 'most'; filtersChanged()")
    browser.run("for (const row of list.rows.slice(0, 50)) unfolded.set(keyOf(row.node), true); refreshRows()")
    assert browser.run("return list.rows.length") > 5000
    assert browser.run("return document.querySelectorAll('*').length") < 3000
    browser.run("byId('list').scrollTop = 1e9; paintRows()")
    assert len(browser.rows()) > 5
    browser.one("#by-directory").click()
    browser.run("byId('list').scrollTop = 0; paintRows()")
    browser.check("/home/anna")
    assert browser.text("#total").endswith("1,000,000 files")
    lines = browser.save(tmp_path / "all.jsonl").read_text().splitlines()
    assert sum(int(found[1]) for line in lines if (found := re.search(r'"files":(\d+)', line))) == 1_000_000
    assert len(lines) == len(report.parts) + 1
    assert browser.seen()[0] == []


@pytest.fixture
def office(browser: Page, tmp_path: Path, berlin: None) -> Iterator[Page]:
    """An office of three years: sessions, mail and faxes, a suite that was installed."""
    seen = survey_of(homes.office(7).scan(), radius_ns=HOUR_NS, now_ns=homes.NOW_NS)
    html = tmp_path / "office.html"
    html.write_bytes(b"".join(page_of(report_of(seen, ["/home/anna"], seen.parts()))))
    browser.open(html)
    yield browser
    assert browser.seen()[0] == []


def test_streams_have_rows_of_their_own_and_can_be_hidden(office: Page) -> None:
    planned = homes.office(7)
    assert office.text("#shown").startswith(f"{len(planned.sessions) + 1} activities")
    assert office.text("#shown").endswith("; and 3 streams, of all time")
    office.filter("mail")
    assert office.run("return [...document.querySelectorAll('.row .mark')].map(mark => mark.textContent)") == [
        "arrives by itself",
        "arrives by itself",
    ]
    office.check("Mail/Inbox/cur")
    mails = sum("Inbox" in planned.rows[number][0] for number in planned.streams)
    assert office.text("#total").endswith(f" {mails:,} files")
    office.one("#show-streams").click()
    assert office.rows() == []
    office.filter("")
    assert "stream" not in office.text("#shown")


def test_the_calendar_shades_what_was_made_by_hand(office: Page) -> None:
    planned = homes.office(7)
    days = {
        datetime.fromtimestamp(planned.rows[number][1] / 1e9).date()
        for session in planned.sessions
        for number in session
    }
    year = {day for day in days if day.year == 2026}
    shaded = "return document.querySelectorAll('.level-1, .level-2, .level-3, .level-4').length"
    legend = len(office.run("return [...document.querySelectorAll('.shade .key:not(.aside)')]"))
    assert office.run(shaded) - legend == len(year)
    assert f"on {len(year)} days" in office.text("#year")
    assert office.run("return document.querySelectorAll('.day.aside').length") > 200
    # Weekdays stay in sight where the year is scrolled.
    office.resize(400, 900)
    office.wait("return document.querySelector('.heat').scrollLeft > 0")
    lefts = "return ['.weekdays', '.heat'].map(part => document.querySelector(part).getBoundingClientRect().left)"
    weekdays, heat = office.run(lefts)
    assert weekdays - heat < 8


def test_the_map_is_as_large_as_what_it_shows_and_is_walked_by_keyboard(office: Page) -> None:
    office.one("#by-map").click()
    assert not office.one("#list").is_displayed()
    tiles = "return [...document.querySelectorAll('.tile.depth-0')].map(t => [t.title, t.offsetWidth * t.offsetHeight])"
    sizes = dict(office.run(tiles))
    assert {title.split(":")[0] for title in sizes} == {"Documents", "Mail", "Fax", "Programs/suite"}
    files = {title.split(":")[0]: int(re.sub(r"\D", "", title.split(":")[1].split("file")[0])) for title in sizes}
    area = {title.split(":")[0]: share for title, share in sizes.items()}
    for name in ("Documents", "Programs/suite"):
        assert area[name] / area["Mail"] == pytest.approx(files[name] / files["Mail"], rel=0.1)
    office.run("[...document.querySelectorAll('.tile.depth-0')].find(tile => tile.title.startsWith('Mail')).focus()")
    office.keys(Keys.ENTER)
    assert {title.split(":")[0] for title, _ in office.run(tiles)} == {"Mail/Inbox/cur", "Mail/Sent/cur"}
    office.keys(Keys.ENTER)
    assert len(office.run(tiles)) == 4
    office.one("#by-activity").click()
    assert office.one("#list").is_displayed()


def luminance(colour: str) -> float:
    shares = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)
