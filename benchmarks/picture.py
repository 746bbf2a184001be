"""A picture of what came back: a heat map per corpus, contenders by damage, as one self-contained SVG file."""

from collections.abc import Mapping, Sequence
from html import escape
from itertools import groupby
from typing import Final

from benchmarks.harm import Model
from benchmarks.required import Results, Suffered
from benchmarks.survivors import OWN, PROTECTED

# The ends and the way between of cividis (Nunez, Anderton and Renslow 2018), read alike with and without red and green.
_SCALE: Final = ((0, 34, 78), (53, 69, 108), (102, 105, 112), (148, 142, 119), (200, 184, 102), (254, 232, 56))
_STYLE: Final = """
  text { font: 12px system-ui, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1b1b1b }
  .page { fill: #ffffff } .line { stroke: #8a8a8a } .title { font-size: 18px; font-weight: 600 }
  .corpus { font-size: 15px; font-weight: 600 } .family, .own, .all { font-weight: 700 } .small { fill: #5a5a5a }
  .bright { fill: #ffffff } .dark { fill: #1b1b1b } .none { fill: none; stroke: #b8b8b8; stroke-dasharray: 2 2 }
  .mark { stroke: #ffffff; stroke-width: 1; fill: #d1495b }
  @media (prefers-color-scheme: dark) {
    text { fill: #e8e8e8 } .page { fill: #16181c } .small { fill: #a8a8a8 } .none { stroke: #555 }
    .bright { fill: #ffffff } .dark { fill: #1b1b1b }
  }
"""
_CELL_WIDTH: Final = 42
_CELL_HEIGHT: Final = 24
_GAP: Final = 9
_LABELS: Final = 160
_MARGIN: Final = 24
_HEAD: Final = 104  # title and legend
_BEND: Final = 2.5  # of the colours: most of the scale is for what is lost of nearly everything
_TICKS: Final = (0, 50, 80, 90, 100)
_PANEL_HEAD: Final = 64  # name of a corpus, families, strengths
_LEGEND_WIDTH: Final = 240
_LEGEND_STEP: Final = 6


def drawn(subjects: Mapping[str, Results], titles: Mapping[str, str], models: Sequence[Model], measure: str) -> str:
    """The SVG of the percentage of `measure` (`files` or `bytes`) that came back, a panel per corpus."""
    columns = _columns(models)
    width = 2 * _MARGIN + _LABELS + (max(columns.values()) + _CELL_WIDTH if columns else 0)
    parts = [_legend(measure)]
    top = _HEAD
    for name, results in subjects.items():
        sound = {contender: one for contender, one in results.items() if not one.failure}
        panel, top = _panel(titles[name], sound, models, columns, top, measure)
        parts += panel
    page = f'<rect class="page" width="{width}" height="{top}"/>'
    opening = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{top}" viewBox="0 0 {width} {top}">'
    return "\n".join([opening, f"<style>{_STYLE}</style>", page, *parts, "</svg>", ""])


def colour(percent: float) -> tuple[int, int, int]:
    """The colour of a percentage, red, green and blue."""
    at = (percent / 100) ** _BEND * (len(_SCALE) - 1)
    low = min(int(at), len(_SCALE) - 2)
    pairs = zip(_SCALE[low], _SCALE[low + 1], strict=True)
    red, green, blue = (round(one + (other - one) * (at - low)) for one, other in pairs)
    return red, green, blue


def written(percent: float) -> str:
    """A percentage of at most four characters that says 100 only of everything and 0 only of nothing."""
    if percent in (0, 100):
        return f"{percent:.0f}"
    return f"{min(max(percent, 0.1), 99.9):.1f}"


def _columns(models: Sequence[Model]) -> dict[str, int]:
    """Where each model's column begins, from the left of the first one; families stand apart."""
    columns: dict[str, int] = {}
    left = 0
    for _, members in groupby(models, key=lambda model: model.family):
        for model in members:
            columns[model.name] = left
            left += _CELL_WIDTH
        left += _GAP
    return columns


