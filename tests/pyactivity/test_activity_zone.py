"""Local time by the zone's rules, compared with what datetime says of each moment alone."""

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyactivity.zone import zone_of

SECOND_NS = 10**9
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Half hours, both hemispheres, a half-hour of daylight saving, a day that was left out, and one zone with no rules.
ZONES = ["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia", "UTC"]


@pytest.fixture(params=ZONES, scope="module")
def zone(request: pytest.FixtureRequest) -> Iterator[str]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = request.param
    time.tzset()
    yield request.param
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


@given(st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(0, 2 * 10**18), max_size=30))
def test_walls_show_what_datetime_says(zone: str, times_ns: list[int]) -> None:
    column = np.array(times_ns, np.int64)
    expected = []
    for moment_ns in times_ns:
        local = (EPOCH + timedelta(seconds=moment_ns // SECOND_NS)).astimezone()
        expected.append((local.replace(tzinfo=UTC) - EPOCH) // timedelta(seconds=1))
    assert zone_of(column).wall_s(column).tolist() == expected


def test_the_second_of_the_change_is_met(zone: str) -> None:
    # Every half hour of the years 2011 and 2026, in which these zones changed.
    for year in (2011, 2026):
        start = int(datetime(year, 1, 1, tzinfo=UTC).timestamp())
        seconds = np.arange(start, start + 366 * 86_400, 1_800)
        around = np.concatenate([seconds - 1, seconds])
        assert zone_of(around * SECOND_NS).offsets_s(around).tolist() == [
            time.localtime(second).tm_gmtoff for second in around.tolist()
        ]
