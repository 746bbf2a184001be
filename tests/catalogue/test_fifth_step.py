"""The fifth step of the schema adds what deltas are based on, and makes the index of contents anew."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from pybackup.catalogue.migrations.versions import step_0001, step_0004, step_0005

COLUMNS = ["sha256", "sparse", "volume_id", "kind", "parts", "size"]


def test_it_adds_bases_and_an_index_that_has_all_that_counting_copies_asks_for(tmp_path: Path) -> None:
    assert step_0005.down_revision == step_0004.revision
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'new.sqlite'}")
    with engine.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        step_0001.upgrade()
        step_0005.upgrade()
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO base VALUES (1, 'hash')")
    looking = sa.inspect(engine)
    assert [index["column_names"] for index in looking.get_indexes("entry") if index["name"] == "entry_by_content"] == [
        COLUMNS
    ]
    engine.dispose()
