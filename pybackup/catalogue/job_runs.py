"""Runs of jobs in the catalogue: what came of each, of all machines that use it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from .bulk import next_id
from .connect import Catalogue
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
        connection.execute(
            job_run.insert().values(
                id=next_id(connection, job_run),
                job=run["job"][:MAX_LABEL],
                host=host[:MAX_LABEL],
                started_ns=int(run["started"] * _NS),
                finished_ns=int(run["finished"] * _NS),
                state=run["state"],
                status=run["status"],
                report=json.dumps(run, ensure_ascii=True),
            )
        )


def job_runs(catalogue: Catalogue, job: str | None = None) -> Iterator[dict[str, Any]]:
    """Yield the runs of a job, or of all, the oldest first: each as it was entered, and with ``host``."""
    wanted = sa.true() if job is None else job_run.c.job == job
    columns = sa.select(job_run.c.host, job_run.c.report).where(wanted)
    with catalogue.reading() as connection:
        rows = connection.execution_options(yield_per=200).execute(columns.order_by(job_run.c.started_ns, job_run.c.id))
        for row in rows:
            yield {**json.loads(row.report), "host": row.host}
