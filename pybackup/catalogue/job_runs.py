"""Runs of jobs in the catalogue, with their results, from all machines that use it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pybackup.model.carried import CarriedJobRun

from .bulk import next_id
from .connect import Catalogue
from .portable_form import MOST_REPORT_BYTES
from .recognise import storable
from .schema import MAX_LABEL, job_run

_NS = 10**9


def enter_job_run(catalogue: Catalogue, run: Mapping[str, Any], host: str) -> None:
    """Enter a run.

    Parameters
    ----------
    run
        Its line of the history of runs: at least ``job``, ``state``, ``status``, and in seconds since the epoch
        ``started`` and ``finished``.
    host
        The name of the machine.
    """
    with catalogue.writing() as connection:
        _insert(connection, _columns(run, host))


def _insert(connection: Connection, values: Mapping[str, Any]) -> None:
    connection.execute(job_run.insert().values(id=next_id(connection, job_run), **values))


def _columns(run: Mapping[str, Any], host: str) -> dict[str, Any]:
    return {
        "job": run["job"][:MAX_LABEL],
        "host": host[:MAX_LABEL],
        "started_ns": int(run["started"] * _NS),
        "finished_ns": int(run["finished"] * _NS),
        "state": run["state"],
        "status": run["status"],
        "report": json.dumps(run, ensure_ascii=True),
    }


def carried_job_runs(catalogue: Catalogue) -> list[CarriedJobRun]:
    """Return all runs of jobs, sorted by when they began; a report too long to be carried loses its lists."""
    with catalogue.reading() as connection:
        rows = connection.execute(sa.select(job_run.c.started_ns, job_run.c.host, job_run.c.report)).all()
    return [CarriedJobRun(host, _short(report)) for _, host, report in sorted(map(tuple, rows))]


def _short(report: str) -> str:
    if len(report) <= MOST_REPORT_BYTES:
        return report
    return json.dumps({**json.loads(report), "made": [], "failures": []}, ensure_ascii=True)


def merge_job_runs(catalogue: Catalogue, coming: Iterable[CarriedJobRun]) -> None:
    """Enter the runs of jobs that are not there yet: on one machine no two runs of a job begin at the same moment."""
    which = job_run.c.host, job_run.c.job, job_run.c.started_ns
    with catalogue.writing() as connection:
        there = {tuple(row) for row in connection.execute(sa.select(*which))}
        for one in coming:
            values = _columns(json.loads(one.report), storable(one.host))
            key = values["host"], values["job"], values["started_ns"]
            if key not in there:
                there.add(key)
                _insert(connection, values)


def job_runs(catalogue: Catalogue, job: str | None = None) -> Iterator[dict[str, Any]]:
    """Yield the runs of a job, or of all, the oldest first: each as it was entered, and with ``host``."""
    wanted = sa.true() if job is None else job_run.c.job == job
    columns = sa.select(job_run.c.host, job_run.c.report).where(wanted)
    with catalogue.reading() as connection:
        rows = connection.execution_options(yield_per=200).execute(columns.order_by(job_run.c.started_ns, job_run.c.id))
        for row in rows:
            yield {**json.loads(row.report), "host": row.host}
