"""Upgrading a catalogue to the schema of this version, after making a copy."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import dataclass

from pybackup.errors import EnvironmentFailed, UsageError

from .connect import Catalogue, existing, revision_of
from .schema import REVISION


@dataclass(frozen=True, slots=True)
class Upgraded:
    """The result of an upgrade.

    Attributes
    ----------
    before, after
        Revisions of the schema; equal if it was up to date.
    copy
        The path of a copy as it was before; empty if nothing was changed, or the database is not a file.
    """

    before: str
    after: str
    copy: bytes = b""


def upgrade(address: str) -> Upgraded:
    """Bring a catalogue up to the schema of this version; a file is copied first.

    Raises
    ------
    UsageError
        There is no catalogue.
    EnvironmentFailed
        It is of a later version; it cannot be copied or written.
    """
    with existing(address) as catalogue:
        before = revision_of(catalogue)
        if before is None:
            raise UsageError(f"{catalogue.shown}: there is no catalogue")
        if before == REVISION:
            return Upgraded(before, before)
        if before not in steps():
            raise EnvironmentFailed(
                f"{catalogue.shown}: made by a later version of pybackup (schema {before}); use that"
            )
        copy = _copy(catalogue, before) if catalogue.is_sqlite else b""
        _run(catalogue)
        return Upgraded(before, REVISION, copy)


def steps() -> list[str]:
    """Return all revisions of the schema, the newest first."""
    from alembic.script import ScriptDirectory

    return [script.revision for script in ScriptDirectory(_scripts()).walk_revisions()]


def _scripts() -> str:
    return os.path.join(os.path.dirname(__file__), "migrations")


def _run(catalogue: Catalogue) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", _scripts().replace("%", "%%"))
    with catalogue.writing() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, REVISION)


def _copy(catalogue: Catalogue, revision: str) -> bytes:
    """Copy the file, with what is still in its write-ahead log, and return the path of the copy."""
    path = str(catalogue.url.database)
    target = f"{path}.schema-{revision}"
    if os.path.exists(target):
        raise EnvironmentFailed(f"{target}: is there already; it may be an earlier copy, and is not replaced")
    try:
        source, copy = sqlite3.connect(path), sqlite3.connect(target)
        try:
            with copy:
                source.backup(copy)
        finally:
            source.close()
            copy.close()
    except sqlite3.Error as error:
        raise EnvironmentFailed(f"{target}: cannot copy the catalogue: {error}") from error
    return os.fsencode(target)
