"""pycdlib without clock and dice: the same image at any moment, and all as it was behind that."""

from __future__ import annotations

import io
import random
import time
from typing import Any

import pycdlib
import pytest
from pycdlib import dates

from pybackup.media.clock import standing_still

SECONDS = 1_700_000_000


def _clock() -> Any:
    """What pycdlib takes for the module `time`."""
    return vars(dates)["time"]


def _image(seed: bytes, seconds: int = SECONDS) -> bytes:
    with standing_still(seconds, seed):
        iso = pycdlib.PyCdlib()
        iso.new(interchange_level=3, udf="2.60", joliet=3)
        iso.add_fp(io.BytesIO(b"content"), 7, "/FILE.;1", udf_path="/file", joliet_path="/file")
        output = io.BytesIO()
        iso.write_fp(output)
        iso.close()
    return output.getvalue()


def test_the_same_files_give_the_same_image_whatever_the_clock_says(monkeypatch: pytest.MonkeyPatch) -> None:
    first = _image(b"seed")
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    time.tzset()
    random.seed(99)
    monkeypatch.setattr(time, "time", lambda: 5.0)
    try:
        assert _image(b"seed") == first
    finally:
        monkeypatch.undo()
        time.tzset()


def test_another_moment_or_seed_is_another_image() -> None:
    first = _image(b"seed")
    assert _image(b"seed", SECONDS + 3600) != first
    assert _image(b"other") != first


def test_the_moment_stands_in_the_volume_descriptor_in_utc() -> None:
    """ECMA-119, 8.4.26: sixteen digits, year first, and the offset from Greenwich."""
    image = _image(b"seed")
    assert image[32768 + 813 : 32768 + 813 + 14] == time.strftime("%Y%m%d%H%M%S", time.gmtime(SECONDS)).encode()
    assert image[32768 + 813 + 16] == 0


def test_nothing_else_sees_that_clock_and_it_goes_on_behind() -> None:
    real = time.time()
    before = _clock()
    with standing_still(SECONDS, b"seed"):
        assert _clock().time() == SECONDS
        assert time.time() >= real > SECONDS
        assert _clock().localtime() == time.gmtime(SECONDS)
        assert _clock().localtime(5) == time.gmtime(5)
    assert _clock() is before is time
    with pytest.raises(KeyboardInterrupt), standing_still(SECONDS, b"seed"):
        raise KeyboardInterrupt
    assert _clock() is time
