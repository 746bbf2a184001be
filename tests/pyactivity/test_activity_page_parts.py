"""Parts of the page on planned homes: shares on one axis, totals of years, switches, labels, the map of a period."""

import os
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from kit.chromium import Page, chromium

from benchmarks.homes import KINDS, NOW_NS, Home
from pyactivity.page import page as page_of
from pyactivity.report import report_of
from pyactivity.survey import survey_of

pytestmark = pytest.mark.xdist_group("browser")
HOUR_NS = 3_600 * 10**9
WIDTHS = (360, 400, 700, 1280)


@pytest.fixture(scope="module")
def browser() -> Iterator[Page]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = "UTC0"
    time.tzset()
    with chromium("Asia/Tokyo") as opened:
        yield opened
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


@pytest.fixture(scope="module", params=KINDS)
def planned(request: pytest.FixtureRequest) -> tuple[str, Home]:
    return request.param, KINDS[request.param](7)


@pytest.fixture(scope="module")
def html(planned: tuple[str, Home], tmp_path_factory: pytest.TempPathFactory, browser: Page) -> Path:
    seen = survey_of(planned[1].scan(), radius_ns=HOUR_NS, now_ns=NOW_NS)
    to = tmp_path_factory.mktemp("parts") / "home.html"
    to.write_bytes(b"".join(page_of(report_of(seen, ["/home/anna"], seen.parts()))))
    return to


@pytest.fixture
def page(browser: Page, html: Path) -> Iterator[Page]:
    browser.open(html)
    yield browser
    assert browser.seen()[0] == []


def order(page: Page, how: str) -> None:
    page.run("byId('order').value = arguments[0]; byId('order').dispatchEvent(new Event('change'))", how)


def made(home: Home) -> list[int]:
    return [number for session in home.sessions for number in session]


@pytest.mark.parametrize("width", [400, 1280])
def test_size_and_count_are_on_one_axis(page: Page, planned: tuple[str, Home], width: int) -> None:
    page.resize(width, 1800)
    page.wait(f"return Number(byId('timeline').firstChild.getAttribute('width')) < {width}")
    home = planned[1]
    totals = len(made(home)), sum(home.rows[number][2] for number in made(home))
    sessions = [(len(session), sum(home.rows[number][2] for number in session)) for session in home.sessions]
    weights = sorted((max(files / totals[0], size / totals[1]) for files, size in sessions), reverse=True)
    order(page, "weight")
    found = page.run(
        """const scale = byId("share-scale").getBoundingClientRect();
        const part = (bar) => [bar.getBoundingClientRect().left - scale.left, bar.offsetWidth / scale.width];
        const bars = [...document.querySelectorAll(".row.activity .shares")].map((one) => [...one.children].map(part));
        const named = [...document.querySelectorAll(".share-tick")];
        return [bars, named.map((tick) => [tick.textContent, parseFloat(tick.style.left) / 100]), shares.ticks]"""
    )
    rows, named, ticks = found
    assert all(len(row) == 2 for row in rows)
    assert all(abs(left) < 1 for row in rows for left, _ in row)
    drawn = [max(width for _, width in row) * ticks[-1] for row in rows]
    assert drawn == pytest.approx(weights[: len(rows)], rel=0.03)
    assert [float(text.removesuffix(" %")) / 100 for text, _ in named] == pytest.approx(ticks)
    assert [place * ticks[-1] for _, place in named] == pytest.approx(ticks, rel=1e-4)
    assert ticks[-2] < weights[0] <= ticks[-1]


@pytest.mark.parametrize("how", ["weight", "largest", "most"])
def test_what_was_made_by_hand_is_first_however_it_is_ordered(page: Page, planned: tuple[str, Home], how: str) -> None:
    home = planned[1]
    order(page, how)
    numbers = page.run("return arranged().map((a) => data.byHand[a] && !data.arriving[a] ? 1 : 0)")
    assert numbers == sorted(numbers, reverse=True)
    assert sum(numbers) == len(home.sessions)
    measure = {
        "most": lambda session: len(session),
        "largest": lambda session: sum(home.rows[number][2] for number in session),
    }
    if how in measure:
        first = max(map(measure[how], home.sessions))
        made_first = page.run("return [shares.files, shares.bytes].map((some) => some[arranged()[0]])")
        total = sum(map(measure[how], home.sessions))
        assert made_first[how == "largest"] == pytest.approx(first / total)


