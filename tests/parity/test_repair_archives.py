"""Archives as they are created, a twentieth of them lost."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from kit.protected import NO_PARITY, SMALL_GROUPS, mended
from kit.trees import plant_large

from pybackup.compress.methods import MIB
from pybackup.make.plan import CreateOptions, plan_create
from pybackup.make.run import perform_create
from pybackup.model.source import Source
from pybackup.monitor import Monitor
from pybackup.parity.stream.geometry import ParityOptions
from pybackup.sector import SECTOR


@dataclass(frozen=True, slots=True)
class Loss:
    """Of a twentieth of an archive, or of some of its bytes; ``moves`` is whether what follows has moved."""

    low: float
    high: float
    moves: bool = False

    def of(self, data: bytes) -> bytes:
        low, high = int(self.low * len(data)), int(self.high * len(data))
        return data[:low] + (b"" if self.moves else bytes(high - low)) + data[high:]


LOSSES = {
    "start zeroed": Loss(0, 0.05),
    "end zeroed": Loss(0.95, 1),
    "middle zeroed": Loss(0.4, 0.45),
    "start cut off": Loss(0, 0.05, True),
    "end cut off": Loss(0.95, 1, True),
    "middle cut out": Loss(0.70001, 0.75, True),
}
PARITIES = {"own": ParityOptions(), "own, small groups": SMALL_GROUPS, "sidecar": replace(SMALL_GROUPS, sidecar=True)}


def archive(room: Path, parity: ParityOptions) -> Path:
    output, monitor = room / "a.xtar", Monitor()
    plan = plan_create(
        [Source(os.fsencode(plant_large(room)), b"tree")],
        os.fsencode(output),
        judge=None,
        options=CreateOptions(segment_bytes=MIB, overwrite=True, workers=1, parity=parity),
        monitor=monitor,
    )
    perform_create(plan, monitor=monitor)
    assert monitor.problems == []
    return output


@pytest.mark.parametrize("parity", PARITIES.values(), ids=PARITIES)
def test_archives(room: Path, parity: ParityOptions) -> None:
    """As `perform_create` makes them: what comes back is the archive, byte for byte."""
    output = archive(room, parity)
    content = output.read_bytes()
    beside = room / "a.xtar.xpar"
    assert beside.exists() == parity.sidecar
    assert mended([output], room / "whole").damaged == 0
    assert (room / "whole").read_bytes() == content
    for loss in LOSSES.values():
        output.write_bytes(loss.of(content))
        assert mended([output], room / "whole").complete
        assert (room / "whole").read_bytes() == content
        assert mended([output], None).complete
        assert output.read_bytes() == content


def test_archive_without_parity_says_what_is_lost(room: Path) -> None:
    output = archive(room, NO_PARITY)
    content = output.read_bytes()
    for name in ("start zeroed", "middle zeroed", "middle cut out"):
        output.write_bytes(LOSSES[name].of(content))
        done = mended([output], room / "whole")
        assert not done.complete
        low, high = int(LOSSES[name].low * len(content)), int(LOSSES[name].high * len(content))
        (start, end), *more = done.left_extents
        assert more == []
        assert low - SECTOR < start <= low < high <= end < high + SECTOR
        assert (room / "whole").read_bytes() == content[:start] + (room / "whole").read_bytes()[start:end] + content[
            end:
        ]


def test_a_thousand_wrong_bytes_in_60_megabytes_cost_nothing(room: Path) -> None:
    chance = random.Random(60)
    (room / "tree").mkdir()
    for number in range(60):
        (room / "tree" / f"{number}.zip").write_bytes(chance.randbytes(10**6))
    output, monitor = room / "a.xtar", Monitor()
    sources = [Source(os.fsencode(room / "tree"), b"tree")]
    plan = plan_create(
        sources,
        os.fsencode(output),
        judge=None,
        options=CreateOptions(segment_bytes=MIB, overwrite=True, workers=1),
        monitor=monitor,
    )
    perform_create(plan, monitor=monitor)
    content = output.read_bytes()
    hurt = bytearray(content)
    for place in chance.sample(range(len(hurt)), 1000):
        hurt[place] ^= chance.randrange(1, 256)
    output.write_bytes(hurt)
    assert mended([output], None).complete
    assert output.read_bytes() == content
