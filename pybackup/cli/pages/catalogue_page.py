"""The page of a catalogue: all media, files at risk, what losing each medium would cost, and a search for file names.

The names are in the page as compressed columns (see `_columns`); the script in `catalogue_script` searches them.
"""

from __future__ import annotations

import base64
import json
import sys
import zlib
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from pybackup.catalogue.health import getting_worse
from pybackup.catalogue.loss import Outlook
from pybackup.catalogue.media import is_gone
from pybackup.model.catalogued import MediumCheck, MediumState

from ..catalogue import checked, date
from ..text import count, display, humane_bytes, printable
from .catalogue_script import SCRIPT, STYLE
from .frame import Figure, PageStep, Tone, card, escape, figures, heading, page, pill, state, table, table_row

if TYPE_CHECKING:
    from pybackup.catalogue.names import FileNames
    from pybackup.catalogue.overview import OnShelf, Overview
    from pybackup.catalogue.risk import Exposed

_TONES = {
    MediumState.OK: Tone.GOOD,
    MediumState.SUSPECT: Tone.WARN,
    MediumState.LOST: Tone.DIRE,
    MediumState.RETIRED: Tone.WARN,
}
_VERDICTS = {"intact": Tone.GOOD, "repairable": Tone.WARN}
_PLOT_WIDTH, _PLOT_HEIGHT = 160, 36


def render_catalogue(where: str, found: Overview, names: FileNames | None) -> Iterator[bytes]:
    """Yield the page in pieces.

    Parameters
    ----------
    where
        The address of the catalogue, for the heading.
    names
        The names of all files, for the search; None if there are too many.
    """
    parts = _parts(where, found, names)
    return page(f"Catalogue {where}", "catalogue", parts)


def _parts(where: str, found: Overview, names: FileNames | None) -> Iterator[str]:
    yield f"<style>{STYLE}</style>"
    yield heading("catalogue", where.encode("utf-8", "surrogateescape"))
    yield _state(found)
    yield figures(_figures(found, names))
    yield _search(names)
    yield card("The shelf", f'<div class="shelf">{"".join(map(_disc, found.shelf))}</div>', long=True)
    yield from _cost(found)
    yield from _at_risk(found)
    if names is not None:
        yield from _data(found, names)
    yield f"<script>{SCRIPT}</script>"


def _state(found: Overview) -> str:
    lost = [each for each in found.shelf if each.medium.state is MediumState.LOST and each.worst]
    suspect = [each for each in found.there if each.medium.state is MediumState.SUSPECT]
    worse = [each for each in found.there if getting_worse(each.checks)]
    files = sum(each.files for each in found.at_risk)
    steps = [PageStep("Files on too few media:", "pybackup catalogue at-risk --files")] if files else []
    told = [f"{words}: {_named(some)}." for some, words in ((suspect, "Suspect"), (worse, "Getting worse")) if some]
    if lost:
        gone = sum(each.worst for each in lost)
        headline = f"{count(gone, 'file')} went with {_named(lost)}, and nothing here has another copy."
        return state(Tone.DIRE, headline, told, steps)
    if suspect or worse or files:
        headline = (
            f"{count(files, 'file')} have fewer than {found.copies} copies." if files else "Some media need a look."
        )
        return state(Tone.WARN, headline, told, steps)
    return state(Tone.GOOD, f"Every file has {found.copies} copies.", told, steps)


def _named(some: Sequence[OnShelf]) -> str:
    labels = ", ".join(printable(each.medium.label) for each in some[:4])
    return labels + (f" and {len(some) - 4} more" if len(some) > 4 else "")


