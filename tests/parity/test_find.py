"""Finding a volume: any guards that are enough lead to it, others do not lead astray, forged ones cost nothing."""

from __future__ import annotations

import random
import subprocess
import sys
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from kit.damage import overwritten
from kit.memory import fast_directory
from kit.protected import Specimen, shards_of, whole_of, with_own_stream, with_sidecar

from pybackup.errors import Damaged, Refused
from pybackup.layout.guard import PAYLOAD_BYTES, Geometry, GuardSector
from pybackup.layout.sums import sector_sums
from pybackup.parity.stream import find as module
from pybackup.parity.stream.amount import Amount
from pybackup.parity.stream.dealing import Dealing
from pybackup.parity.stream.find import FoundGuards, GuardSearch, find, scan_guards
from pybackup.parity.stream.geometry import ParityOptions
from pybackup.parity.stream.sum_table import load
from pybackup.parity.stream.volume import Readable
from pybackup.sector import SECTOR

OPTIONS = ParityOptions(Amount(share=Fraction(1, 10)), group_sectors=200)
CHANCE = random.Random(21)


@dataclass(frozen=True, slots=True)
class Memory:
    """A file in memory."""

    data: bytes

    @property
    def size(self) -> int:
        return len(self.data)

    def read_at(self, offset: int, count: int) -> bytes:
        assert offset >= 0
        return self.data[offset : offset + count]

    def read_what_is_left(self, offset: int, count: int) -> bytes:
        return self.read_at(offset, count)


@cache
def own() -> Specimen:
    with fast_directory() as base:
        return with_own_stream(base, OPTIONS, CHANCE.randbytes(3000 * SECTOR), CHANCE.randbytes(9000))


@cache
def beside() -> Specimen:
    """A file that has a stream of its own, and a sidecar."""
    with fast_directory() as base:
        return with_sidecar(base, OPTIONS, own().data)


def found_in(*contents: bytes, thorough: bool = False) -> FoundGuards:
    search = GuardSearch([Memory(content) for content in contents])
    return (search.thorough() if thorough else search.volumes)[0]


@pytest.mark.parametrize("thorough", [False, True])
def test_table_is_that_of_all_sectors(thorough: bool) -> None:
    table = load(found_in(own().data, thorough=thorough))
    whole = whole_of(own().geometry, own().data)
    assert table.sums.tolist() == sector_sums(whole, np.arange(own().sectors)).tolist()
    assert table.geometry == own().geometry
    numbers = Dealing(table.geometry).guard_numbers.tolist()
    for guard, sector in table.guards():
        assert whole[numbers[guard] * SECTOR : (numbers[guard] + 1) * SECTOR] == sector


def guards_of(geometry: Geometry) -> list[int]:
    return [number for number, shard in enumerate(shards_of(geometry)) if shard[0] == "guard"]


@pytest.mark.parametrize("seed", range(10))
def test_any_guards_that_are_enough_and_one_less(seed: int) -> None:
    geometry, chance = own().geometry, random.Random(seed)
    assert geometry.table_shards > 3
    lost = chance.sample(guards_of(geometry), geometry.guard_recovery + 1)
    data = overwritten(own().data, lost[1:], chance)
    moved = chance.choice((b"", b"junk", 3 * bytes(SECTOR)))
    assert load(found_in(moved + data)).geometry == geometry
    found = found_in(moved + overwritten(data, lost[:1]))
    assert not found.is_enough
    with pytest.raises(Damaged, match="too few guard sectors"):
        load(found)


def test_guards_of_several_copies_add_up() -> None:
    guards = guards_of(own().geometry)
    half = len(guards) // 2
    # Each has too few of them.
    first, second = guards[:half], guards[half:]
    part = own().geometry.table_shards // 2 + 1
    data = [overwritten(own().data, set(guards) - set(kept)) for kept in (first[:part], second[:part])]
    for content in data:
        assert not found_in(content).is_enough
    assert found_in(*data).is_enough
    assert load(found_in(*data)).geometry == own().geometry


