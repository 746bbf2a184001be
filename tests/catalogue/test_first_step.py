"""The first step of the schema makes what the tables are described as, column by column."""

from __future__ import annotations

import importlib
from pathlib import Path

import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from pybackup.catalogue.migrations.versions import step_0001


def test_it_makes_all_tables_on_an_empty_database(tmp_path: Path) -> None:
    assert importlib.import_module(step_0001.__name__).revision == "0001"
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'new.sqlite'}")
    with engine.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        step_0001.upgrade()
    found = sa.inspect(engine)
    assert set(found.get_table_names()) == {"writer", "place", "volume", "medium", "health", "directory", "entry"}
    # Two bytes names that differ in case only are two.
    with engine.begin() as connection:
        for number, name in enumerate((b"a", b"A", b"\xff"), 1):
            connection.exec_driver_sql("INSERT INTO directory VALUES (?, 0, ?)", (number, name))
    assert {index["name"] for index in found.get_indexes("entry")} == {"entry_by_content", "entry_by_path"}
    engine.dispose()
