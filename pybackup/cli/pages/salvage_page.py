"""The page of `pybackup salvage --report FILE.html`: which files were restored, which not, and what would help."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from pybackup.check.file_map import Places
from pybackup.check.volume_map import Condition, VolumeMap, map_volume
from pybackup.mend.health import Health
from pybackup.model.extents import Extents
from pybackup.model.listing import Listing
from pybackup.model.problem import Problem
from pybackup.model.verdict import Fate, FileVerdict, UnnamedFile, sectors_of
from pybackup.restore.result import Restored

from ..text import count, display, humane_bytes, percentage
from .frame import (
    Figure,
    PageStep,
    Tone,
    bar,
    bullets,
    figures,
    heading,
    name,
    page,
    shell_word,
    state,
    table,
    table_row,
    words,
)
from .volume_map import render_map

_MORE = "a report named .json has all of them"
_TONES = {
    Fate.INTACT: Tone.GOOD,
    Fate.REPAIRED: Tone.GOOD,
    Fate.PARTIAL: Tone.WARN,
    Fate.UNPLACED: Tone.WARN,
    Fate.LOST: Tone.DIRE,
}
_WORST_FIRST = tuple(reversed(Fate))
# States that are shown only if a file has them.
_RARE = (Fate.REPAIRED, Fate.UNPLACED)


def map_salvaged(
    done: Restored,
    image_bytes: int,
    *,
    health: Health | None = None,
    repaired: Extents | None = None,
    listing: Listing | None = None,
) -> VolumeMap:
    """Return the map of the image that was salvaged.

    Parameters
    ----------
    image_bytes
        The length of the image.
    health
        The state of its sectors before anything was repaired; None if it has no checksums of sectors.
    repaired
        The byte ranges that were repaired.
    listing
        The entries of the archive, to show all files on the map; None to show only files that are not intact.
    """
    files = [verdict for verdict in done.not_intact if verdict.wanted]
    within = {verdict.path: verdict.wanted.within(0, image_bytes) for verdict in files}
    known = Places.of((verdict.path, within[verdict.path]) for verdict in files)
    places = Places.of_listing(listing) if listing is not None else known
    suspect = Extents.of(chain.from_iterable(within.values()))
    return map_volume(places, image_bytes, health=health, repaired=repaired, suspect=suspect)


def render_salvage(
    images: Sequence[bytes],
    target: bytes,
    done: Restored,
    volume: VolumeMap,
    *,
    problems: Sequence[Problem] = (),
    salvaged: str,
) -> Iterator[bytes]:
    """Yield the page in pieces.

    Parameters
    ----------
    volume
        The map that `map_salvaged` returns, perhaps with further places.
    problems
        The problems of the run; those about files with a verdict are not shown again.
    salvaged
        The time of salvaging, as text.
    """
    headline = _headline(done)[1]
    yield from page(f"{headline}: {display(images[0])}", salvaged, _parts(images, target, done, volume, problems))


def _parts(
    images: Sequence[bytes], target: bytes, done: Restored, volume: VolumeMap, problems: Sequence[Problem]
) -> Iterator[str]:
    yield heading("salvage", images[0])
    yield state(*_headline(done), _sentences(images, target, done), _steps(images, target, done))
    yield figures(_figures(done, volume))
    yield from render_map(volume)
    yield from _table(done)
    told = {verdict.path for verdict in done.not_intact}
    others = [problem for problem in problems if problem.path and problem.path not in told]
    said = [f"{display(problem.path)}: {problem.trouble.value}: {problem.reason}" for problem in others]
    yield from bullets("What else was found", [*done.damage, *said])


def _headline(done: Restored) -> tuple[Tone, str]:
    partial, lost = done.counts[Fate.PARTIAL], done.counts[Fate.LOST]
    if done.complete:
        return Tone.GOOD, "Everything is back"
    if done.nothing:
        return Tone.DIRE, "Nothing came back"
    nameless = done.missing or 0
    if gone := lost + nameless:
        # Files whose names are lost count as lost too.
        of_all = f"{gone:,} of {count(len(done.verdicts) + nameless, 'file')} {'is' if gone == 1 else 'are'} lost"
        which = f", {nameless:,} of them not even known by name" if nameless and lost else ""
        in_part = f", {partial:,} came back in part" if partial else ""
        return Tone.DIRE, f"{of_all}{which}{in_part}"
    if partial:
        return Tone.WARN, f"{partial:,} of {count(len(done.verdicts), 'file')} came back in part, none is lost"
    if unplaced := done.counts[Fate.UNPLACED]:
        return Tone.WARN, f"{unplaced:,} of {count(len(done.verdicts), 'file')} could not be placed, none is lost"
    if done.missing is None:
        return Tone.WARN, "All files that are known are back, some may be missing"
    return Tone.WARN, "All files are back, but not all else"


def _sentences(images: Sequence[bytes], target: bytes, done: Restored) -> Iterator[str]:
    back = done.counts[Fate.INTACT] + done.counts[Fate.REPAIRED]
    yield f"{back:,} of {count(len(done.verdicts), 'file')} are whole and checked, in {display(target)}."
    if len(images) > 1:
        yield f"Read from {count(len(images), 'copy', 'copies')}: {', '.join(map(display, images))}."
    if done.counts[Fate.PARTIAL]:
        yield "What is right of a partial file lies beside its name as NAME.partial, with holes where bytes are lost."
    if any(found.placed_as for found in done.unnamed):
        yield "Files whose names are lost lie in lost+found."
    if done.missing is None:
        yield "Nothing is left that says how many entries there were; some may be missing."
    elif done.missing:
        yield f"{count(abs(done.missing), 'entry', 'entries')} are not even known by name."
    if done.unplaced:
        yield f"{count(len(done.unplaced), 'entry', 'entries')} without content could not be placed as they were."


def _steps(images: Sequence[bytes], target: bytes, done: Restored) -> list[PageStep]:
    word = " ".join(map(shell_word, images))
    if done.complete:
        command = f"pybackup repair {word} -o repaired"
        mended = done.counts[Fate.REPAIRED]
        return [PageStep("What it was read from is still damaged; write a repaired copy:", command)] if mended else []
    gone = [verdict for verdict in done.not_intact if verdict.fate in (Fate.PARTIAL, Fate.LOST)]
    if not gone and done.missing == 0:
        return [PageStep("See below what could not be placed, and why.")]
    wanted = Extents.of(extent for verdict in gone for extent in verdict.wanted)
    text = f"What would bring back the rest: {sectors_of(wanted)}. That copy may be damaged elsewhere."
    return [PageStep(text, f"pybackup salvage {word} ANOTHER-COPY --to {shell_word(target)}")]


def _figures(done: Restored, volume: VolumeMap) -> Iterator[Figure]:
    yield Figure("Files known", f"{len(done.verdicts):,}", f"found by the {done.way}" if done.way else "")
    # Entries whose names are lost are counted among all and among the lost ones.
    nameless = done.missing or 0
    for fate in Fate:
        number = done.counts[fate] + (nameless if fate is Fate.LOST else 0)
        if number or fate not in _RARE:
            tone = _TONES[fate] if number else None
            share = percentage(number, len(done.verdicts) + nameless)
            which = f", {nameless:,} not even known by name" if nameless and fate is Fate.LOST else ""
            yield Figure(fate.value.capitalize(), f"{number:,}", share + which, tone)
    total = sum(verdict.size for verdict in done.verdicts)
    yield Figure(
        "Content back", humane_bytes(done.n_bytes), f"of {humane_bytes(total)}, {percentage(done.n_bytes, total)}"
    )
    if done.unnamed:
        placed = sum(found.placed_as is not None for found in done.unnamed)
        yield Figure("Without a name", f"{len(done.unnamed):,}", f"{placed:,} in lost+found", Tone.WARN)
    if volume.sectors:
        bad = int((volume.conditions >= Condition.MENDABLE).sum())
        label = "Bad sectors" if volume.edges else "Sectors of damaged files"
        yield Figure(label, f"{bad:,}", f"of {volume.sectors:,}", Tone.WARN if bad else Tone.GOOD)


def _table(done: Restored) -> Iterator[str]:
    total = len(done.not_intact) + len(done.unnamed)
    if not total:
        return
    heads = ("State", "Name", "What is back", "Why", "What would bring it back")
    order = (verdict for fate in _WORST_FIRST for verdict in done.not_intact if verdict.fate is fate)
    rows = chain(map(_row, order), map(_unnamed_row, done.unnamed))
    yield from table("Files that are not intact", heads, rows, total, _MORE)


def _row(verdict: FileVerdict) -> str:
    gone = verdict.fate in (Fate.PARTIAL, Fate.LOST)
    needed = verdict.needed or "another copy of the volume" if gone else ""
    placed = verdict.placed_as
    where = f"<br><small>as {name(placed)}</small>" if placed and placed != verdict.path else ""
    cells = (_back(verdict), words(verdict.reason) or "-", words(needed) or "-")
    return table_row(_TONES[verdict.fate], verdict.fate.value, f"{name(verdict.path)}{where}", *cells)


def _unnamed_row(found: UnnamedFile) -> str:
    shown = name(found.name) if found.name else f"a .7z without a name at {found.offset:,}"
    where = f"<br><small>as {name(found.placed_as)}</small>" if found.placed_as else ""
    cells = (_back(found), words(found.reason) or "-", "-")
    return table_row(_TONES[found.fate], found.fate.value, f"{shown}{where}", *cells)


def _back(file: FileVerdict | UnnamedFile) -> str:
    size = file.size
    said = f"{humane_bytes(file.present.n_bytes)} of {humane_bytes(size)}"
    share = percentage(file.present.n_bytes, size)
    read = f"; {humane_bytes(file.plausible.n_bytes)} as they were read" if file.plausible else ""
    gaps = (file.present | file.plausible).gaps(0, size)
    # Gaps are drawn on top, so that one sector is visible even in a file of gigabytes.
    runs = (("y", file.present), ("m", file.plausible), ("x", gaps))
    return bar(size, runs, said + read) + f"<small>{said}, {share}{read}</small>"