def _panel(
    title: str, results: Results, models: Sequence[Model], columns: Mapping[str, int], top: int, measure: str
) -> tuple[list[str], int]:
    """One corpus from `top` on, and where it ends."""
    parts = [_text(_MARGIN, top + 18, title, "corpus")]
    left = _MARGIN + _LABELS
    for family, members in groupby(models, key=lambda model: model.family):
        inside = list(members)
        start, end = left + columns[inside[0].name], left + columns[inside[-1].name] + _CELL_WIDTH
        parts.append(_text((start + end) / 2, top + 38, family, "family", "middle"))
        parts.append(f'<path class="line" d="M{start + 2} {top + 43}H{end - 2}"/>')
        for model in inside:
            middle = left + columns[model.name] + _CELL_WIDTH / 2
            parts.append(_text(middle, top + 58, model.strength, "small", "middle"))
    y = top + _PANEL_HEAD
    for group in _groups(results):
        for name in group:
            parts += _row(name, results[name], columns, y, measure)
            y += _CELL_HEIGHT
        y += _GAP
    return parts, y + _MARGIN


def _groups(results: Results) -> list[list[str]]:
    """The contenders without parity and those with it."""
    protected = {contender.name for contender in (*OWN[1:], *PROTECTED)}
    groups = [[name for name in results if (name in protected) is wanted] for wanted in (False, True)]
    return [group for group in groups if group]


def _row(name: str, one: Suffered, columns: Mapping[str, int], y: int, measure: str) -> list[str]:
    label = "own" if name in {contender.name for contender in OWN} else ""
    parts = [_text(_MARGIN + _LABELS - 10, y + 16, name, label, "end")]
    for model, column in columns.items():
        parts += _cell(_MARGIN + _LABELS + column, y, one, model, measure)
    return parts


def _cell(x: int, y: int, one: Suffered, model: str, measure: str) -> list[str]:
    """A field with its figure, marked when the contender was wrong or silent."""
    box = f'x="{x + 1}" y="{y + 1}" width="{_CELL_WIDTH - 2}" height="{_CELL_HEIGHT - 2}" rx="2"'
    percent = one.percent(model, measure)
    if percent is None:
        return [f'<rect class="none" {box}/>']
    red, green, blue = colour(percent)
    ink = "bright" if 0.299 * red + 0.587 * green + 0.114 * blue < 125 else "dark"
    weight = " all" if percent == 100 else ""
    parts = [f'<rect fill="{_hex((red, green, blue))}" {box}/>']
    parts.append(_text(x + _CELL_WIDTH / 2, y + 16, written(percent), ink + weight, "middle"))
    if one.lied(model):
        parts.append(_silent(x + _CELL_WIDTH - 1, y + 1))
    elif one.wrong(model):
        parts.append(_wrong(x + _CELL_WIDTH - 6, y + 6))
    return parts


def _silent(x: float, y: float) -> str:
    return f'<path class="mark" d="M{x - 12} {y}H{x}V{y + 12}Z"/>'


def _wrong(x: float, y: float) -> str:
    return f'<circle class="mark" cx="{x}" cy="{y}" r="2.6"/>'


def _legend(measure: str) -> str:
    """The title, the scale of colours, the marks."""
    parts = [_text(_MARGIN, 34, f"Percent of {measure} that come back whole from damaged media", "title")]
    for x in range(0, _LEGEND_WIDTH, _LEGEND_STEP):
        tint = colour(100 * ((x + _LEGEND_STEP / 2) / _LEGEND_WIDTH) ** (1 / _BEND))
        parts.append(f'<rect fill="{_hex(tint)}" x="{_MARGIN + x}" y="50" width="{_LEGEND_STEP}" height="14"/>')
    for tick in _TICKS:
        parts.append(_text(_MARGIN + _LEGEND_WIDTH * (tick / 100) ** _BEND, 78, str(tick), "small", "middle"))
    x = _MARGIN + _LEGEND_WIDTH + 40
    parts += [_wrong(x, 57), _text(x + 10, 61, "files left with wrong content, but something complained", "small")]
    x += 380
    parts += [_silent(x, 51), _text(x + 8, 61, "exit status 0 though files are missing or wrong", "small")]
    return "\n".join(parts)


def _hex(tint: tuple[int, int, int]) -> str:
    return f"#{bytes(tint).hex()}"


def _text(x: float, y: float, text: str, style: str = "", anchor: str = "start") -> str:
    return f'<text x="{x:g}" y="{y:g}" class="{style}" text-anchor="{anchor}">{escape(text)}</text>'