def test_nothing_is_found_in_nothing() -> None:
    assert find([]) is None
    assert find([Memory(b"")]) is None
    assert find([Memory(CHANCE.randbytes(100_000))]) is None
    assert find([Memory(b"XTPARITY" * 10_000)]) is None
    assert find([Memory(own().data[: own().geometry.before_bytes])]) is None


@pytest.mark.parametrize("at", [0, 1, 4096, (4 << 20) - 1, (4 << 20) - 2047, (4 << 20) - 9, 4 << 20])
def test_guards_are_found_at_any_byte(at: int) -> None:
    """Across the chunks in which a file is read, too, and each of them once."""
    guard = GuardSector(own().geometry, bytes(32), 2, bytes(PAYLOAD_BYTES)).pack()
    data = bytes(at) + guard + b"XTPARITY" + guard
    file = Memory(data)
    assert [offset for offset, _ in scan_guards(file, 0, len(data))] == [at, at + SECTOR + 8]


# Volumes in volumes.


@pytest.mark.parametrize("lost", ["nothing", "the end of the sidecar", "the end of the file"])
@pytest.mark.parametrize("sidecar_first", [False, True])
def test_outermost_of_nested_volumes_is_taken(lost: str, sidecar_first: bool) -> None:
    data, sidecar = beside().data, beside().sidecar
    if lost == "the end of the sidecar":
        # So much that no guard is where it is looked for first.
        n_sectors = len(sidecar) // SECTOR
        sidecar = overwritten(sidecar, range(n_sectors - 30, n_sectors)) + bytes(1 << 20)
    elif lost == "the end of the file":
        data = data[:-2000]
    contents = (sidecar, data) if sidecar_first else (data, sidecar)
    found = found_in(*contents)
    assert found.geometry == beside().geometry
    assert found.is_enough
    shift = -found.geometry.before_sectors * SECTOR
    assert found.shifts[0 if sidecar_first else 1][0] == shift


def test_files_are_read_from_end_to_end_once_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a search that has to, since nothing at the end of the file leads to guards; and only when it is asked else."""
    read: list[int] = []

    def counted(file: Readable, start: int, end: int) -> Iterator[tuple[int, GuardSector]]:
        read.append(end - start)
        return scan_guards(file, start, end)

    monkeypatch.setattr(module, "scan_guards", counted)
    behind = bytes(1 << 20)
    for data, passes in ((own().data, 0), (own().data + behind, 1)):
        read.clear()
        search = GuardSearch([Memory(data)])
        assert read.count(len(data)) == passes
        assert search.thorough()[0].geometry == search.volumes[0].geometry == own().geometry
        search.thorough()
        assert read.count(len(data)) == 1


def test_inner_volume_is_taken_where_too_little_is_left_of_the_outer() -> None:
    sidecar = overwritten(beside().sidecar, range(1, len(beside().sidecar) // SECTOR))
    found = found_in(beside().data, sidecar)
    assert found.geometry == own().geometry
    assert found.is_enough


def test_outer_stream_around_an_inner_one() -> None:
    """An archive with parity that is a file in an archive with parity."""
    with fast_directory() as base:
        inner = with_own_stream(base, OPTIONS, CHANCE.randbytes(200 * SECTOR))
        outer = with_own_stream(base, OPTIONS, CHANCE.randbytes(2048) + inner.data, inner.data)
    for thorough in (False, True):
        found = found_in(outer.data, thorough=thorough)
        assert (found.geometry, found.shifts[0][0]) == (outer.geometry, 0)


def test_guards_of_foreign_volumes_are_told_apart() -> None:
    """The same shape, other bytes; and sectors of the one lie in the other."""
    with fast_directory() as base:
        foreign = with_own_stream(base, OPTIONS, CHANCE.randbytes(3000 * SECTOR), CHANCE.randbytes(9000))
    assert foreign.geometry == own().geometry
    guards = guards_of(own().geometry)
    data = bytearray(own().data)
    for number in random.Random(4).sample(guards, own().geometry.guard_recovery - 9):
        data[number * SECTOR : (number + 1) * SECTOR] = foreign.data[number * SECTOR : (number + 1) * SECTOR]
    found = found_in(bytes(data), thorough=True)
    assert load(found).digest == GuardSector.unpack(own().data[guards[0] * SECTOR :][:SECTOR]).digest


def test_guards_that_contradict_each_other_are_refused() -> None:
    """A payload that is not what the others tell, sealed: who forges it shall not have it believed."""
    found = found_in(own().data)
    guard = replace(GuardSector(found.geometry, found.digest, 3, found.payloads[3]), payload=bytes(PAYLOAD_BYTES))
    number = guards_of(found.geometry)[3]
    data = own().data[: number * SECTOR] + guard.pack() + own().data[(number + 1) * SECTOR :]
    with pytest.raises(Damaged, match="contradict"):
        load(found_in(data))


# Forged guards.


def forged(numbers: Sequence[int], *, before: int = 0, after: int = 0, flags: int = 0) -> bytes:
    """A guard sector with eight numbers of somebody's choice, sealed."""
    words = b"".join(number.to_bytes(4, "little") for number in numbers)
    head = b"XTPARITY\1" + bytes([flags, 0, 0]) + bytes(4)
    head += before.to_bytes(8, "little") + after.to_bytes(8, "little") + bytes(32) + words + bytes(28)
    payload = bytes(PAYLOAD_BYTES)
    return head + zlib.crc32(payload, zlib.crc32(head)).to_bytes(4, "little") + payload


