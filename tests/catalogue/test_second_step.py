"""The second step of the schema adds the tables of chains, and keeps what is there."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from pybackup.catalogue.migrations.versions import step_0001, step_0002


def test_it_adds_the_tables_of_chains(tmp_path: Path) -> None:
    assert importlib.import_module(step_0002.__name__).down_revision == "0001"
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'new.sqlite'}")
    with engine.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        step_0001.upgrade()
        connection.exec_driver_sql("INSERT INTO place VALUES (1, 'shelf')")
        step_0002.upgrade()
    with engine.begin() as connection:
        assert connection.exec_driver_sql("SELECT name FROM place").scalar() == "shelf"
        row = "INSERT INTO chain_run VALUES (?, 'docs', ?, 5, 'full', '', NULL)"
        connection.exec_driver_sql(row, (1, b"12345678"))
        with pytest.raises(sa.exc.IntegrityError):
            connection.exec_driver_sql(row, (2, b"12345678"))
    found = {index["name"] for index in sa.inspect(engine).get_indexes("run_need")}
    assert found == {"run_need_by_identity", "run_need_by_run"}
    engine.dispose()
