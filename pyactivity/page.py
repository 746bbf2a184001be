"""One self-contained page about a report: no network, no framework, and nothing in it that a file's name could break.

Style and script are files of `assets`, put in whole and allowed by their hashes in a Content-Security-Policy that
forbids all else. Data stands in two elements that are no scripts: a few facts as JSON, everything else as columns
(`page_data`), deflated, in base64. Names are only ever written by the script as text.
"""

import json
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from importlib.resources import files as resource_files
from time import localtime

from pyactivity.moments import length_text
from pyactivity.page_data import PageData, page_data
from pyactivity.report import Report
from pyactivity.survey import Part

# With these the page stays below 10 MB: base64 adds a third, style and script 60 KB.
_DATA_BYTES = 6_500_000
_MOST_PARTS = 100_000  # a list that is still quick
_WORTH_TELLING = 10
_HALF_YEAR_S = 183 * 86_400
_LISTING = ("data", "words", "choice", "tree", "rows", "shares", "list")
_SCRIPTS = (*_LISTING, "axis", "timeline", "calendar", "years", "map", "medium", "save", "main")


def page(report: Report, *, data_bytes: int = _DATA_BYTES, names: bool = True) -> Iterator[bytes]:
    """The page, piece by piece, in UTF-8.

    data_bytes  where the data, deflated, would be larger, names of files are left out, and then the oldest parts, and
                the page says so
    names       whether there are names of files at all
    """
    shown = replace(report, parts=report.parts[:_MOST_PARTS])
    while len((data := page_data(shown, data_bytes, names=names)).deflated) > data_bytes and len(shown.parts) > 1:
        shown = replace(shown, parts=shown.parts[: len(shown.parts) // 2])
    yield from _filled(shown, data, report.parts[len(shown.parts) :])


def _filled(report: Report, data: PageData, left_out: tuple[Part, ...]) -> Iterator[bytes]:
    now = report.survey.now_ns // 10**9
    zones = sorted({localtime(second).tm_zone for second in (now, now - _HALF_YEAR_S)})
    facts = {
        "root": report.root.decode("utf-8", "surrogateescape"),
        "now": now,
        "by": report.survey.by,
        "radius": length_text(report.survey.radius.radius_ns),
        "zones": zones,
        "marks": data.marks,
        "bulk": {str(number): told for number in range(len(report.parts)) if (told := _bulk(report, number))},
        "named": data.named,
        "links": report.files.further_links(),
        "left_out": [len(left_out), sum(len(part.members) for part in left_out)],
        "columns": data.index,
    }
    style = _asset("page.css")
    script = '"use strict";\n' + "".join(_asset(f"{name}.js") for name in _SCRIPTS)
    head, *tails = _asset("page.html").split("@@")
    values = {
        "STYLE": style,
        "SCRIPT": script,
        "STYLE_HASH": _hash(style),
        "SCRIPT_HASH": _hash(script),
        "FACTS": _embedded(facts),
    }
    yield head.encode()
    for position, piece in enumerate(tails):
        if position % 2:
            yield piece.encode()
        elif piece == "DATA":
            yield b64encode(data.deflated)
        else:
            yield values[piece].encode()


def _bulk(report: Report, number: int) -> list[tuple[str, str, int]]:
    """How the bulk of a part came, where to, and how many files."""
    return [
        (carrier.bulk, report.below(carrier.path).decode("utf-8", "surrogateescape"), carrier.files)
        for carrier in report.bulk_of(number)
        if carrier.files >= _WORTH_TELLING
    ]


def _asset(name: str) -> str:
    return (resource_files("pyactivity") / "assets" / name).read_text("utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _embedded(facts: dict[str, object]) -> str:
    """JSON that no HTML parser takes for markup, in ASCII."""
    return json.dumps(facts, ensure_ascii=True).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
