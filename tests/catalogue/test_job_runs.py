"""Runs of jobs in the catalogue: of several machines, on each database."""

from __future__ import annotations

from typing import Any

from pybackup.catalogue.connect import Catalogue
from pybackup.catalogue.job_runs import enter_job_run, job_runs


def a_run(job: str, started: float, **more: Any) -> dict[str, Any]:
    return {"job": job, "state": "ok", "status": 0, "started": started, "finished": started + 1.5, **more}


def test_runs_of_all_machines_come_in_their_order(catalogue: Catalogue) -> None:
    many = [{"path": f"/backups/{number}"} for number in range(5000)]  # more than a TEXT of MariaDB takes
    enter_job_run(catalogue, a_run("work", 1_800_000_000.25, made=many), "two")
    enter_job_run(catalogue, a_run("work", 1_700_000_000, failures=["caf\xe9 \U0001f4be"]), "one")
    enter_job_run(catalogue, a_run("Work", 1_750_000_000), "one")
    assert [(run["host"], run["job"], run["started"]) for run in job_runs(catalogue)] == [
        ("one", "work", 1_700_000_000),
        ("one", "Work", 1_750_000_000),
        ("two", "work", 1_800_000_000.25),
    ]
    first, last = job_runs(catalogue, "work")
    assert first == a_run("work", 1_700_000_000, failures=["caf\xe9 \U0001f4be"]) | {"host": "one"}
    assert last["made"] == many
    assert list(job_runs(catalogue, "none")) == []
