"""The fourth step of the schema: columns of text that were made before take any text."""

from __future__ import annotations

import importlib

import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from pybackup.catalogue.address import parse_address
from pybackup.catalogue.migrations.versions import step_0001, step_0002, step_0003, step_0004

from .conftest import NewAddress, on_servers

HEALTH = sa.text("INSERT INTO health VALUES (:at, 1, 1, 'intact', 0, 0, NULL, :means)")


@on_servers
def test_any_text_is_kept_in_what_was_made_before(new_address: NewAddress) -> None:
    assert importlib.import_module(step_0004.__name__).down_revision == "0003"
    engine = sa.create_engine(parse_address(new_address()))
    with engine.connect() as connection, Operations.context(MigrationContext.configure(connection)):
        step_0001.upgrade()
        step_0002.upgrade()
        step_0003.upgrade()
        connection.execute(HEALTH, {"at": 1, "means": "before"})
        connection.commit()
        step_0004.upgrade()
        connection.execute(HEALTH, {"at": 2, "means": "Диск \U0001f4c0"})
        connection.commit()
        found = connection.exec_driver_sql("SELECT means FROM health ORDER BY id").scalars().all()
    assert found == ["before", "Диск \U0001f4c0"]
    engine.dispose()