def test_the_totals_of_each_year_are_those_planned(page: Page, planned: tuple[str, Home]) -> None:
    home = planned[1]
    sums: dict[int, list[float]] = defaultdict(lambda: [0, 0, 0])
    days = defaultdict(set)
    for place, numbers in enumerate((made(home), home.bulk, home.streams)):
        for number in numbers:
            moment = datetime.fromtimestamp(home.rows[number][1] // 10**9, UTC)
            sums[moment.year][place] += 1
            if not place:
                days[moment.year].add(moment.date())
    table = page.run("return [...byId('years').rows].map((row) => [...row.cells].map((cell) => cell.textContent))")
    assert table[0] == ["Year", "files by hand", "bytes by hand", "on days", "in bulk", "by itself"]
    told = {int(row[0]): [int(row[place].replace(",", "")) for place in (1, 3, 4, 5)] for row in table[1:]}
    # A pair of an activity and a directory is told as bulk or as work by what prevails in it.
    expected = {year: [files, len(days[year]), bulk, arrived] for year, (files, bulk, arrived) in sums.items()}
    assert told == expected
    assert list(told) == sorted(told, reverse=True)
    page.run("[...document.querySelectorAll('#years button')].at(-1).click()")
    assert page.text("#crumbs") == f"All{min(told)}"


def test_bulk_and_streams_are_switches_of_all_parts(page: Page, planned: tuple[str, Home]) -> None:
    home = planned[1]
    switches = page.run("return [...document.querySelectorAll('[role=switch]')].map((one) => [one.id, one.checked])")
    assert switches == [["show-bulk", True], ["show-streams", True]]
    bars = "return [...document.querySelectorAll('#timeline rect.bulk')].length"
    assert page.run(bars) > 0
    page.one("#show-streams").click()
    assert page.run("return document.querySelectorAll('.mark').length") == 0 or "by itself" not in page.text("#rows")
    columns = "return [...byId('years').tHead.rows[0].cells].map((cell) => cell.textContent)"
    assert page.run(columns) == ["Year", "files by hand", "bytes by hand", "on days", "in bulk"]
    page.one("#show-bulk").click()
    assert page.run(columns) == ["Year", "files by hand", "bytes by hand", "on days"]
    assert page.run("return document.querySelectorAll('.day.aside').length") == 0
    assert page.run("return timeline.bins.every((bin) => bin.all === bin.work)")
    files = f"{len(made(home)):,} files"
    assert page.text("#shown").startswith(f"{len(home.sessions)} activities, {files}, ")
    page.one("#show-bulk").click()
    page.one("#show-streams").click()
    assert page.run(bars) > 0


def test_a_year_has_as_many_days_of_each_shade(page: Page) -> None:
    """Quartiles, but for days that are alike: one large day must not make the others pale."""
    days = page.run("""return [1, 2, 3, 4].map((level) => document.querySelectorAll(`.day.level-${level}`).length)""")
    assert min(days) >= sum(days) / 8
    assert max(days) <= sum(days) / 2.5
    legend = page.run("return [...document.querySelectorAll('.shade')].map((one) => one.textContent)")
    steps = [int(text.split()[0].replace(",", "")) for text in legend[:4]]
    assert steps == sorted(set(steps))
    assert legend[4:] == ["bulk, or by itself, only"]


OVERLAPS = """
const labels = "#timeline text, #calendar text, .share-tick, .share-told, .legend, .shade, #years th, #years td";
const areas = "#timeline, #calendar, #years, .share-axis, .legend, #year";
const boxes = [...document.querySelectorAll(labels)].filter((one) => one.checkVisibility() && one.textContent.trim())
  .map((one) => [one.textContent, one.getBoundingClientRect(), one.closest(areas)]);
const found = [];
boxes.forEach(([text, box, area], i) => boxes.slice(0, i).forEach(([other, its, around]) => {
  const over = Math.min(box.right, its.right) - Math.max(box.left, its.left);
  const down = Math.min(box.bottom, its.bottom) - Math.max(box.top, its.top);
  if (area === around && over > 0.5 && down > 3) found.push(`${text} on ${other}`);
}));
// Of the timeline nothing is cut off.
for (const [text, box, area] of boxes) {
  const around = area.getBoundingClientRect(), cut = box.left < around.left - 0.5 || box.right > around.right + 0.5;
  if (area.id === "timeline" && cut) found.push(`${text} is cut`);
}
return found;
"""


@pytest.mark.parametrize("measure", ["files", "bytes"])
@pytest.mark.parametrize("width", WIDTHS)
def test_no_label_is_drawn_on_another(page: Page, width: int, measure: str) -> None:
    page.resize(width, 1000)
    page.wait(f"return Number(byId('timeline').firstChild.getAttribute('width')) < {width}")
    page.run("byId('measure').value = arguments[0]; byId('measure').dispatchEvent(new Event('change'))", measure)
    # Weekdays lie above what is scrolled below them.
    page.run("document.querySelector('.heat').scrollLeft = 0")
    for period in ("null", "yearOf(2025)", "monthOf(2025, 4)", "dayOf(at(2025, 4, 7))"):
        page.run(f"showPeriod({period}); document.querySelector('.heat').scrollLeft = 0")
        assert page.run(OVERLAPS) == [], period
    assert page.run("return document.documentElement.scrollWidth") == width


def test_weekdays_stay_in_sight_at_400_pixels(page: Page) -> None:
    page.resize(400, 900)
    page.wait("return document.querySelector('.heat').scrollLeft > 0")
    for left in (0, 100, 10_000):
        page.run("document.querySelector('.heat').scrollLeft = arguments[0]", left)
        shown = page.run(
            """return [...document.querySelectorAll(".weekdays text")].slice(1).map((one) => {
              const box = one.getBoundingClientRect();
              return [one.textContent, document.elementFromPoint((box.left + box.right) / 2, (box.top + box.bottom) / 2)
                ?.closest(".weekdays") !== null && box.left >= 0 && box.right <= 400]; })"""
        )
        assert shown == [["Mon", True], ["Wed", True], ["Fri", True], ["Sun", True]]


def test_the_map_is_of_the_period_that_was_chosen(page: Page, planned: tuple[str, Home]) -> None:
    home = planned[1]
    page.one("#show-streams").click()
    page.one("#show-bulk").click()
    page.one("#by-map").click()
    page.run("showPeriod(yearOf(2025))")
    begin, end = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) * 10**9 for year in (2025, 2026))
    files = sum(
        len(session) for session in home.sessions if any(begin <= home.rows[number][1] < end for number in session)
    )
    counted = page.run(
        """const sums = mapParts(map.node ?? rootNode()).reduce((sum, part) => sum + part.value, 0);
        return [sums, document.querySelectorAll(".tile").length]"""
    )
    assert counted[0] == files
    assert counted[1] > 0
    assert page.text("#shown").startswith(
        f"{sum(any(begin <= home.rows[n][1] < end for n in session) for session in home.sessions)} activities in 2025, "
    )
