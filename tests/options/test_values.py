"""Converting values of options from text."""

from __future__ import annotations

import pytest

from pybackup.errors import UsageError
from pybackup.model.retention import Retention
from pybackup.options.values import retention

WEEK_NS = 7 * 86_400 * 10**9


def test_retention_as_a_text_and_as_a_table() -> None:
    asked = Retention(last=3, daily=14, monthly=12, within_ns=WEEK_NS)
    assert retention("last=3, daily=14,monthly=12,within=7d") == asked
    assert retention({"last": 3, "daily": 14, "monthly": 12, "within": "7d"}) == asked


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("", "'' is none of last"),
        ("last", "not a whole number: ''"),
        ("last=1,last=2", "given twice"),
        ("hourly=3", "'hourly' is none of last, daily"),
        ("daily=-1", "less than 0"),
        ("within=7", "not an age such as"),
        ("last=0", "it keeps nothing"),
        ({}, "it keeps nothing"),
        ({"last": True}, "not a whole number"),
        ({"daily": 1.5}, "not a whole number"),
    ],
)
def test_what_is_no_retention(value: str | dict[str, int | str], reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        retention(value)
