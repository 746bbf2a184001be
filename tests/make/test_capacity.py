"""The longest body that fits a size: one block more would be too long, according to the geometry of the parity."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pybackup.errors import UsageError
from pybackup.layout.recovery import stream_start
from pybackup.make.capacity import amount_in, body_limit
from pybackup.model.medium import MEDIA
from pybackup.parity.stream.amount import NO_PARITY, Amount, parse_amount
from pybackup.parity.stream.geometry import ParityOptions, plan_geometry

amounts = st.sampled_from(["none", "1%", "10%", "33%", "50%", "100K"])


def _length(body: int, amount: Amount) -> int:
    return plan_geometry(stream_start(body), 1024, amount).volume_bytes


@settings(max_examples=40)
@given(st.integers(200_000, 40_000_000), amounts)
def test_it_fits_and_a_block_more_does_not(volume_bytes: int, amount: str) -> None:
    parity = ParityOptions(parse_amount(amount))
    limit = body_limit(volume_bytes, parity)
    assert limit % 512 == 0
    assert _length(limit, parity.amount) <= volume_bytes < _length(limit + 512, parity.amount)


@given(st.integers(1536, 1 << 40))
def test_without_a_stream_only_the_end_is_added(volume_bytes: int) -> None:
    assume(volume_bytes not in MEDIA.values())
    assert body_limit(volume_bytes, None) == (volume_bytes - 1024) // 512 * 512


@pytest.mark.parametrize("volume_bytes", [0, 1, 1024, 2048])
@pytest.mark.parametrize("parity", [None, ParityOptions(NO_PARITY), ParityOptions(parse_amount("10%"))])
def test_nothing_fits_what_is_too_small(volume_bytes: int, parity: ParityOptions | None) -> None:
    if parity is None and volume_bytes >= 1536:
        assert body_limit(volume_bytes, parity) > 0
        return
    with pytest.raises(UsageError, match=f"{volume_bytes} bytes are too few"):
        body_limit(volume_bytes, parity)


@pytest.mark.parametrize("medium", ["cd700", "dvd"])
def test_a_disc_has_room_for_what_makes_it_one(medium: str) -> None:
    """Without parity, room is left on a medium; a size one byte off is no medium, and nothing is left free."""
    size, parity = MEDIA[medium], ParityOptions(NO_PARITY)
    plain = body_limit(size + 1, parity)
    assert plain - body_limit(size, parity) >= 1 << 20
    assert body_limit(size, parity) - body_limit(size, parity, entries=100_000) >= 40 * 100_000
    # Much parity makes room enough.
    much = ParityOptions(parse_amount("20%"))
    assert body_limit(size + 1, much) - body_limit(size, much) <= 2048


def test_all_that_is_left_is_that_of_a_size() -> None:
    assert amount_in(parse_amount("10%"), 5000) == parse_amount("10%")
    rest = parse_amount("fill")
    assert rest.rest
    assert amount_in(rest, 5000) == Amount(fill_bytes=5000)
