"""The page of `pybackup verify --html`: the state of an archive, where it is damaged, and which files are affected."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pybackup.check.file_map import Places
from pybackup.check.verdict import ArchiveVerdict
from pybackup.check.volume_map import Touched, VolumeMap, map_volume
from pybackup.mend.health import Health, State
from pybackup.model.extents import Extents
from pybackup.model.verdict import sectors_of

from ..text import count, display, humane_bytes, percentage, spare
from .frame import (
    MAX_ROWS,
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

_MORE = "the JSON report names all of them: pybackup verify --json"
_LOW_MARGIN = 0.25


def render_verify(
    archive: bytes,
    verdict: ArchiveVerdict,
    *,
    remarks: Sequence[str] = (),
    checked: str,
) -> Iterator[bytes]:
    """Yield the page in pieces.

    Parameters
    ----------
    remarks
        Further texts to show in a list.
    checked
        The time of the check, as text.
    """
    places = Places.of_listing(verdict.listing, verdict.begin)
    volume = _map(verdict, places)
    tables = _Files(verdict, volume)
    title = f"{_headline(verdict)[1]}: {display(archive)}"
    yield from page(title, checked, _parts(archive, verdict, volume, tables, remarks))


def _parts(
    archive: bytes, verdict: ArchiveVerdict, volume: VolumeMap, files: _Files, remarks: Sequence[str]
) -> Iterator[str]:
    tone, headline = _headline(verdict)
    yield heading("verify", archive)
    yield state(tone, headline, _sentences(verdict), _steps(archive, verdict))
    yield figures(_figures(verdict, volume, files))
    yield from render_map(volume)
    yield from files.render()
    yield from bullets("What else was found", [*verdict.damage, *remarks])


def _map(verdict: ArchiveVerdict, places: Places) -> VolumeMap:
    suspect: list[tuple[int, int]] = []
    if verdict.health is None and verdict.not_intact:
        damaged = frozenset(verdict.files_damaged)
        ranges = zip(places.rows.tolist(), places.starts.tolist(), places.ends.tolist(), strict=True)
        suspect = [(start, end) for row, start, end in ranges if places.paths[row] in damaged]
    return map_volume(places, verdict.file_bytes, health=verdict.health, suspect=Extents.of(suspect))


def _headline(verdict: ArchiveVerdict) -> tuple[Tone, str]:
    if verdict.state is State.INTACT:
        return Tone.GOOD, "Intact"
    if verdict.state is State.BEYOND:
        return Tone.DIRE, "Damaged beyond repair"
    return Tone.WARN, "Damaged, but repairable" if verdict.by_parity else "Damaged, but no content is lost"


def _sentences(verdict: ArchiveVerdict) -> Iterator[str]:
    if verdict.way is None:
        yield "It is no archive; it was checked by the checksums of its sectors."
    else:
        yield f"{count(verdict.files, 'file')} with {humane_bytes(verdict.n_bytes)} of content."
    if verdict.state is State.INTACT:
        yield "Every byte is as it was written. There is nothing to do."
    elif verdict.by_parity:
        yield "Parity can restore all of it, byte for byte."
    elif verdict.state is State.REPAIRABLE:
        yield "All files can still be restored, but another hit could change that."
    elif verdict.lost:
        yield f"{count(len(verdict.lost), 'file')} cannot be restored whole from this copy alone."
    if verdict.missing is None:
        yield "Nothing is left that says how many entries there were; some may be missing."
    elif verdict.missing and not verdict.by_parity:
        yield f"{count(verdict.missing, 'entry', 'entries')} are not even known by name."


def _steps(archive: bytes, verdict: ArchiveVerdict) -> list[PageStep]:
    word = shell_word(archive)
    if verdict.state is State.INTACT:
        return []
    if verdict.by_parity:
        fixed = shell_word(_beside(archive))
        return [PageStep("Write a repaired copy, to a medium that you trust:", f"pybackup repair {word} -o {fixed}")]
    if verdict.state is State.REPAIRABLE:
        return [
            PageStep(
                "Restore the files while they are whole, and archive them anew:",
                f"pybackup extract {word} --to restored",
            )
        ]
    steps = []
    if verdict.health is not None:
        another = f"pybackup repair {word} ANOTHER-COPY -o {shell_word(_beside(archive))}"
        steps.append(PageStep("If there is another copy, even a damaged one, merge the two:", another))
    if verdict.way is not None:
        steps.append(PageStep("Restore whatever is right of every file:", f"pybackup salvage {word} --to salvaged"))
    return steps or [PageStep("Only another copy can help.")]


def _beside(archive: bytes) -> bytes:
    head, slash, base = archive.rpartition(b"/")
    return head + slash + b"repaired-" + base


def _figures(verdict: ArchiveVerdict, volume: VolumeMap, files: _Files) -> Iterator[Figure]:
    health = verdict.health
    if health is None:
        yield Figure(
            "Sectors", f"{volume.sectors:,}", f"{humane_bytes(volume.n_bytes)}; none has a checksum of its own"
        )
    else:
        yield Figure(
            "Sectors", f"{health.geometry.sectors:,}", f"{humane_bytes(health.geometry.sectors * 2048)} in all"
        )
        for zone in health.zones:
            if zone.sectors:
                worst = Tone.DIRE if verdict.state is State.BEYOND else Tone.WARN
                tone = worst if zone.bad else Tone.GOOD
                note = f"of {zone.sectors:,}, {percentage(zone.bad, zone.sectors)}"
                yield Figure(f"Bad sectors: {zone.name}", f"{zone.bad:,}", note, tone)
        yield from _parity_figures(health)
    if verdict.way is not None:
        touched = None if not files.total else Tone.DIRE if files.lost else Tone.WARN
        lost = f"{files.lost:,} of them need another copy" if files.lost else "none is lost" if files.total else ""
        yield Figure(
            "Files touched", f"{files.total:,}", f"of {verdict.files:,}" + (f"; {lost}" if lost else ""), touched
        )


def _parity_figures(health: Health) -> Iterator[Figure]:
    shape = health.geometry
    if not shape.groups:
        yield Figure("Parity", "none", "checksums only: damage is found, not mended")
        return
    bought = percentage(shape.parity_sectors, shape.data_sectors)
    groups = f" in {shape.groups:,} groups" if shape.groups > 1 else ""
    yield Figure("Parity bought", bought, f"{count(shape.parity_sectors, 'sector')}{groups}")
    worst = int(health.missing.max())
    tone = Tone.GOOD if health.margin >= _LOW_MARGIN else Tone.WARN if health.margin >= 0 else Tone.DIRE
    left = spare(health.margin) if health.margin >= 0 else "none"
    yield Figure("Parity left to spare", left, "in the worst group", tone)
    note = f"of {shape.parity_shards:,} that parity can rebuild"
    beyond = f"; {count(health.beyond, 'group')} beyond repair" if health.beyond else ""
    yield Figure("Worst group misses", f"{worst:,}", note + beyond, Tone.DIRE if health.beyond else None)


class _Files:
    """The files that are affected by damage."""

    def __init__(self, verdict: ArchiveVerdict, volume: VolumeMap) -> None:
        self._volume = volume
        self._reasons = {file.path: file.reason for file in verdict.not_intact}
        self._damaged = frozenset(verdict.files_damaged)
        self._rows, _ = volume.touched()
        paths = [volume.places.paths[row] for row in self._rows.tolist()]
        self._elsewhere = sorted(self._damaged.difference(paths))
        self.total = len(paths) + len(self._elsewhere)
        self.lost = len(verdict.lost)
        self._by_parity = verdict.by_parity

    def render(self) -> Iterator[str]:
        """Yield the table of these files, if there are any."""
        if self.total:
            heads = ("State", "Name", "Where it is hit", "Why", "What brings it back")
            yield from table("Files touched", heads, self._table(), self.total, _MORE)

    def _table(self) -> Iterator[str]:
        for path in self._elsewhere[:MAX_ROWS]:
            yield self._row(Touched(path, Extents(), 0, 0, 0, Extents()))
        yield from map(self._row, self._volume.describe(self._rows[:MAX_ROWS].tolist()))

    def _row(self, file: Touched) -> str:
        tone, fate, needed = self._fate(file)
        hit = "-"
        if file.sectors:
            said = f"{file.bad:,} of {count(file.sectors, 'sector')} bad"
            colour = "x" if file.lost else "m"
            hit = (
                bar(file.ranges.n_bytes, (("y", _whole(file)), (colour, _hits(file))), said) + f"<small>{said}</small>"
            )
        reason = words(self._reasons.get(file.path, "")) or "-"
        return table_row(tone, fate, name(file.path), hit, reason, words(needed))

    def _fate(self, file: Touched) -> tuple[Tone, str, str]:
        if file.path not in self._damaged:
            return Tone.GOOD, "still whole", "nothing: its content is right"
        if self._by_parity or (file.bad and not file.lost):
            return Tone.WARN, "repairable", "pybackup repair"
        return Tone.DIRE, "damaged", sectors_of(file.wanted)


def _whole(file: Touched) -> Iterator[tuple[int, int]]:
    yield 0, file.ranges.n_bytes


def _hits(file: Touched) -> Iterator[tuple[int, int]]:
    """Yield the ranges of bad bytes as offsets in the compressed file, whose members are joined."""
    joined = 0
    for start, end in file.ranges:
        yield from ((joined + low - start, joined + high - start) for low, high in file.wanted.within(start, end))
        joined += end - start
