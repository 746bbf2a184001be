"""The page of `pybackup stage status --html FILE.html`: the discs, how full they are, waiting files, files at risk."""

from __future__ import annotations

from collections.abc import Iterator

from pybackup.jobs.stage_status import DiscStanding, StageStatus, WaitingFile
from pybackup.stage.values import DiscState

from ..stages import covers_of
from ..text import count, display, humane_bytes, local_time, percentage
from .frame import (
    Figure,
    PageStep,
    Tone,
    bar,
    card,
    escape,
    figures,
    heading,
    name,
    page,
    shell_word,
    state,
    table,
    table_row,
)

_TONES = {DiscState.BUILT: Tone.WARN, DiscState.BURNT: Tone.GOOD, DiscState.LOST: Tone.DIRE}


def render_stage(status: StageStatus) -> Iterator[bytes]:
    """Yield the page in pieces."""
    yield from page(f"Stage {status.settings.name}", "stage status", _parts(status))


def _parts(status: StageStatus) -> Iterator[str]:
    yield heading("stage status", status.staging)
    yield _state(status)
    yield figures(_figures(status))
    yield _open_disc(status)
    yield from table(
        "Discs", ("State", "Disc", "Files", "Times"), map(_disc_row, status.discs), len(status.discs), "stage status"
    )
    if status.waiting:
        rows = map(_waiting_row, status.waiting)
        yield from table("Files that wait", ("State", "File", "Size", "Why"), rows, len(status.waiting), "stage status")


def _state(status: StageStatus) -> str:
    staging = shell_word(status.staging)
    built = [each for each in status.discs if each.disc.state is DiscState.BUILT]
    due = [each for each in status.discs if each.is_due]
    on_no_disc = status.open_disc.files if status.open_disc else 0
    sentences, steps = [], []
    if status.lost_files:
        sentences.append(f"{count(status.lost_files, 'file')} on lost discs alone.")
        steps.append(PageStep("Stage again what is still in the watched directory.", f"pybackup stage scan {staging}"))
    if built:
        files = sum(each.disc.files for each in built)
        sentences.append(f"{count(files, 'file')} in images that are not burnt yet.")
        steps.append(PageStep(f"Burn {', '.join(each.disc.name for each in built)}."))
    if on_no_disc:
        sentences.append(f"{count(on_no_disc, 'file')} of the open disc are on no disc yet.")
    if status.waiting:
        sentences.append(f"{count(len(status.waiting), 'file')} that cannot be staged yet, named below.")
    if due:
        sentences.append(f"{count(len(due), 'disc')} not checked for long.")
        names = ", ".join(each.disc.name for each in due)
        steps.append(PageStep(f"Insert {names} and check.", f"pybackup stage verify {staging}"))
    if status.lost_files:
        return state(Tone.DIRE, "Files are at risk", sentences, steps)
    if sentences:
        return state(Tone.WARN, "Not everything is on a sound disc", sentences, steps)
    return state(Tone.GOOD, "All files are on discs", [], [])


def _figures(status: StageStatus) -> Iterator[Figure]:
    settings, watched = status.settings, display(status.settings.watched)
    scanned = local_time(status.last_scan_ns / 1e9) if status.last_scan_ns else "never"
    yield Figure("Watched", count(status.files, "file"), f"{humane_bytes(status.content_bytes)} in {watched}")
    yield Figure("Last scan", scanned, f"compares {settings.compare.value}")
    yield Figure("Discs", f"{len(status.discs):,}", f"of {humane_bytes(settings.medium_bytes)}")
    yield Figure("Files that wait", f"{len(status.waiting):,}", "too new, too large, or not readable")


def _open_disc(status: StageStatus) -> str:
    disc, settings = status.open_disc, status.settings
    if disc is None:
        return card("Open disc", "<p>There is none yet.</p>")
    room, full = settings.capacity_bytes, settings.full_bytes
    label = f"{percentage(disc.used_bytes, room)} used"
    drawn = bar(room, [("y", [(0, min(disc.used_bytes, room))]), ("m", [(full, full + room // 200)])], label)
    text = (
        f"{count(disc.files, 'file')}, {humane_bytes(disc.used_bytes)} of {humane_bytes(room)} ({label}); "
        f"it is closed at {humane_bytes(full)}: {settings.on_full.value}"
    )
    return card(f"Open disc {disc.name}", f"{drawn}<p>{escape(text)}</p>")


def _disc_row(each: DiscStanding) -> str:
    disc = each.disc
    times = [f"opened {local_time(disc.opened_ns / 1e9)}"]
    if disc.closed_ns:
        times.append(f"closed {local_time(disc.closed_ns / 1e9)}")
    times.append(f"checked {local_time(disc.checked_ns / 1e9)}" if disc.checked_ns else "never checked")
    tone = Tone.WARN if each.is_due else _TONES.get(disc.state, Tone.WARN)
    word = "due for a check" if each.is_due else disc.state.value
    if each.rebuild_from:
        word = f"lost; can be rebuilt from {', '.join(each.rebuild_from)}"
    held = f"{count(disc.files, 'file')}, {humane_bytes(disc.content_bytes)}"
    if each.covers:
        held = covers_of(each)
    return table_row(tone, word, f"<bdi>{escape(disc.name)}</bdi>", escape(held), escape(", ".join(times)))


def _waiting_row(file: WaitingFile) -> str:
    why = f"{file.reason.value}, since {local_time(file.since_ns / 1e9)}"
    return table_row(Tone.WARN, "waits", name(file.path), humane_bytes(file.size), escape(why))