def _figures(found: Overview, names: FileNames | None) -> Iterator[Figure]:
    there = found.there
    places = {each.medium.place for each in there if each.medium.place}
    yield Figure("Media", f"{len(there):,}", f"in {count(len(places), 'place')}" if places else "")
    gone = len(found.shelf) - len(there)
    if gone:
        yield Figure("Lost or retired", f"{gone:,}", tone=Tone.WARN)
    if names is not None:
        yield Figure(
            "Files", f"{len(names.names):,}", f"in {count(len(names.directories), 'directory', 'directories')}"
        )
    files = sum(each.files for each in found.at_risk)
    note = humane_bytes(sum(each.n_bytes for each in found.at_risk)) if files else ""
    yield Figure(f"Fewer than {found.copies} copies", f"{files:,}", note, Tone.WARN if files else Tone.GOOD)
    unchecked = sum(each.medium.checked_ns is None for each in there)
    yield Figure("Never checked", f"{unchecked:,}", tone=Tone.WARN if unchecked else Tone.GOOD)


def _search(names: FileNames | None) -> str:
    if names is None:
        body = "<p>There are too many files to search them on this page: use 'pybackup catalogue find'.</p>"
        return card("Where is it?", body)
    body = (
        '<noscript><p>Searching needs JavaScript; "pybackup catalogue find" does not.</p></noscript>'
        '<input id="wanted" type="text" role="searchbox" autocomplete="off" spellcheck="false" disabled '
        'placeholder="Reading names…" aria-label="Search names and directories" aria-controls="hits">'
        '<p id="told" class="soft" aria-live="polite"></p><ol id="hits" class="hits"></ol>'
    )
    return card("Where is it?", body, long=True)


def _disc(each: OnShelf) -> str:
    known = each.medium
    held = known.volume
    used = held.n_bytes or held.content_bytes
    share = min(used / known.capacity_bytes, 1) if known.capacity_bytes else None
    full = f"{100 * share:.0f} % full" if share is not None else ""
    of_set = f"{printable(held.set_name)} {held.sort.value} {held.number}" if held.set_id else held.sort.value
    facts = [of_set, count(held.files, "file"), humane_bytes(held.content_bytes), full, checked(known)]
    meter = f'<span class="meter"><i style="width:{100 * share:.1f}%"></i></span>' if share is not None else ""
    worse = f" {pill(Tone.WARN, 'gets worse')}" if getting_worse(each.checks) else ""
    return (
        f'<article class="disc" data-state="{known.state.value}">'
        f"<h3><bdi>{escape(known.label)}</bdi> {pill(_TONES[known.state], known.state.value)}{worse}</h3>"
        f"<p>{escape(known.place) or 'no place is known'}</p>{meter}"
        f'<p class="soft">{escape(" · ".join(filter(None, facts)))}</p>{_health(each.checks)}</article>'
    )


def _health(checks: Sequence[MediumCheck]) -> str:
    """Return a plot of the parity left at each check, the newest at the right, and a list of the checks in words."""
    if not checks:
        return ""
    first, last = checks[0].at_ns, checks[-1].at_ns
    points = []
    for found in checks:
        x = 4 + (_PLOT_WIDTH - 8) * ((found.at_ns - first) / (last - first) if last > first else 1)
        margin = found.margin if found.margin is not None else float(found.verdict in _VERDICTS)
        y = _PLOT_HEIGHT - 4 - (_PLOT_HEIGHT - 8) * max(0.0, min(1.0, margin))
        points.append((x, y, _VERDICTS.get(found.verdict, Tone.DIRE)))
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y, _ in points)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" class="{tone}"/>' for x, y, tone in points)
    told = "".join(f"<li>{_check(found)}</li>" for found in reversed(checks))
    return (
        f'<svg class="health" viewBox="0 0 {_PLOT_WIDTH} {_PLOT_HEIGHT}" role="img">'
        f"<title>The parity left at each check</title>"
        f'<polyline points="{line}"/>{dots}</svg>'
        f"<details><summary>{count(len(checks), 'check')}</summary><ul>{told}</ul></details>"
    )


