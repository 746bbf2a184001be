"""The sixth step of the schema adds which archives recovery volumes cover."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from pybackup.catalogue.migrations.versions import step_0005, step_0006


def test_it_adds_what_recovery_volumes_cover(tmp_path: Path) -> None:
    assert step_0006.down_revision == step_0005.revision
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'new.sqlite'}")
    with engine.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        step_0006.upgrade()
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO cover VALUES (1, 7, 'archive')")
    indexes = sa.inspect(engine).get_indexes("cover")
    assert [(index["name"], index["column_names"]) for index in indexes] == [("cover_by_volume", ["volume_id"])]
    engine.dispose()
