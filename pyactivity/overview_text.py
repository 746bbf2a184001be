"""The overview as sections for people."""

from collections.abc import Iterator
from dataclasses import dataclass

from pyactivity.description import Carrier
from pyactivity.moments import SPAN_WIDTH, moment_text
from pyactivity.overview import Overview
from pyactivity.render import below
from pyactivity.survey import Part, Survey
from pyactivity.words import count, humane_bytes


@dataclass(frozen=True, slots=True)
class Section:
    """A title, a word for programs, the parts that are told below it, and lines of other things: files, directories.

    lines  each in two parts, as `wrapped` takes them
    """

    title: str
    name: str
    parts: tuple[Part, ...] = ()
    lines: tuple[tuple[str, str], ...] = ()
    files: tuple[int, ...] = ()
    carriers: tuple[Carrier, ...] = ()


def overview_sections(shown: Overview, survey: Survey, base: bytes) -> Iterator[Section]:
    """The overview, section by section; `base` as for `group_lines`."""
    parts = (
        ("Times that cannot be", "strange", shown.strange),
        ("Worked on, by the files that were made, halved for every month of age", "worked", shown.worked),
        ("Arrives by itself, by its files", "arrives", shown.streams),
        ("Came in bulk", "bulk", shown.bulk),
    )
    yield from (Section(title, name, some) for title, name, some in parts if some)
    if len(shown.large):
        large = tuple(shown.large.tolist())
        lines = tuple(file_line(survey, index, base) for index in large)
        yield Section("Large and new", "large", lines=lines, files=large)
    if shown.lost:
        yield Section("In no archive", "lost", lines=tuple(_lost_lines(shown.lost, base)), carriers=shown.lost)
    elif shown.lost is None:
        yield Section("What of it is in no archive: --against ARCHIVE tells", "lost")
    else:
        yield Section("All of it is in an archive", "lost")
    if shown.others:
        yield Section(_others(shown), "others")


def file_line(survey: Survey, index: int, base: bytes) -> tuple[str, str]:
    """A file: when it was modified and its size, and its path."""
    files = survey.scan.files
    when = moment_text(int(files.times_ns(survey.by)[index]), survey.now_ns)
    size = humane_bytes(int(files.size_bytes[index]))
    return f"{'-':>7}  {when:{SPAN_WIDTH}}  {'1 file':>13}  {size:>10}  ", below(files.path(index), base)


def _lost_lines(lost: tuple[Carrier, ...], base: bytes) -> Iterator[tuple[str, str]]:
    for carrier in lost:
        size = f"{count(carrier.files, 'file'):>13}  {humane_bytes(carrier.size_bytes):>10}"
        yield f"{'-':>7}  {'':{SPAN_WIDTH}}  {size}  ", below(carrier.path, base)


def _others(shown: Overview) -> str:
    what = count(shown.others, "smaller or older activity", "smaller or older activities")
    ways = "--limit all shows them"
    if shown.min_files:
        ways += f", --min-files {shown.min_files} those that are larger"
    return f"and {what}: {count(shown.others_files, 'file')} of {humane_bytes(shown.others_bytes)}; {ways}"