def _check(found: MediumCheck) -> str:
    margin = f", {100 * found.margin:.0f} % of its parity left" if found.margin is not None else ""
    bad = f", {count(found.bad_sectors, 'bad sector')} of {found.sectors:,}" if found.sectors else ""
    means = f" ({escape(found.means)})" if found.means else ""
    return f"{date(found.at_ns)}: {escape(found.verdict)}{bad}{margin}{means}"


def _cost(found: Overview) -> Iterator[str]:
    heads = ("If it were lost", "Medium", "Gone", "Doubtful", "The rest")
    rows = sorted(found.shelf, key=lambda each: (-each.worst, -each.cost.get(Outlook.DOUBTFUL, 0)))
    worst = [each for each in rows if any(each.cost.values())]
    yield from table(
        "What a lost medium would cost", heads, map(_cost_row, worst), len(worst), "pybackup catalogue lost"
    )


def _cost_row(each: OnShelf) -> str:
    cost = each.cost
    gone, doubtful = each.worst, cost.get(Outlook.DOUBTFUL, 0)
    tone = Tone.DIRE if gone else Tone.WARN if doubtful else Tone.GOOD
    word = "loss" if gone else "doubt" if doubtful else "no loss"
    word = f"lost: {word}" if is_gone(each.medium) else word
    kept = f"{cost.get(Outlook.REBUILDABLE, 0):,} rebuilt, {cost.get(Outlook.ELSEWHERE, 0):,} elsewhere"
    title = f"<bdi>{escape(each.medium.label)}</bdi>"
    return table_row(tone, word, title, f"{count(gone, 'file')} gone", f"{doubtful:,} doubtful", kept)


def _at_risk(found: Overview) -> Iterator[str]:
    heads = ("How bad", "Volume", "Files", "Bytes", "On")
    rows = sorted(found.at_risk, key=lambda each: -each.files)
    if not rows:
        return
    yield from table(
        f"Fewer than {found.copies} copies", heads, map(_risk_row, rows), len(rows), "pybackup catalogue at-risk"
    )


def _risk_row(each: Exposed) -> str:
    tone, word = (Tone.GOOD, "recoverable") if each.recoverable else (Tone.WARN, "at risk")
    media = ", ".join(known.label for known in each.media)
    title = f"<bdi>{escape(each.volume.name)}</bdi>"
    return table_row(
        tone, word, title, count(each.files, "file"), humane_bytes(each.n_bytes), escape(media or "nowhere")
    )


def _data(found: Overview, names: FileNames) -> Iterator[str]:
    """Yield the data for the search: the media as JSON, and each column of names, compressed."""
    media = [
        {
            "label": printable(each.medium.label),
            "place": printable(each.medium.place),
            "state": each.medium.state.value,
            "seen": each.medium.seen_ns is not None,
            "volume": each.medium.volume.id,
        }
        for each in found.shelf
    ]
    about = json.dumps({"media": media, "holders": names.holders}).replace("<", "\\u003c")
    yield f'<script type="application/json" id="about">{about}</script>'
    for name, column in _columns(names):
        packed = base64.b64encode(_deflated(column)).decode()
        yield f'<script type="text/plain" class="column" data-name="{name}">{packed}</script>'


def _columns(names: FileNames) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the bytes of each column: texts as lines of UTF-8, numbers as little-endian arrays."""
    yield "directories", _lines(names.directories)
    yield "names", _lines(names.names)
    for name in ("counts", "sizes", "times", "groups"):
        yield name, _little(getattr(names, name))


def _lines(texts: Iterable[bytes]) -> bytes:
    return "\n".join(map(display, texts)).encode("utf-8", "replace")


def _little(numbers: array[int] | array[float]) -> bytes:
    if sys.byteorder == "big":
        numbers = array(numbers.typecode, numbers)
        numbers.byteswap()
    return numbers.tobytes()


def _deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(6, wbits=-15)
    return packer.compress(data) + packer.flush()
