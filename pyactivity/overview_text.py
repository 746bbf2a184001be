"""The overview as sections for people."""

from collections.abc import Iterator
from dataclasses import dataclass

from pyactivity.moments import SPAN_WIDTH, moment_text
from pyactivity.overview import Overview
from pyactivity.render import below
from pyactivity.survey import Part, Survey
from pyactivity.words import count, humane_bytes


@dataclass(frozen=True, slots=True)
class Section:
    """A title, the parts that are told below it, and lines of other things."""

    title: str
    parts: tuple[Part, ...] = ()
    lines: tuple[str, ...] = ()


def overview_sections(shown: Overview, survey: Survey, base: bytes) -> Iterator[Section]:
    """The overview, section by section; `base` as for `group_lines`."""
    parts = (
        ("Times that cannot be", shown.strange),
        ("Worked on, by the files that were made, halved for every month of age", shown.worked),
        ("Arrives by itself, by its files", shown.streams),
        ("Came in bulk", shown.bulk),
    )
    yield from (Section(title, some) for title, some in parts if some)
    if len(shown.large):
        yield Section("Large and new", lines=tuple(file_line(survey, index, base) for index in shown.large.tolist()))
    if shown.lost:
        yield Section("In no archive", lines=tuple(_lost_lines(shown, base)))
    if shown.others:
        yield Section(_others(shown))


def file_line(survey: Survey, index: int, base: bytes) -> str:
    """A file: when it was modified, its size and path."""
    files = survey.scan.files
    when = moment_text(int(files.times_ns(survey.by)[index]), survey.now_ns)
    size = humane_bytes(int(files.size_bytes[index]))
    return f"{'-':>7}  {when:{SPAN_WIDTH}}  {'1 file':>13}  {size:>10}  {below(files.path(index), base)}"


def _lost_lines(shown: Overview, base: bytes) -> Iterator[str]:
    for carrier in shown.lost:
        size = f"{count(carrier.files, 'file'):>13}  {humane_bytes(carrier.size_bytes):>10}"
        yield f"{'-':>7}  {'':{SPAN_WIDTH}}  {size}  {below(carrier.path, base)}"


def _others(shown: Overview) -> str:
    what = count(shown.others, "smaller or older activity", "smaller or older activities")
    ways = "--limit all shows them"
    if shown.min_files:
        ways += f", --min-files {shown.min_files} those that are larger"
    return f"and {what}: {count(shown.others_files, 'file')} of {humane_bytes(shown.others_bytes)}; {ways}"
