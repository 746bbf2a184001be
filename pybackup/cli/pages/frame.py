"""The parts that all pages share: the HTML frame, the state at the top, figures, bars, tables, and escaping.

A page is self-contained: it loads nothing from the network, and without JavaScript only conveniences are missing. Its
content security policy forbids loading anything, so that even an unescaped name could not make it load something.
"""

from __future__ import annotations

import html
import os
import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pybackup import __version__

from ..text import count, display, printable
from .style import SCRIPT, STYLE

POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
MAX_ROWS = 2_000
_MAX_ROWS_BYTES = 2 << 20
_FILTER_FROM = 20  # rows from which on a table has a filter
_NAME_LENGTH = 240
_TEXT_LENGTH = 400
_SLOTS = 200  # the resolution of a bar: finer ranges could not be seen


class Tone(StrEnum):
    """How good or bad a state is; the values are classes of the style sheet."""

    GOOD = "good"
    WARN = "warn"
    DIRE = "dire"


# A tick in a circle, an exclamation mark in a triangle, a cross in an octagon: distinguishable without colour.
_SYMBOLS = {
    Tone.GOOD: "M24 2a22 22 0 1 0 0 44a22 22 0 0 0 0-44zM20 34.5L9.5 24l3.5-3.5 7 7L35 13l3.5 3.5z",
    Tone.WARN: "M24 3L1 45h46zM21.5 18h5l-1 15h-3zM21.5 36h5v5h-5z",
    Tone.DIRE: "M15 2h18l13 13v18L33 46H15L2 33V15zM16 12.5L12.5 16l8 8-8 8 3.5 3.5 8-8 8 8 3.5-3.5-8-8 8-8"
    "-3.5-3.5-8 8z",
}


