"""Small geometries of every kind for hypothesis: those that are planned, and many that are not."""

from __future__ import annotations

from hypothesis import strategies as st

from pybackup.layout.guard import SLICE_SUMS, Geometry
from pybackup.sector import SECTOR


@st.composite
def geometries(draw: st.DrawFn, parity: bool | None = None) -> Geometry:
    """Geometries of up to some hundred sectors; with or without parity if that is said."""
    sidecar = draw(st.booleans())
    before = draw(st.integers(0, 200)) * SECTOR
    if sidecar:
        before += draw(st.sampled_from([0, 1, SECTOR - 1]))
    after = 0 if sidecar else draw(st.integers(0, 50 * SECTOR))
    if before + after == 0:
        before = SECTOR
    data = -(-before // SECTOR) + -(-after // SECTOR)
    groups = run = data_shards = parity_shards = 0
    if parity or (parity is None and draw(st.booleans())):
        run = draw(st.integers(1, 9) | st.integers(1, 300))
        groups = draw(st.integers(1, 12))
        runs = -(-data // run)
        data_shards = min(data, -(-runs // groups) * run)
        parity_shards = draw(st.integers(1, 30))
    slices = -(-(data + groups * parity_shards) // SLICE_SUMS)
    guard_groups = draw(st.integers(1, max(1, slices)))
    front, spread, back = (draw(st.integers(0, 9)) * guard_groups for _ in range(3))
    front += -(-slices // guard_groups) * guard_groups
    origin = draw(st.just(0) | st.integers(0, max(0, -(-before // SECTOR) - 1)))
    return Geometry(
        before, after, groups, data_shards, parity_shards, run, guard_groups, front, spread, back, sidecar, origin
    )
