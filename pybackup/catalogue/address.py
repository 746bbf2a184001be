"""Where a catalogue is: URLs of databases, and how they are shown without their secrets."""

from __future__ import annotations

import os

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from pybackup.errors import UsageError

_DRIVERS = {
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "mariadb": "mariadb+pymysql",
    "mysql": "mysql+pymysql",
}
_SECRET = ("pass", "secret", "key")


def parse_address(text: str) -> URL:
    """Return the URL of a catalogue; a text that is no URL is the path of a SQLite file.

    Raises
    ------
    UsageError
        The text names another kind of database, or no database at all.
    """
    if "://" not in text:
        return URL.create("sqlite", database=os.path.abspath(os.path.expanduser(text)))
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        # What is wrong with it may be its password: it is not shown.
        raise UsageError("the address of a catalogue is a file, or a URL such as postgresql://host/name") from None
    url = url.set(drivername=_DRIVERS.get(url.drivername, url.drivername))
    if url.get_backend_name() == "sqlite":
        if not url.database or url.database == ":memory:":
            raise UsageError("a catalogue of SQLite is a file: sqlite:////home/me/catalogue.sqlite")
        return url.set(database=os.path.abspath(os.path.expanduser(url.database)))
    if url.drivername not in _DRIVERS.values():
        raise UsageError(f"a catalogue is kept by sqlite, postgresql, mariadb or mysql, not by {url.drivername}")
    if not url.database:
        raise UsageError("the URL of a catalogue names its database: postgresql://host/name")
    return url


def shown_address(url: URL) -> str:
    """Return a URL to be shown, without passwords."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    query = {
        name: "***" if any(mark in name.lower() for mark in _SECRET) else value for name, value in url.query.items()
    }
    return url.set(query=query).render_as_string(hide_password=True)


def with_password(text: str, password: str) -> str:
    """Return an address with a password put into it. It is for opening the catalogue; never show it."""
    return make_url(text).set(password=password).render_as_string(hide_password=False)