@dataclass(frozen=True, slots=True)
class PageStep:
    """Something to do next, and the command that does it; an empty command if there is none."""

    text: str
    command: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with a label above and a note below; the tone colours it."""

    label: str
    value: str
    note: str = ""
    tone: Tone | None = None


def escape(text: str) -> str:
    """Return a text escaped for HTML content and attributes; characters that cannot be printed become escapes."""
    return html.escape("\n".join(map(printable, text.split("\n"))))


def clip(text: str, length: int) -> str:
    """Return a text shortened in the middle to at most ``length`` characters."""
    if len(text) <= length:
        return text
    head = (length - 1) * 2 // 3
    return f"{text[:head]}…{text[head + 1 - length :]}"


def name(path: bytes, length: int = _NAME_LENGTH) -> str:
    """Return a name for HTML, isolated so that its writing direction does not affect the text around it."""
    return f"<bdi>{html.escape(clip(display(path), length))}</bdi>"


def words(text: str) -> str:
    """Return a message for HTML, shortened if it is very long."""
    return escape(clip(text, _TEXT_LENGTH))


def shell_word(path: bytes) -> str:
    """Return a file name quoted for a shell, so that no character is special and it is not taken for an option."""
    if path.startswith(b"-"):
        path = b"./" + path
    text = os.fsdecode(path)
    if text.isprintable():
        return shlex.quote(text)
    return "$'" + "".join(map(_ansi_c, path)) + "'"


def _ansi_c(byte: int) -> str:
    return chr(byte) if byte < 0x7F and (chr(byte).isalnum() or byte in b"/._-") else f"\\x{byte:02x}"


def page(title: str, made_by: str, parts: Iterable[str]) -> Iterator[bytes]:
    """Yield a whole page in pieces; ``title`` is text, ``parts`` are HTML."""
    yield (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style></head>\n<body><main>\n"
    ).encode()
    for part in parts:
        yield part.encode() + b"\n"
    yield f"<footer>pybackup {__version__}, {escape(made_by)}</footer>\n</main>\n".encode()
    yield f"<script>{SCRIPT}</script>\n</body></html>\n".encode()


def heading(verb: str, path: bytes) -> str:
    """Return the heading of a page: the verb and the path that it is about."""
    return f'<p class="eyebrow">pybackup {escape(verb)}</p>\n<h1>{name(path)}</h1>'


def state(tone: Tone, headline: str, sentences: Iterable[str], steps: Sequence[PageStep]) -> str:
    """Return the card at the top: the state in a headline and sentences, and what to do next."""
    told = "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences)
    if steps:
        told += '<p class="next">What to do next</p>'
    for step in steps:
        told += f"<p>{escape(step.text)}</p>" + (f"<pre>{escape(step.command)}</pre>" if step.command else "")
    symbol = f'<svg viewBox="0 0 48 48" aria-hidden="true"><path fill-rule="evenodd" d="{_SYMBOLS[tone]}"/></svg>'
    return f'<section class="card state {tone}">{symbol}<div><strong>{escape(headline)}</strong>{told}</div></section>'


def figures(found: Iterable[Figure]) -> str:
    """Return figures, to be shown side by side."""
    return f'<dl class="figures">{"".join(map(_figure, found))}</dl>'


def _figure(figure: Figure) -> str:
    value = f'<span class="{figure.tone}">{escape(figure.value)}</span>' if figure.tone else escape(figure.value)
    note = f"<small>{escape(figure.note)}</small>" if figure.note else ""
    return f"<div><dt>{escape(figure.label)}</dt><dd>{value}{note}</dd></div>"


def card(title: str, body: str, *, long: bool = False) -> str:
    """Return a part of the page with a title; ``long`` allows a page break in it when printed."""
    return f'<section class="card{" long" if long else ""}"><h2>{escape(title)}</h2>\n{body}</section>'


def bullets(title: str, texts: Sequence[str], limit: int = 30) -> Iterator[str]:
    """Yield a card with a list of at most ``limit`` texts, if there are any."""
    if texts:
        items = [words(text) for text in texts[:limit]]
        if len(texts) > limit:
            items.append(f"and {len(texts) - limit:,} more")
        yield card(title, f"<ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>")


def pill(tone: Tone, word: str) -> str:
    """Return a word in the colour of its tone."""
    return f'<span class="fate {tone}">{escape(word)}</span>'


def table_row(tone: Tone, word: str, title: str, *cells: str) -> str:
    """Return a row of a `table`: a word in the colour of its tone, then a title and further cells as HTML."""
    rest = "".join(f"<td>{cell}</td>" for cell in cells)
    return f'<tr><td class="w">{pill(tone, word)}</td><td class="n">{title}</td>{rest}</tr>'


def bar(size: int, layers: Iterable[tuple[str, Iterable[tuple[int, int]]]], label: str) -> str:
    """Return a thin bar of ``size`` bytes with ranges in it, later layers above.

    Parameters
    ----------
    layers
        Pairs of a class of the style sheet and byte ranges (start, end); even the shortest range is visible.
    """
    paths = "".join(f'<path class="{kind}" d="{_slots(ranges, size)}"/>' for kind, ranges in layers)
    return (
        f'<svg class="bar" viewBox="0 0 {_SLOTS} 9" preserveAspectRatio="none" role="img">'
        f"<title>{escape(label)}</title>{paths}</svg>"
    )


def _slots(ranges: Iterable[tuple[int, int]], size: int) -> str:
    drawn = []
    last_start, last_end = 0, 0
    for start, end in ranges:
        low = min(start * _SLOTS // max(size, 1), _SLOTS - 1)
        high = min(max(-(-end * _SLOTS // max(size, 1)), low + 1), _SLOTS)
        if low <= last_end:
            last_end = max(high, last_end)
            continue
        if last_end > last_start:
            drawn.append((last_start, last_end))
        last_start, last_end = low, high
    drawn.append((last_start, last_end))
    return "".join(f"M{low} 0h{high - low}v9h-{high - low}z" for low, high in drawn if high > low)


def table(title: str, heads: Sequence[str], rows: Iterable[str], total: int, more: str) -> Iterator[str]:
    """Yield a table, and the number of rows that were left out.

    Parameters
    ----------
    heads
        The titles of the columns.
    rows
        The rows as HTML, each a ``<tr>``.
    total
        The number of rows without a limit.
    more
        Where to find the rows that were left out.
    """
    many = total > _FILTER_FROM
    search = (
        '<input type="search" hidden placeholder="Filter by name, state or reason" aria-label="Filter the table">'
        '<small class="told" aria-live="polite"></small>'
    )
    header = "".join(f'<th scope="col">{escape(head)}</th>' for head in heads)
    yield f'<section class="card long"><h2>{escape(title)}</h2>\n{search if many else ""}<div class="scroll">'
    yield f'<table class="rows files"><thead><tr>{header}</tr></thead><tbody>'
    shown, left = 0, _MAX_ROWS_BYTES
    for row in rows:
        left -= len(row.encode())
        if shown == MAX_ROWS or left < 0:
            break
        shown += 1
        yield row
    yield "</tbody></table></div>"
    if shown < total:
        yield f'<p class="soft">and {count(total - shown, "more file")} ({escape(more)})</p>'
    yield "</section>"
