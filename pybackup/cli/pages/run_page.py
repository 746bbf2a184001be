"""The page of `pybackup run --html FILE.html`: the outcome of each job, what to do next, what was stored where."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pybackup.jobfiles.message import sections, summary
from pybackup.jobfiles.report import Report

from ..text import count, duration, humane_bytes
from .frame import Figure, PageStep, Tone, bullets, figures, page, state

_TONES = {"ok": Tone.GOOD, "skipped": Tone.WARN, "problems": Tone.WARN, "fail": Tone.DIRE}
_TOLD_ABOVE = ("Why", "What to do next")
_MOST = 200


def render_runs(reports: Sequence[Report]) -> Iterator[bytes]:
    """Yield the page in pieces."""
    yield from page("Backup jobs", "run", _parts(reports))


def _parts(reports: Sequence[Report]) -> Iterator[str]:
    yield '<p class="eyebrow">pybackup run</p>\n<h1>Backup jobs</h1>'
    for report in reports:
        yield from _job(report)


def _job(report: Report) -> Iterator[str]:
    steps = [PageStep(line) for line in report.advice]
    yield state(_TONES[report.state], f"{report.job}: {summary(report)}", report.failures, steps)
    yield figures(
        (
            Figure("Stored", humane_bytes(report.content_bytes), count(report.files, "file")),
            Figure("Made", humane_bytes(sum(made.n_bytes for made in report.made)), count(len(report.made), "file")),
            Figure("Problems", f"{len(report.problems):,}", tone=Tone.WARN if report.problems else Tone.GOOD),
            Figure("Took", duration(report.seconds)),
        )
    )
    for title, lines in sections(report):
        if title not in _TOLD_ABOVE:
            yield from bullets(f"{report.job}: {title}", lines, _MOST)
