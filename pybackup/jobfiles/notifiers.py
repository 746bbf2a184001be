"""Notifiers in job files: tell of a run by mail, by a ping over HTTP, or by a service of the package apprise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .keys import check_type
from .mistakes import no_such
from .report import DISC_FULL
from .secret import Secret, read_secret

EVENTS = ("start", "ok", "problems", "fail", "skipped", DISC_FULL, "always")
_WAYS = ("sendmail", "smtp", "ping", "apprise")
_KEYS = (*_WAYS, "on", "from")
_SMTP_KEYS = ("host", "port", "user", "password", "security", "to")
SECURITY = {"starttls": 587, "tls": 465, "none": 25}
_TEXT = frozenset((str,))


@dataclass(frozen=True, slots=True)
class Smtp:
    """A mail server; its security is ``starttls``, ``tls`` or ``none``."""

    host: str
    port: int
    security: str
    user: str = ""
    password: Secret | None = None


@dataclass(frozen=True, slots=True)
class Notifier:
    """A way to tell of runs, and the events that are told.

    Attributes
    ----------
    to
        The address of a mail; empty for none.
    smtp
        The mail server; None for the local program ``sendmail``.
    ping
        The URL that is requested; None for none.
    apprise
        The URL of a service, for the package `apprise`; None for none.
    on
        The events that are told.
    """

    name: str
    to: str = ""
    sender: str = ""
    smtp: Smtp | None = None
    ping: Secret | str | None = None
    apprise: Secret | None = None
    on: tuple[str, ...] = ("problems", "fail")

    def hears(self, event: str) -> bool:
        """Whether it is told of an event; ``always`` means every end of a run."""
        return event in self.on or ("always" in self.on and event != "start")


def read_notifier(name: str, table: Any) -> Notifier:
    """Return the notifier of a table.

    Raises
    ------
    ValueError
        The table has a mistake.
    """
    if not isinstance(table, dict):
        raise ValueError("a notifier is a table")
    for key in table:
        if key not in _KEYS:
            raise ValueError(f"{key}: {no_such('key', key, _KEYS)}")
    ways = [key for key in _WAYS if key in table]
    if len(ways) != 1:
        raise ValueError("has exactly one of sendmail, smtp, ping and apprise")
    sender = table.get("from", "")
    check_type(sender, _TEXT)
    told = {"sender": sender, "on": _events(table)}
    if ways == ["sendmail"]:
        return Notifier(name, _address(table["sendmail"], "sendmail"), **told)
    if ways == ["smtp"]:
        return Notifier(name, *_smtp(table["smtp"], sender), on=told["on"])
    if ways == ["apprise"]:
        return Notifier(name, apprise=read_secret(table["apprise"]), **told)
    return Notifier(name, ping=_url(table["ping"]), **told)


def _events(table: Mapping[str, Any]) -> tuple[str, ...]:
    events = table.get("on", ["problems", "fail"])
    if not isinstance(events, list):
        raise ValueError("on is a list of events")
    for event in events:
        if event not in EVENTS:
            raise ValueError(f"on: {no_such('event', str(event), EVENTS)}; there are {', '.join(EVENTS)}")
    return tuple(events)


def _address(value: Any, key: str) -> str:
    check_type(value, _TEXT)
    if ("@" not in value[1:-1] and not value.isalnum()) or any(sign.isspace() or sign in ",;<>" for sign in value):
        raise ValueError(f"{key}: {value!r} is no address of mail")
    return str(value)


def _smtp(value: Any, sender: str) -> tuple[str, str, Smtp]:
    if not isinstance(value, dict):
        raise ValueError('smtp is a table: { host = "mail.example.org", to = "me@example.org" }')
    for key in value:
        if key not in _SMTP_KEYS:
            raise ValueError(f"smtp: {key}: {no_such('key', key, _SMTP_KEYS)}")
    for key in ("host", "to"):
        if not value.get(key):
            raise ValueError(f"smtp: {key} is missing")
    for key in ("host", "user", "security"):
        check_type(value.get(key, ""), _TEXT)
    security = value.get("security", "starttls")
    if security not in SECURITY:
        raise ValueError(f"smtp: security: {security!r} is none of {', '.join(SECURITY)}")
    port = value.get("port", SECURITY[security])
    check_type(port, frozenset((int,)))
    password = read_secret(value["password"]) if "password" in value else None
    if password and security == "none" and value["host"] not in ("localhost", "127.0.0.1", "::1"):
        raise ValueError('smtp: a password goes nowhere without security = "starttls" or "tls"')
    to = _address(value["to"], "smtp: to")
    return to, sender or to, Smtp(value["host"], port, security, value.get("user", ""), password)


def _url(value: Any) -> Secret | str:
    if isinstance(value, dict):
        return read_secret(value)
    check_type(value, _TEXT)
    if not value.startswith(("http://", "https://")):
        raise ValueError("ping: an address begins with https:// or http://")
    return str(value)
