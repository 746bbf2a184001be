"""Upgrades: the steps lead to what `schema` describes, and catalogues of earlier versions are upgraded."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext

from pybackup.catalogue.connect import Catalogue, create_catalogue, open_catalogue, versions
from pybackup.catalogue.find import find
from pybackup.catalogue.schema import REVISION, metadata
from pybackup.catalogue.upgrade import _scripts, steps, upgrade
from pybackup.errors import EnvironmentFailed, UsageError
from pybackup.model.catalogued import Wanted

from .shelf import filed, put

GOLDEN = Path(__file__).parents[1] / "golden/catalogue"


def described(catalogue: Catalogue) -> object:
    with catalogue.reading() as connection:
        looking = sa.inspect(connection)
        return {
            table: (
                [(column["name"], str(column["type"]), column["nullable"]) for column in looking.get_columns(table)],
                sorted((str(index["name"]), index["column_names"]) for index in looking.get_indexes(table)),
            )
            for table in looking.get_table_names()
        }


def test_the_steps_lead_to_the_schema(catalogue: Catalogue) -> None:
    made = described(catalogue)
    with catalogue.writing() as connection:
        metadata.drop_all(connection)
        versions.drop(connection)
    config = Config()
    config.set_main_option("script_location", _scripts())
    with catalogue._engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()
    assert described(catalogue) == made
    with catalogue.reading() as connection:
        options = {"compare_type": catalogue.is_sqlite, "target_metadata": metadata}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []


def test_the_newest_step_is_the_schema() -> None:
    assert steps()[0] == REVISION


def test_nothing_to_do(catalogue: Catalogue, address: str) -> None:
    assert upgrade(address).before == upgrade(address).after == REVISION


def test_a_later_version_is_left_alone(catalogue: Catalogue, address: str) -> None:
    with catalogue.writing() as connection:
        connection.execute(versions.update().values(version_num="9999"))
    with pytest.raises(EnvironmentFailed, match="later version"):
        upgrade(address)


def test_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no catalogue"):
        upgrade(str(tmp_path / "none.sqlite"))


NEXT = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "9998", "{before}"


def upgrade():
    op.add_column("medium", sa.Column("colour", sa.Text))
    op.execute("UPDATE medium SET colour = 'red'")
"""


def test_a_step_keeps_what_was_there(
    catalogue: Catalogue, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(catalogue, "first", [filed("docs/a.txt")])
    scripts = tmp_path / "migrations"
    shutil.copytree(_scripts(), scripts)
    (scripts / "versions/step_9998.py").write_text(NEXT.replace("{before}", REVISION))
    for module in ("connect", "upgrade"):
        monkeypatch.setattr(f"pybackup.catalogue.{module}.REVISION", "9998")
    monkeypatch.setattr("pybackup.catalogue.upgrade._scripts", lambda: str(scripts))
    with pytest.raises(EnvironmentFailed, match="catalogue upgrade"):
        open_catalogue(address)
    done = upgrade(address)
    assert (done.before, done.after) == (REVISION, "9998")
    with open_catalogue(address) as now, now.reading() as connection:
        row = connection.exec_driver_sql("SELECT label, colour FROM medium").one()
        assert tuple(row) == ("first", "red")
    if catalogue.is_sqlite:
        assert done.copy == os.fsencode(address) + b".schema-" + REVISION.encode()
        monkeypatch.undo()
        with open_catalogue(os.fsdecode(done.copy)) as before:
            assert [each.filed.path for each in find(before, Wanted())] == [b"docs/a.txt"]


@pytest.mark.parametrize("revision", steps())
def test_what_each_version_wrote_is_read(revision: str, tmp_path: Path) -> None:
    """The golden files were made by `remake`, each with the version whose schema it has."""
    path = tmp_path / "catalogue.sqlite"
    shutil.copy(GOLDEN / f"schema-{revision}.sqlite", path)
    done = upgrade(str(path))
    assert (done.before, done.after) == (revision, REVISION)
    assert os.path.exists(done.copy) == (revision != REVISION)
    with open_catalogue(str(path)) as catalogue:
        found = find(catalogue, Wanted())
        assert [(each.filed.path, each.media[0].label) for each in found] == [
            (b"docs/a.txt", "first"),
            (b"docs/a.txt", "second"),
            (b"docs/sub/b.txt", "second"),
            (b"docs/\xff", "first"),
        ]


def remake(path: Path) -> None:
    """Make the golden file of the present schema."""
    with create_catalogue(str(path)) as catalogue:
        put(catalogue, "first", [filed("docs/a.txt", "a"), filed(b"docs/\xff", "b")])
        put(catalogue, "second", [filed("docs/a.txt", "a"), filed("docs/sub/b.txt", "c")])
        with catalogue.reading() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
