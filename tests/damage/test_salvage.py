"""Salvage: damage x place x what is known of it, with the fate of the file; and never a wrong byte in place."""

from __future__ import annotations

import os
import random
import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from kit.memory import fast_directory
from kit.snapshot import Fact, Snapshot, snapshot
from kit.specimen import Specimen, make_specimen

from pybackup.compress import partial
from pybackup.compress.methods import MIB
from pybackup.errors import NotAnArchive
from pybackup.layout import bundle, index, ustar
from pybackup.mend.mended import as_found
from pybackup.model.extents import Extents
from pybackup.model.problem import Problem, Trouble
from pybackup.model.soundness import Soundness, unproved
from pybackup.model.verdict import Fate, FileVerdict
from pybackup.monitor import Monitor
from pybackup.restore.plan import RestoreOptions, plan_salvage
from pybackup.restore.result import Restored
from pybackup.restore.run import run
from pybackup.tree.place import PlaceOptions

STORED, PACKED, HOLES, SHORT, WORDS = (
    b"tree/" + name for name in (b"stored.bin", b"packed.txt", b"holes.zip", b"short.txt", b"a/words.txt")
)
NOTHING = Extents()


def words(chance: random.Random, n_bytes: int) -> bytes:
    """Text that compresses to a third, with no long repeats."""
    lexicon = [chance.randbytes(chance.randrange(1, 6)).hex().encode() for _ in range(2000)]
    text = b" ".join(chance.choice(lexicon) for _ in range(n_bytes // 3))
    return text[:n_bytes]


@pytest.fixture(scope="module")
def specimen() -> Iterator[Specimen]:
    """Files of every method (words.txt is one block), in one segment (of 1 MiB) and in several, and a sparse one."""
    chance = random.Random(3)
    with fast_directory() as base:
        top = base / "tree"
        (top / "a" / "empty").mkdir(parents=True)
        (top / "stored.bin").write_bytes(chance.randbytes(3 * MIB + 77_777))
        (top / "packed.txt").write_bytes(words(chance, 2 * MIB + 5))
        (top / "short.txt").write_bytes(words(chance, 3000))
        (top / "a" / "words.txt").write_bytes(words(chance, 250_000))
        (top / "a" / "small.zip").write_bytes(chance.randbytes(20_000))
        (top / "a" / "nothing").write_bytes(b"")
        with (top / "holes.zip").open("wb") as file:
            file.truncate(1 << 21)
            for at in (1 << 16, 1 << 19, 1 << 20):
                file.seek(at)
                file.write(chance.randbytes(40_960))
        (top / "link").symlink_to("short.txt")
        os.link(top / "stored.bin", top / "zlink")
        (top / "short.txt").chmod(0o4711)
        yield make_specimen(top, base / "A.xtar")


@dataclass(frozen=True, slots=True)
class Outcome:
    done: Restored
    found: Snapshot
    problems: tuple[Problem, ...]

    def verdict(self, path: bytes) -> FileVerdict:
        return next(verdict for verdict in self.done.verdicts if verdict.path == path)


def salvage(
    data: bytes,
    room: Path,
    *,
    bad: Extents | None = None,
    repaired: Extents = NOTHING,
    keep_partial: bool = True,
    workers: int = 1,
) -> Outcome:
    image, target = room / "image", room / "out"
    image.write_bytes(data)
    monitor = Monitor()
    options = RestoreOptions(PlaceOptions(), workers=workers, keep_partial=keep_partial)
    done = run(
        plan_salvage(
            as_found(os.fsencode(image), unproved() if bad is None else Soundness(bad), repaired),
            os.fsencode(target),
            options,
        ),
        monitor=monitor,
    )
    found = snapshot(os.fsencode(target))
    return Outcome(done, found, tuple(monitor.problems))


def archived(specimen: Specimen, path: bytes) -> Fact:
    """What was archived under a path, or under its last component where only that is left of it."""
    if path.startswith(b"lost+found/"):
        name = path.rpartition(b"/")[2]
        return next(fact for each, fact in specimen.tree.items() if each.rpartition(b"/")[2] == name)
    return specimen.tree[path]


def content_of(specimen: Specimen, path: bytes) -> bytes:
    return archived(specimen, path).content


def faults(specimen: Specimen, outcome: Outcome) -> list[str]:
    """Everything a salvage did that it must not; empty when all is well."""
    done, found = outcome.done, outcome.found
    spoken = {problem.path for problem in outcome.problems}
    faults = []
    for path in sorted(specimen.tree.keys() & found.keys()):
        if found[path].content != content_of(specimen, path):
            faults.append(f"{path!r} has wrong content under its name")
    places = {verdict.placed_as for verdict in done.verdicts} | {unnamed.placed_as for unnamed in done.unnamed}
    refuge = {path for path in found if path.startswith(b"lost+found") and found[path].kind != stat.S_IFREG}
    strangers = found.keys() - specimen.tree.keys() - places - refuge
    faults += [f"{path!r} is nothing that anybody told of" for path in sorted(strangers)]
    for verdict in done.verdicts:
        faults += verdict_faults(verdict, outcome, specimen, spoken)
    if not done.complete and not outcome.problems:
        faults.append("something is lost, and nothing was said")
    if done.complete and found != specimen.tree:
        faults.append("complete, and yet the tree differs")
    missing = specimen.tree.keys() - found.keys() - spoken
    if missing and b"" not in spoken:
        faults.append(f"silently missing: {sorted(missing)}")
    return faults


def verdict_faults(verdict: FileVerdict, outcome: Outcome, specimen: Specimen, spoken: set[bytes]) -> Iterator[str]:
    path, found = verdict.path, outcome.found
    true = content_of(specimen, path)
    if verdict.fate in (Fate.INTACT, Fate.REPAIRED):
        if path not in found or verdict.present != Extents.of(((0, len(true)),)) or verdict.needed:
            yield f"{path!r} is called {verdict.fate}"
        return
    if path in found:
        yield f"{path!r} is called {verdict.fate}, and is there"
    if path not in spoken or not verdict.reason or not verdict.needed:
        yield f"{path!r} is {verdict.fate}, and nothing is said of it"
    if verdict.placed_as is None:
        return
    fact, whole = found[verdict.placed_as], archived(specimen, path)
    if (fact.mode, fact.mtime_ns, fact.owner) != (whole.mode, whole.mtime_ns, whole.owner):
        yield f"{verdict.placed_as!r} has not the metadata of its file"
    part = b"".join(fact.content[low:high] for low, high in verdict.present)
    if len(fact.content) != len(true) or part != b"".join(true[low:high] for low, high in verdict.present):
        yield f"{verdict.placed_as!r} has wrong bytes that are called right"
    if any(any(fact.content[low:high]) for low, high in (verdict.present | verdict.plausible).gaps(0, len(true))):
        yield f"{verdict.placed_as!r} has bytes where its holes should be"


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "flip": lambda data: bytes([data[0] ^ 1]) + data[1:],
    "zero": lambda data: bytes(len(data)),
    "noise": lambda data: random.Random(len(data)).randbytes(len(data)),
}

# Where: path, segment, first damaged byte as a share of its packed stream; fate if the bad bytes are known, and if not.
TABLE = {
    "stored, start": (b"tree/a/small.zip", 0, 0.0, Fate.PARTIAL, Fate.PARTIAL),
    "stored, middle": (b"tree/a/small.zip", 0, 0.5, Fate.PARTIAL, Fate.PARTIAL),
    "stored, end": (b"tree/a/small.zip", 0, 0.99, Fate.PARTIAL, Fate.PARTIAL),
    "stored segment": (STORED, 1, 0.5, Fate.PARTIAL, Fate.PARTIAL),
    "last stored segment": (STORED, 3, 0.9, Fate.PARTIAL, Fate.PARTIAL),
    "deflate, start": (SHORT, 0, 0.0, Fate.LOST, Fate.LOST),
    "deflate, middle": (SHORT, 0, 0.7, Fate.PARTIAL, Fate.PARTIAL),
    "lzma2, start": (WORDS, 0, 0.0, Fate.LOST, Fate.LOST),
    "lzma2, middle": (WORDS, 0, 0.5, Fate.PARTIAL, Fate.PARTIAL),
    "lzma2 segment": (PACKED, 1, 0.3, Fate.PARTIAL, Fate.PARTIAL),
    "sparse, map": (HOLES, 0, 0.0, Fate.LOST, Fate.LOST),
    "sparse, data": (HOLES, 0, 0.5, Fate.PARTIAL, Fate.PARTIAL),
}


# One flipped bit at the start, and the decoder goes on with what is not the content: plausible is all that it may be.
GARBLED = ("lzma2, start",)
# There that bit only says that more blocks follow: all of the content is before it, and its hash proves it.
UNHURT = ("deflate, start", "flip")


@pytest.mark.parametrize("known", [True, False], ids=["known", "unknown"])
@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("place", TABLE)
def test_fate(specimen: Specimen, room: Path, place: str, damage: str, known: bool) -> None:
    path, segment, share, fate_if_known, fate_if_not = TABLE[place]
    low, high = specimen.streams[path][segment]
    start = low + int(share * (high - low))
    end = min(high, start + 100)
    data = specimen.data[:start] + DAMAGES[damage](specimen.data[start:end]) + specimen.data[end:]
    bad = Extents.of(((start, end),))
    outcome = salvage(data, room, bad=bad if known else None)
    assert faults(specimen, outcome) == []
    verdict = outcome.verdict(path)
    if (place, damage) == UNHURT:
        assert verdict.fate is Fate.INTACT
        assert outcome.done.not_intact == []
        return
    garbled = not known and damage == "flip" and place in GARBLED
    assert verdict.fate is (Fate.PARTIAL if garbled else fate_if_known if known else fate_if_not)
    assert not (known and verdict.plausible)
    assert [each.path for each in outcome.done.not_intact] == [path]
    if known:
        assert verdict.wanted == bad
        assert f" {start // 2048}" in verdict.needed
    assert not outcome.done.complete


def test_stored_files_lose_no_byte_but_the_bad_ones(specimen: Specimen, room: Path) -> None:
    low, _ = specimen.streams[STORED][1]
    spots = [(5, 6), (2048, 4096), (70_000, 70_001), (900_000, 1_000_000)]
    data = bytearray(specimen.data)
    for start, end in spots:
        data[low + start : low + end] = bytes(byte ^ 0xFF for byte in data[low + start : low + end])
    outcome = salvage(bytes(data), room, bad=Extents.of((low + start, low + end) for start, end in spots))
    assert faults(specimen, outcome) == []
    lost = outcome.verdict(STORED).present.gaps(0, len(content_of(specimen, STORED)))
    assert lost == Extents.of((MIB + start, MIB + end) for start, end in spots)


def test_a_prefix_comes_back_up_to_the_damage(specimen: Specimen, room: Path) -> None:
    low, high = specimen.streams[WORDS][0]
    at = low + (high - low) // 2
    data = specimen.data[:at] + bytes(high - at) + specimen.data[high:]
    outcome = salvage(data, room, bad=Extents(((at, high),)))
    ((start, end),) = outcome.verdict(WORDS).present
    assert start == 0
    assert 0.4 < end / len(content_of(specimen, WORDS)) < 0.6


def test_sparse_files_keep_holes_and_what_lies_behind_the_damage(specimen: Specimen, room: Path) -> None:
    low, high = specimen.streams[HOLES][0]
    at = (low + high) // 2
    outcome = salvage(specimen.data[:at] + b"x" * 9 + specimen.data[at + 9 :], room, bad=Extents(((at, at + 9),)))
    assert faults(specimen, outcome) == []
    assert outcome.verdict(HOLES).present.n_bytes == (1 << 21) - 9


def test_bad_bytes_outside_of_content_cost_nothing(specimen: Specimen, room: Path) -> None:
    place = specimen.place("7z tail", 2)
    data = specimen.data[: place.start] + bytes(place.end - place.start) + specimen.data[place.end :]
    outcome = salvage(data, room, bad=Extents(((place.start, place.end),)))
    assert outcome.done.complete
    assert faults(specimen, outcome) == []


def test_repaired_files_are_called_so(specimen: Specimen, room: Path) -> None:
    low, high = specimen.streams[STORED][2]
    outcome = salvage(specimen.data, room, bad=NOTHING, repaired=Extents.of(((low + 5, high - 5), (0, 512))))
    assert outcome.done.complete
    assert [verdict.path for verdict in outcome.done.not_intact] == [STORED]
    assert outcome.done.counts[Fate.REPAIRED] == 1
    assert faults(specimen, outcome) == []


def test_sums_that_vouch_for_wrong_content_are_not_believed(specimen: Specimen, room: Path) -> None:
    """No byte is known to be bad, and yet the digest differs: then nothing inside the member can be trusted."""
    low, _ = specimen.streams[b"tree/a/small.zip"][0]
    data = specimen.data[: low + 9] + b"wrong" + specimen.data[low + 14 :]
    for bad in (NOTHING, Extents.of((low - 90, low - 80) for low, _ in specimen.streams[WORDS])):
        outcome = salvage(data, room, bad=bad)
        assert outcome.verdict(b"tree/a/small.zip").fate is Fate.LOST
        assert faults(specimen, outcome) == []
        shutil.rmtree(room / "out")


def test_partial_files_can_be_dropped(specimen: Specimen, room: Path) -> None:
    low, _ = specimen.streams[STORED][0]
    data = specimen.data[:low] + bytes(99) + specimen.data[low + 99 :]
    outcome = salvage(data, room, bad=Extents(((low, low + 99),)), keep_partial=False)
    assert faults(specimen, outcome) == []
    verdict = outcome.verdict(STORED)
    assert (verdict.fate, verdict.placed_as) == (Fate.PARTIAL, None)
    assert verdict.present.n_bytes == verdict.size - 99
    assert not [path for path in outcome.found if b"partial" in path]


def test_hard_links_to_what_is_lost_are_named(specimen: Specimen, room: Path) -> None:
    low, _ = specimen.streams[STORED][0]
    data = specimen.data[:low] + bytes(99) + specimen.data[low + 99 :]
    outcome = salvage(data, room)
    assert [problem.path for problem in outcome.done.unplaced] == [b"tree/zlink"]
    assert faults(specimen, outcome) == []


@pytest.mark.parametrize("workers", [1, 2])
def test_names_of_partial_files_take_nobody_elses(room: Path, workers: int) -> None:
    chance = random.Random(1)
    top = room / "tree"
    top.mkdir()
    for name in ("x.zip", "x.zip.partial", "y" * 255, "x.zip.partial~2"):
        (top / name).write_bytes(chance.randbytes(5000))
    specimen = make_specimen(top, room / "A.xtar")
    hurt = [b"tree/x.zip", b"tree/" + b"y" * 255]
    bad = Extents.of((specimen.streams[path][0][0] + 7, specimen.streams[path][0][0] + 8) for path in hurt)
    data = bytearray(specimen.data)
    for start, _ in bad:
        data[start] ^= 1
    (room / "out" / "tree").mkdir(parents=True)
    (room / "out" / "tree" / "x.zip.partial~1").write_bytes(b"mine")
    outcome = salvage(bytes(data), room, bad=bad, workers=workers)
    assert outcome.verdict(hurt[0]).placed_as == b"tree/x.zip.partial~3"
    assert outcome.verdict(hurt[1]).placed_as == b"tree/" + b"y" * 247 + b".partial"
    assert outcome.found.pop(b"tree/x.zip.partial~1").content == b"mine"
    assert faults(specimen, outcome) == []


def test_what_stands_in_the_way_is_not_replaced(specimen: Specimen, room: Path) -> None:
    (room / "out" / "tree").mkdir(parents=True)
    for name in ("short.txt", "stored.bin"):
        (room / "out" / "tree" / name).write_bytes(b"mine")
    outcome = salvage(specimen.data, room)
    assert outcome.found[SHORT].content == outcome.found[STORED].content == b"mine"
    assert outcome.verdict(SHORT).fate is outcome.verdict(STORED).fate is Fate.UNPLACED
    assert outcome.verdict(SHORT).reason.startswith("another file is in the way")
    assert not outcome.done.complete
    assert {problem.trouble for problem in outcome.problems if problem.path in (SHORT, STORED)} == {Trouble.EXISTS}


def without_structures(specimen: Specimen) -> bytearray:
    """The image without any header, index, structure or note: with nothing but the ``.7z`` files."""
    data = bytearray(specimen.data)
    for at in range(0, len(data), ustar.BLOCK):
        block = data[at : at + ustar.BLOCK]
        if block[ustar.MAGIC_OFFSET : ustar.MAGIC_OFFSET + 5] == b"ustar" or block[:8] == index.HEAD_MAGIC:
            data[at : at + ustar.BLOCK] = bytes(len(block))
    return data.replace(index.FOOT_MAGIC, bytes(8)).replace(bundle.MAGIC, bytes(4))


@pytest.mark.parametrize("workers", [1, 2])
def test_bare_members_come_back(specimen: Specimen, room: Path, workers: int) -> None:
    outcome = salvage(bytes(without_structures(specimen)), room, workers=workers)
    done = outcome.done
    assert (len(done.verdicts), done.missing, done.way, done.complete, done.nothing) == (0, None, "", False, False)
    assert b"" in [problem.path for problem in outcome.problems]
    assert all(found.fate is Fate.INTACT for found in done.unnamed)
    back = {outcome.found[found.placed_as].content for found in done.unnamed if found.placed_as}
    for path in (SHORT, WORDS, b"tree/a/small.zip", b"tree/a/nothing"):
        assert content_of(specimen, path) in back
    for path in (STORED, PACKED):
        whole = content_of(specimen, path)
        assert {whole[at : at + MIB] for at in range(0, len(whole), MIB)} <= back
    assert {path for path in outcome.found if not path.startswith(b"lost+found")} == set()
    names = {found.name for found in done.unnamed}
    assert {b"stored.bin", b"small.zip"} <= names


def test_bare_members_replace_nothing(specimen: Specimen, room: Path) -> None:
    data = bytes(without_structures(specimen))
    first = salvage(data, room)
    again = salvage(data, room)
    assert again.done.unnamed == first.done.unnamed
    for found in first.done.unnamed:
        assert found.placed_as is not None
        (room / "out" / os.fsdecode(found.placed_as)).write_bytes(b"mine" * found.size + b"!")
    second = salvage(data, room)
    places = {found.placed_as for found in first.done.unnamed}
    assert places.isdisjoint(found.placed_as for found in second.done.unnamed)
    assert len(second.found) == 2 * len(places) + 1


def test_damaged_bare_members_are_told_of(specimen: Specimen, room: Path) -> None:
    data = without_structures(specimen)
    stored, deflated = (specimen.streams[path][0] for path in (b"tree/a/small.zip", SHORT))
    data[stored[0] + 9] ^= 1
    data[deflated[1] + 3] ^= 1  # the end header
    bad = Extents.of(((stored[0] + 9, stored[0] + 10), (deflated[1] + 3, deflated[1] + 4)))
    done = salvage(bytes(data), room, bad=bad).done
    # One lies in a bundle, the other alone.
    fates = {found.offset: found for found in done.unnamed}
    assert fates[stored[0]].fate is Fate.PARTIAL
    assert fates[stored[0]].present.n_bytes == 19_999
    assert str(fates[stored[0]].placed_as).endswith(".partial'")
    assert fates[deflated[0] - 32].fate is Fate.LOST
    assert "end header" in fates[deflated[0] - 32].reason


def test_nothing_at_all_is_no_archive(room: Path) -> None:
    for data in (b"", bytes(5000), random.Random(1).randbytes(10_000), b"7z\xbc\xaf\x27\x1c" + bytes(2000)):
        with pytest.raises(NotAnArchive):
            salvage(data, room)
        assert not (room / "out").exists()


def without_indexes(specimen: Specimen) -> bytearray:
    data = bytearray(specimen.data)
    for place in specimen.places:
        if "index" in place.name:
            data[place.start : place.end] = bytes(place.end - place.start)
    return data


@pytest.mark.parametrize("segment", [0, 1, 3])
def test_segments_are_put_where_they_belong(specimen: Specimen, room: Path, segment: int) -> None:
    """No index and one header lost: its member is found by signature, the others are in their place."""
    data = without_indexes(specimen)
    start = specimen.streams[STORED][segment][0] - 32
    data[start - 512 : start] = bytes(512)
    outcome = salvage(bytes(data), room)
    whole = content_of(specimen, STORED)
    expected = Extents(((0, len(whole)),))
    cut = expected.within(segment * MIB, (segment + 1) * MIB)
    verdict = outcome.verdict(STORED)
    assert verdict.fate is Fate.PARTIAL
    assert verdict.present == cut.gaps(0, len(whole))
    assert faults(specimen, outcome) == []
    (found,) = outcome.done.unnamed
    assert (found.offset, found.fate) == (start, Fate.INTACT)
    assert found.placed_as is not None
    assert outcome.found[found.placed_as].content == whole[segment * MIB : (segment + 1) * MIB]


@pytest.mark.parametrize("known", [True, False], ids=["known", "unknown"])
def test_truncated_images(specimen: Specimen, room: Path, known: bool) -> None:
    start, end = specimen.streams[STORED][2]
    outcome = salvage(specimen.data[: (start + end) // 2], room, bad=NOTHING if known else None)
    assert faults(specimen, outcome) == []
    present = outcome.verdict(STORED).present
    middle = (end - start) // 2 if known else 0
    assert present == Extents(((0, 2 * MIB + middle),))
    assert not outcome.done.complete


@pytest.mark.parametrize("change", ["delete", "insert"])
def test_what_is_shifted_comes_back_under_its_name(specimen: Specimen, room: Path, change: str) -> None:
    """A sector fell out, or came in twice: all that follows lies elsewhere than every index says."""
    start = specimen.streams[HOLES][0][0]
    at = start - start % 2048 + 8 * 2048
    data = specimen.data[:at] + (specimen.data[at + 2048 :] if change == "delete" else specimen.data[at - 2048 :])
    outcome = salvage(data, room)
    assert faults(specimen, outcome) == []
    assert [verdict.path for verdict in outcome.done.not_intact] == [HOLES]


def test_two_workers_bring_back_the_same(specimen: Specimen, room: Path) -> None:
    chance = random.Random(8)
    data = bytearray(specimen.data)
    bad = Extents.of((at, at + 700) for at in (chance.randrange(len(data)) for _ in range(30)))
    for start, end in bad:
        data[start:end] = bytes(end - start)
    one = salvage(bytes(data), room, bad=bad)
    shutil.rmtree(room / "out")
    two = salvage(bytes(data), room, bad=bad, workers=2)
    assert faults(specimen, one) == faults(specimen, two) == []
    assert one.found == two.found
    assert list(one.done.verdicts) == list(two.done.verdicts)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("known", [True, False], ids=["known", "unknown"])
def test_never_a_wrong_byte(small: Specimen, specimen: Specimen, room: Path, seed: int, known: bool) -> None:
    chance = random.Random(seed)
    for each in (small, specimen):
        data = bytearray(each.data)
        spots = [(at, at + chance.choice((1, 50, 2048, 9000))) for at in chance.sample(range(len(data)), 1 + seed)]
        bad = Extents.of(spots).within(0, len(data))
        for start, end in bad:
            data[start:end] = chance.randbytes(end - start)
        outcome = salvage(bytes(data), room, bad=bad if known else None)
        assert faults(each, outcome) == []
        shutil.rmtree(room / "out")


def test_long_segments_are_proved_before_a_byte_is_written(
    specimen: Specimen, room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is too long to be held is decoded twice, with the same result."""
    starts = [specimen.streams[path][0][0] for path in (WORDS, PACKED)]
    bad = Extents.of((start + 7000, start + 7900) for start in starts)
    data = bytearray(specimen.data)
    for start, end in bad:
        data[start:end] = bytes(end - start)
    held = salvage(bytes(data), room, bad=bad)
    shutil.rmtree(room / "out")
    monkeypatch.setattr(partial, "_HELD_BYTES", 0)
    twice = salvage(bytes(data), room, bad=bad)
    assert faults(specimen, twice) == []
    assert list(twice.done.verdicts) == list(held.done.verdicts)
    assert twice.found == held.found
    assert twice.done.counts[Fate.PARTIAL] == 2
