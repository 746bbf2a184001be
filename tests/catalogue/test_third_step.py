"""The third step of the schema adds the runs of jobs, and keeps what is there."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from pybackup.catalogue.migrations.versions import step_0001, step_0002, step_0003


def test_it_adds_the_runs_of_jobs(tmp_path: Path) -> None:
    assert step_0003.down_revision == step_0002.revision
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'new.sqlite'}")
    with engine.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        step_0001.upgrade()
        step_0002.upgrade()
        connection.exec_driver_sql("INSERT INTO chain_run VALUES (1, 'docs', 'id', 5, 'full', '', NULL)")
        step_0003.upgrade()
    with engine.begin() as connection:
        assert connection.exec_driver_sql("SELECT chain FROM chain_run").scalar() == "docs"
        connection.exec_driver_sql("INSERT INTO job_run VALUES (1, 'work', 'host', 5, 6, 'ok', 0, '{}')")
    assert [index["name"] for index in sa.inspect(engine).get_indexes("job_run")] == ["job_run_by_job"]
    engine.dispose()