BIG = 1 << 61
FORGED = {
    "no parity, and a table without end": forged((0, 0, 0, 0, 2**31, 2**32 - 1, 1, 0), before=1 << 49),
    "as many groups as can be": forged((2**32 - 1, 1, 1, 1, 2**26, 0, 2**26, 0), before=SECTOR * (2**32 - 1)),
    "all of 2^61 bytes": forged((2**32 - 1, 2**18, 1, 1, 2**26, 2**32 - 2**6, 0, 0), before=BIG),
    "runs without end": forged((1, 1, 65_535, 2**32 - 1, 1, 137, 0, 100), before=SECTOR),
    "a run longer than all there is": forged((1, 1, 479, 2**32 - 1, 1, 1, 0, 0), before=SECTOR),
    "many guards for one sector": forged((1, 1, 1, 1, 1, 1, 65_534, 0), before=SECTOR),
    "guards between nothing": forged((0, 0, 0, 0, 1, 1, 65_000, 0), before=SECTOR),
    "sidecar of more than there is": forged((0, 0, 0, 0, 2**20, 2**30, 0, 0), before=1 << 50, flags=1),
}
LIMITED = """
import resource, sys
from pathlib import Path
from pybackup.errors import FormatError
from pybackup.monitor import Monitor
from pybackup.jobs.repair import repair
from pybackup.mend.health import assess
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + int(sys.argv[1]),) * 2)
for name in sys.argv[2:]:
    for job in (lambda: assess(name.encode(), Monitor()), lambda: repair([name.encode()], None, monitor=Monitor())):
        try:
            job()
        except FormatError as error:
            print(name, error)
"""


def test_forged_guards_cost_no_memory(tmp_path: Path) -> None:
    accepted = 0
    for number, sector in enumerate(FORGED.values()):
        with suppress(Refused):
            GuardSector.unpack(sector)
            accepted += 1
        (tmp_path / f"{number}").write_bytes(20 * sector)
    assert accepted > len(FORGED) / 2, "what is refused by its numbers alone proves nothing here"
    names = sorted(str(path) for path in tmp_path.iterdir())
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(256 << 20), *names], capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_many_forged_shapes_cost_no_squares() -> None:
    """Each sector tells of another volume, which would have as many guards as the file could hold."""
    count = 1500
    sectors = b"".join(forged((0, 0, 0, 0, 1, 1, number, 0), before=SECTOR) for number in range(16 * count)[-count:])
    found = found_in(sectors)
    assert found.geometry.guard_sectors <= 16 * count
