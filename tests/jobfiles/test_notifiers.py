"""Notifiers in job files: how a table is read, and the messages for what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from pybackup.jobfiles.notifiers import Notifier, Smtp, read_notifier
from pybackup.jobfiles.secret import Secret

PASSWORD = {"env": "PW"}


@pytest.mark.parametrize(
    ("table", "notifier"),
    [
        ({"sendmail": "me"}, Notifier("n", "me")),
        ({"sendmail": "me@x.org", "from": "it@x.org"}, Notifier("n", "me@x.org", "it@x.org")),
        ({"ping": "https://x.org/1", "on": ["always"]}, Notifier("n", ping="https://x.org/1", on=("always",))),
        ({"ping": {"file": "/key"}}, Notifier("n", ping=Secret("file", "/key"))),
        ({"apprise": {"env": "URL"}}, Notifier("n", apprise=Secret("env", "URL"))),
        (
            {"smtp": {"host": "mail", "to": "me@x.org"}},
            Notifier("n", "me@x.org", "me@x.org", Smtp("mail", 587, "starttls")),
        ),
        (
            {"smtp": {"host": "mail", "to": "me@x.org", "security": "tls", "user": "u", "password": PASSWORD}},
            Notifier("n", "me@x.org", "me@x.org", Smtp("mail", 465, "tls", "u", Secret("env", "PW"))),
        ),
    ],
)
def test_what_a_table_comes_to(table: dict[str, Any], notifier: Notifier) -> None:
    assert read_notifier("n", table) == notifier


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("me@x.org", "a notifier is a table"),
        ({}, "exactly one of"),
        ({"sendmail": "me", "ping": "https://x.org"}, "exactly one of"),
        ({"sendmial": "me"}, "did you mean 'sendmail'"),
        ({"sendmail": "a b@x.org"}, "no address of mail"),
        ({"sendmail": "me@x.org, you@x.org"}, "no address of mail"),
        ({"sendmail": "me", "on": "fail"}, "a list of events"),
        ({"sendmail": "me", "on": ["failure"]}, "there are start, ok"),
        ({"ping": "ftp://x.org"}, "begins with https"),
        ({"smtp": "mail"}, "smtp is a table"),
        ({"smtp": {"host": "mail"}}, "to is missing"),
        ({"smtp": {"host": "mail", "to": "me", "pasword": PASSWORD}}, "did you mean 'password'"),
        ({"smtp": {"host": "mail", "to": "me", "security": "ssl"}}, "none of starttls, tls, none"),
        ({"smtp": {"host": "mail", "to": "me", "password": "topsecret"}}, "stands in no job file"),
        ({"smtp": {"host": "mail", "to": "me", "security": "none", "password": PASSWORD}}, "goes nowhere without"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(table: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        read_notifier("n", table)
    assert "topsecret" not in str(caught.value)


@pytest.mark.parametrize(
    ("on", "heard"),
    [
        (("fail",), {"fail"}),
        (("always",), {"ok", "problems", "fail", "skipped"}),
        (("start", "always"), {"start", "ok", "problems", "fail", "skipped"}),
    ],
)
def test_always_is_each_end_and_no_beginning(on: tuple[str, ...], heard: set[str]) -> None:
    notifier = Notifier("n", "me", on=on)
    assert {event for event in ("start", "ok", "problems", "fail", "skipped") if notifier.hears(event)} == heard
