"""From where a sector is copied that is good nowhere: compared with a slow, obvious way, in pieces of any size."""

from __future__ import annotations

from types import SimpleNamespace
from unittest.mock import patch

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pybackup.parity.mend import mend
from pybackup.parity.mend.copies import NO_ORIGIN


def slowly(where: list[int], end: int) -> list[int]:
    found, last = [], NO_ORIGIN
    for number in where[:end]:
        last = number if number >= 0 else last
        found.append(last)
    known = [number for number in where[end:] if number >= 0]
    most = max(sorted(set(known)), key=known.count, default=NO_ORIGIN)
    return found + [number if number >= 0 else most for number in where[end:]]


@given(st.lists(st.sampled_from([NO_ORIGIN, NO_ORIGIN, 0, 1, 2]), min_size=1, max_size=60), st.data())
def test_like_the_one_before_it(where: list[int], data: st.DataObject) -> None:
    sidecar = data.draw(st.booleans())
    end = data.draw(st.integers(0, len(where))) if sidecar else len(where)
    geometry = SimpleNamespace(sidecar=sidecar, before_sectors=end)
    survey = SimpleNamespace(where=np.array(where, np.int16), geometry=geometry)
    with patch.object(mend, "_MOST_AT_A_TIME", data.draw(st.integers(1, 9))):
        assert mend._beside(survey).tolist() == slowly(where, end)  # type: ignore[arg-type]
    assert survey.where.tolist() == where
