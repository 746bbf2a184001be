"""Showing a job: each value in TOML with the place it comes from, and no passwords."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from pybackup.jobfiles.job import BUILT_IN, Job, Setting
from pybackup.jobfiles.show import shown_settings, toml, without_secrets


def test_what_stands_anywhere_comes_first_then_what_is_built_in() -> None:
    settings = {
        "sources": Setting(["/a"], ("x.toml:3",)),
        "exclude": Setting(["*.tmp"], ("x.toml:4", "y.toml:9"), is_added=True),
    }
    first, second, *others = shown_settings(Job("x", settings))
    assert (first.key, first.value, first.origin) == ("sources", '["/a"]', "x.toml:3")
    assert (second.value, second.origin) == ('+ ["*.tmp"]', "x.toml:4, y.toml:9")
    assert {setting.origin for setting in others} == {BUILT_IN}
    assert "sources" not in [setting.key for setting in others]


@pytest.mark.parametrize(
    ("key", "value", "shown"),
    [
        ("password", "hunter2", "***"),
        ("catalogue", "postgresql://me:hunter2@host/db", "postgresql://me:***@host/db"),
        ("catalogue", "postgresql://me@host/db", "postgresql://me@host/db"),
        ("catalogue", "sqlite:////a.sqlite", "sqlite:////a.sqlite"),
        ("catalogue", {"url": "mariadb://me:hunter2@h/db", "password": "hunter2"}, None),
        ("comment", "me:hunter@2", "me:hunter@2"),
    ],
)
def test_passwords_are_stars(key: str, value: Any, shown: str | None) -> None:
    found = without_secrets(key, value)
    assert "hunter2" not in str(found)
    assert shown is None or found == shown


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (7, "7"),
        ('a "b"', '"a \\"b\\""'),
        (["a", 1], '["a", 1]'),
        ({"a": 1, "b": ["c"]}, '{ a = 1, b = ["c"] }'),
        (datetime.date(2026, 1, 2), "2026-01-02"),
    ],
)
def test_values_are_shown_as_toml_has_them(value: Any, text: str) -> None:
    assert toml(value) == text
