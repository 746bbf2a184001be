"""The mail about a run, as text and as HTML."""

from __future__ import annotations

import html
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pybackup.model.display import display, printable
from pybackup.model.size import humane_bytes

from .report import TRIAL, Report

MOST_LINES = 50
"""Problems, and lines of a hook, that a mail has."""

_OUTCOMES = {
    "ok": "all is well",
    "problems": "done, with problems",
    "fail": "FAILED",
    "skipped": "skipped",
    TRIAL: "a trial, no run",
}
_COLOURS = {"ok": "#1a7f37", "problems": "#9a6700", "fail": "#cf222e", "skipped": "#57606a", TRIAL: "#57606a"}

Section = tuple[str, Sequence[str]]


def subject(report: Report, host: str) -> str:
    """Return the subject of a mail: job and outcome."""
    more = f", {len(report.problems):,} problems" if len(report.problems) > 1 else ""
    more += f", {len(report.to_burn):,} to burn" if report.to_burn else ""
    return printable(f"backup of {report.job} on {host}: {_OUTCOMES[report.state]}{more}")


def sections(report: Report) -> Iterator[Section]:
    """Yield headings with their lines: first what went wrong, then what to do, then what was stored where."""
    if report.failures:
        yield "Why", [printable(line) for failure in report.failures for line in failure.splitlines()]
    if report.problems:
        shown = [f"{display(each.path) or 'all'}: {each.trouble.value}: {each.reason}" for each in report.problems]
        left = len(shown) - MOST_LINES
        more = [f"and {left:,} more"] if left > 0 else []
        yield "What was wrong", [*map(printable, shown[:MOST_LINES]), *more]
    if report.advice:
        yield "What to do next", [printable(line) for line in report.advice]
    if report.made:
        yield (
            "What was stored, and where",
            [
                printable(
                    f"{made.path}: {humane_bytes(made.n_bytes)}" + (f", {made.files:,} files" if made.files else "")
                )
                for made in report.made
            ],
        )
    if report.deleted:
        yield "What was deleted, since keep has it no longer", list(map(printable, report.deleted))
    for hook in report.hooks:
        if hook.output and hook.failure:
            lines = hook.output.rstrip().splitlines()
            yield f"What {printable(hook.command)} said", [printable(line) for line in lines[-MOST_LINES:]]
    if report.notes:
        yield "Notes", [printable(line) for line in report.notes[:MOST_LINES]]


def summary(report: Report) -> str:
    """Return one line about the whole run."""
    if report.state == TRIAL:
        return "a trial: nothing was backed up, and nothing is wrong; this is to show that messages arrive"
    began = time.strftime("%Y-%m-%d %H:%M", time.localtime(report.started))
    files = f"{report.files:,} files of {humane_bytes(report.content_bytes)}"
    return f"{_OUTCOMES[report.state]}: {files}, began {began}, took {report.seconds:.0f} s"


def table(runs: Sequence[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    """Return the last runs as rows: time, outcome, files, bytes, problems."""
    return [
        (
            time.strftime("%Y-%m-%d %H:%M", time.localtime(float(run["started"]))),
            str(run["state"]),
            f"{run['files']:,}",
            humane_bytes(int(run["content_bytes"])),
            f"{run['problem_count']:,}",
        )
        for run in runs
    ]


_HEADINGS = ("began", "outcome", "files", "content", "problems")


def as_text(report: Report, runs: Sequence[Mapping[str, Any]]) -> str:
    """Return a mail as plain text."""
    lines = [printable(f"Job {report.job}"), summary(report), ""]
    for heading, entries in sections(report):
        lines += [heading, *(f"  {entry}" for entry in entries), ""]
    lines += ["The last runs"]
    rows = [_HEADINGS, *table(runs)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    lines += [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    return "\n".join(lines) + "\n"


def as_html(report: Report, runs: Sequence[Mapping[str, Any]]) -> str:
    """Return a mail as HTML, which loads nothing from elsewhere."""
    escape = html.escape
    parts = [
        "<!DOCTYPE html><html><body style='font-family:sans-serif;max-width:50em'>",
        f"<h2>Job {escape(printable(report.job))}</h2>",
        f"<p style='color:{_COLOURS[report.state]}'><b>{escape(summary(report))}</b></p>",
    ]
    for heading, entries in sections(report):
        items = "".join(f"<li>{escape(entry)}</li>" for entry in entries)
        parts.append(f"<h3>{escape(heading)}</h3><ul>{items}</ul>")
    head = "".join(f"<th align='left'>{escape(cell)}</th>" for cell in _HEADINGS)
    rows = "".join(
        "<tr>" + "".join(f"<td style='padding-right:1em'>{escape(cell)}</td>" for cell in row) + "</tr>"
        for row in table(runs)
    )
    parts.append(f"<h3>The last runs</h3><table><tr>{head}</tr>{rows}</table></body></html>")
    return "\n".join(parts)
