"""The map of a volume: a grid of cells, each for a run of sectors, in the colour of the worst sector."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pybackup.check.volume_map import Condition, MapPart, VolumeMap

from ..text import count, display
from .frame import clip, escape, words

MAX_CELLS = 3_000
_STRETCHES = 60
_IDLE = "Point at a cell to see its place, its condition and the files in it."
_NAMES = 3
_NAME_LENGTH = 60
_LEVELS = (1 / 16, 1 / 4, 5 / 8)  # fractions of a cell's sectors from which on its colour is stronger

_PART_CLASSES = {MapPart.DATA: "d", MapPart.PARITY: "p", MapPart.CHECKSUMS: "c"}
_PART_WORDS = {MapPart.DATA: "data", MapPart.PARITY: "parity", MapPart.CHECKSUMS: "checksums"}
_CONDITION_CLASSES = {
    Condition.REPAIRED: "r",
    Condition.MENDABLE: "m",
    Condition.SUSPECT: "s",
    Condition.BAD: "b",
}
CONDITION_WORDS = {
    Condition.GOOD: "good",
    Condition.REPAIRED: "repaired",
    Condition.MENDABLE: "bad, can be rebuilt",
    Condition.SUSPECT: "in a damaged file",
    Condition.BAD: "bad",
}


@dataclass(frozen=True, slots=True)
class Cells:
    """A volume divided into runs of sectors.

    Attributes
    ----------
    edges
        The first sector of each cell, then the number of sectors: shape (cells + 1,).
    counts
        The number of sectors of each part in each condition: shape (cells, parts, conditions).
    """

    edges: NDArray[np.int64]
    counts: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.counts)

    @property
    def part(self) -> NDArray[np.int64]:
        """The part that most sectors of each cell belong to: shape (cells,)."""
        found: NDArray[np.int64] = self.counts.sum(axis=2).argmax(axis=1)
        return found

    @property
    def worst(self) -> NDArray[np.int64]:
        """The worst condition in each cell: shape (cells,)."""
        present = self.counts.sum(axis=1) > 0
        found: NDArray[np.int64] = len(Condition) - 1 - present[:, ::-1].argmax(axis=1)
        return found

    @property
    def not_good(self) -> NDArray[np.int64]:
        """The number of sectors of each cell that are not good: shape (cells,)."""
        found: NDArray[np.int64] = self.counts[:, :, Condition.GOOD + 1 :].sum(axis=(1, 2))
        return found


def cut(volume: VolumeMap, max_cells: int = MAX_CELLS) -> Cells:
    """Divide a volume into about ``max_cells`` cells: some more, since a cell begins at each edge of its parts."""
    run = max(1, -(-volume.sectors // max_cells))
    bounds = (0, *volume.edges, volume.sectors)
    starts = [np.arange(low, high, run) for low, high in pairwise(bounds) if low < high]
    edges = np.concatenate([*starts, [volume.sectors]]).astype(np.int64)
    codes = len(MapPart) * len(Condition)
    counts = np.zeros((len(edges) - 1, codes), np.int64)
    for number, (start, end) in enumerate(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)):
        code = volume.parts[start:end] * np.uint8(len(Condition)) + volume.conditions[start:end]
        counts[number] = np.bincount(code, minlength=codes)
    return Cells(edges, counts.reshape(-1, len(MapPart), len(Condition)))


def render_map(volume: VolumeMap, *, max_cells: int = MAX_CELLS) -> Iterator[str]:
    """Yield the map, its legend and a list of the worst stretches as HTML; nothing for a volume without sectors."""
    if not volume.sectors:
        return
    cells = cut(volume, max_cells)
    widest = int(np.diff(cells.edges).max())
    yield '<section class="card"><h2>Map of the volume</h2>'
    each = "one sector of 2,048 bytes" if widest == 1 else f"up to {count(widest, 'sector')}, coloured by the worst"
    yield f'<p class="soft">From start to end, row by row; each cell is {each}.</p>'
    yield _legend(volume, cells.counts.sum(axis=0))
    yield '<div class="map" role="group" aria-label="Map of the volume; arrow keys move, n and p go to damage">'
    yield from _cells(volume, cells)
    yield "</div>"
    yield f'<div class="detail" aria-live="polite">{_IDLE}</div>'
    yield from _stretches(volume)
    yield "</section>"


def _legend(volume: VolumeMap, counts: NDArray[np.int64]) -> str:
    items = []
    for part in MapPart:
        if counts[part].sum():
            good = int(counts[part, Condition.GOOD])
            items.append((_PART_CLASSES[part], f"{_PART_WORDS[part]}, good", good))
    shown = [Condition.MENDABLE, Condition.BAD] if volume.edges else []
    for condition in _CONDITION_CLASSES:
        number = int(counts[:, condition].sum())
        if number or condition in shown:
            items.append((f"{_CONDITION_CLASSES[condition]} f", CONDITION_WORDS[condition], number))
    texts = (f'<li><i class="{kind}"></i>{text} <b>{number:,}</b></li>' for kind, text, number in items)
    return f'<ul class="legend">{"".join(texts)}</ul>'


def _cells(volume: VolumeMap, cells: Cells) -> Iterator[str]:
    rows = zip(
        cells.edges[:-1].tolist(),
        np.diff(cells.edges).tolist(),
        cells.part.tolist(),
        cells.worst.tolist(),
        cells.not_good.tolist(),
        cells.counts,
        strict=True,
    )
    for first, sectors, part, worst, not_good, counts in rows:
        kind = _PART_CLASSES[MapPart(part)]
        if worst != Condition.GOOD:
            level = 1 + sum(not_good / sectors >= limit for limit in _LEVELS)
            kind += f" {_CONDITION_CLASSES[Condition(worst)]} f l{level}"
        yield f'<i class="{kind}" title="{_title(volume, first, sectors, counts)}"></i>'


def _title(volume: VolumeMap, first: int, sectors: int, counts: NDArray[np.int64]) -> str:
    lines = [_where(volume, first, sectors)]
    for part in MapPart:
        total = int(counts[part].sum())
        if total:
            bad = [
                f"{int(number):,} {CONDITION_WORDS[Condition(at)]}"
                for at, number in enumerate(counts[part])
                if at and number
            ]
            lines.append(f"{_PART_WORDS[part]}: {count(total, 'sector')}, {'; '.join(bad) or 'all good'}")
    lines += _names(volume, first, sectors)
    return html.escape("\n".join(lines)).replace("\n", "&#10;")


def _where(volume: VolumeMap, first: int, sectors: int) -> str:
    low, high = volume.byte_range(first, sectors)
    if volume.in_sidecar(first):
        return f"bytes {low:,} to {high - 1:,} of the sidecar"
    run = f"sector {first}" if sectors == 1 else f"sectors {first}-{first + sectors - 1}"
    return f"bytes {low:,} to {min(high, volume.n_bytes) - 1:,}, {run}"


def _names(volume: VolumeMap, first: int, sectors: int) -> list[str]:
    if volume.in_sidecar(first):
        return []
    found, total = volume.places.names(*volume.byte_range(first, sectors), _NAMES)
    shown = [clip(display(path), _NAME_LENGTH) for path in found]
    return [*shown, f"and {total - len(found):,} more"] if total > len(found) else shown


def _stretches(volume: VolumeMap) -> Iterator[str]:
    """Yield the same as a list, for users who cannot point, and for paper."""
    found = volume.stretches()
    if not len(found):
        return
    yield f"<details><summary>{count(len(found), 'stretch', 'stretches')}, damaged or repaired, as a list</summary>"
    yield '<table class="rows"><thead><tr><th scope="col">Where</th><th scope="col">What</th>'
    yield '<th scope="col">Files</th></tr></thead><tbody>'
    for first, sectors, condition in found[:_STRETCHES].tolist():
        kinds = np.unique(volume.parts[first : first + sectors]).tolist()
        what = f"{count(sectors, 'sector')} of {' and '.join(_PART_WORDS[MapPart(kind)] for kind in kinds)}"
        names = "<br>".join(words(line) for line in _names(volume, first, sectors)) or "-"
        state = escape(f"{what}: {CONDITION_WORDS[Condition(condition)]}")
        yield f"<tr><td>{escape(_where(volume, first, sectors))}</td><td>{state}</td><td><bdi>{names}</bdi></td></tr>"
    yield "</tbody></table>"
    if len(found) > _STRETCHES:
        yield f'<p class="soft">and {len(found) - _STRETCHES:,} more (--json has all of them)</p>'
    yield "</details>"
