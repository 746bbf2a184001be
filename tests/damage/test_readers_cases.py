"""Archives that each reader once read otherwise, and what is there to be had of them by a look at their bytes alone."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from kit.memory import fast_directory

import pybackup
from pybackup.archive.open import open_archive
from pybackup.layout import note, ustar
from pybackup.mend.health import State
from pybackup.model.entry import Kind
from pybackup.monitor import Monitor
from pybackup.restore.unpack import unpack
from pybackup.sector import SECTOR

from .readers import Subject, read, read_by_all, subject, write

SECOND_NAME = "tree/zlink"


@pytest.fixture(scope="module")
def room() -> Iterator[Path]:
    with fast_directory() as base:
        yield base


@cache
def streams_of(kind: str) -> dict[str, list[bytes]]:
    """The packed streams of each file, segment by segment: what its content is decoded from."""
    found: dict[str, list[bytes]] = {}
    links: dict[str, str] = {}
    with fast_directory() as base:
        write(base / "given", subject(kind).files)
        with open_archive(os.fsencode(base / "given")) as archive:
            for stored in archive.listing:
                path = os.fsdecode(stored.entry.path)
                if stored.entry.kind is Kind.HARDLINK:
                    links[path] = os.fsdecode(stored.entry.target)
                elif stored.entry.kind is Kind.FILE:
                    places = [(each.stream_offset, each.stream_bytes) for each in stored.members]
                    found[path] = [archive.file.read_at(*place) for place in places]
    return found | {path: found[target] for path, target in links.items()}


def there(kind: str, damaged: Mapping[str, bytes]) -> set[str]:
    """Files all streams of which still stand somewhere in what is left; of an empty file nothing can."""
    left = b"".join(damaged.values())
    return {
        name for name, streams in streams_of(kind).items() if any(streams) and all(each in left for each in streams)
    }


def archive_in(image: bytes) -> tuple[int, int]:
    """Where the body of the archive in an image begins and ends."""
    begin = headers(image)[0]
    return begin, begin + note.Note.unpack(image[begin : begin + ustar.BLOCK]).file_bytes


def headers(image: bytes) -> list[int]:
    """Offsets of the headers with a note."""
    places = range(0, len(image) - ustar.BLOCK, ustar.BLOCK)
    return [at for at in places if image.startswith(note.MAGIC, at + ustar.NOTE_OFFSET)]


def zeroed(data: bytes, *ranges: tuple[float, float]) -> bytes:
    changed = bytearray(data)
    for start, end in ranges:
        changed[int(start) : int(end)] = bytes(len(changed[int(start) : int(end)]))
    return bytes(changed)


def flipped(data: bytes, share: float, seed: int) -> bytes:
    """With one bit wrong in so many bytes."""
    chance = random.Random(seed)
    changed = bytearray(data)
    for at in chance.sample(range(len(data)), int(share * len(data))):
        changed[at] ^= 1 << chance.randrange(8)
    return bytes(changed)


def without_sums(whole: Subject) -> tuple[bytes, int, int]:
    """An image with zeros where its parity was, and with it the sums of its sectors; where the archive's body is."""
    start, end = archive_in(whole.data)
    return zeroed(whole.data, (end, len(whole.data))), start, end


def with_content(whole: Subject, names: set[str]) -> set[str]:
    return {name for name in names if whole.contents[name]}


def brought_back(whole: Subject, damaged: Mapping[str, bytes], room: Path) -> set[str]:
    """What each reader brings back of damaged files, which is the same with all."""
    return set(read_by_all(write(room / "given", damaged), room / "out", whole)["extract"].right)


def test_a_file_with_two_names_is_mended_under_both(room: Path) -> None:
    whole = subject("parity")
    (stream,) = streams_of("parity")[SECOND_NAME]
    at = whole.data.index(stream) + len(stream) // 2
    damaged = {"a.xtar": zeroed(whole.data, (at, at + 16))}
    assert brought_back(whole, damaged, room) == set(whole.contents)
    monitor = Monitor()
    pybackup.extract(room / "given" / "a.xtar", room / "twins", workers=1, monitor=monitor)
    assert monitor.problems == []
    one, other = room / "twins" / SECOND_NAME, room / "twins" / "tree" / "d1" / "e1" / "file1"
    assert one.stat().st_ino == other.stat().st_ino


def test_an_image_without_its_start_and_parity(room: Path) -> None:
    whole = subject("image")
    data, start, _ = without_sums(whole)
    damaged = {"a.iso": zeroed(data, (0, min(65536, start)))}
    assert brought_back(whole, damaged, room) == set(whole.contents)


@pytest.mark.parametrize("share", [0.85, 0.5])
def test_the_same_cut(share: float, room: Path) -> None:
    whole = subject("image")
    data, start, end = without_sums(whole)
    damaged = {"a.iso": zeroed(data, (0, min(65536, start)))[: start + int(share * (end - start))]}
    found = brought_back(whole, damaged, room)
    assert with_content(whole, found) == there("image", damaged) - {SECOND_NAME}


@pytest.mark.parametrize("kind", ["bare", "sums", "parity"])
@pytest.mark.parametrize("cut_bytes", [30_001, 40 * SECTOR])
def test_an_archive_cut_at_both_ends(kind: str, cut_bytes: int, room: Path) -> None:
    whole = subject(kind)
    damaged = {"a.xtar": whole.data[cut_bytes : int(0.85 * len(whole.data))]}
    found = with_content(whole, brought_back(whole, damaged, room))
    left = there(kind, damaged) - {SECOND_NAME}
    assert found >= left if kind == "parity" else found == left


def test_a_set_of_volumes_cut_at_both_ends(room: Path) -> None:
    whole = subject("set of ten")
    damaged = {name: zeroed(data, (0, 32768))[: -15 * SECTOR] for name, data in whole.files.items()}
    found = brought_back(whole, damaged, room)
    assert found >= there("set of ten", damaged)
    # As a directory they are what they are as files.
    for how in ("extract", "salvage"):
        assert read(how, [room / "given"], room / "out", whole.contents).right == found
    names = {os.fsdecode(stored.entry.path) for stored in pybackup.list(room / "given", monitor=Monitor())}
    assert names >= set(whole.contents)
    # Nor does a rebuild of the directory refuse what it does not know by its start and end.
    paths = write(room / "given", {**damaged, **whole.more})
    outcomes = []
    for number, given in enumerate((paths, [room / "given"])):
        rebuilt = pybackup.rebuild(given, to=room / f"rebuilt{number}", monitor=Monitor())
        outcomes.append([(each.info, each.outcome) for each in rebuilt.volumes])
    assert outcomes[0] == outcomes[1]


def hit_everywhere(files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {name: flipped(data, 1e-3, seed) for seed, (name, data) in enumerate(files.items())}


def without_starts(files: Mapping[str, bytes]) -> dict[str, bytes]:
    first, second, *_ = files
    return {name: data[len(data) // 5 :] if name in (first, second) else data for name, data in files.items()}


@pytest.mark.parametrize("kind", ["set of ten", "bare set of ten"])
@pytest.mark.parametrize("damage", [hit_everywhere, without_starts])
def test_a_recovery_volume_gives_no_less(
    kind: str, damage: Callable[[Mapping[str, bytes]], dict[str, bytes]], room: Path
) -> None:
    whole = subject(kind)
    damaged = damage(whole.files)
    alone = brought_back(whole, damaged, room)
    assert alone >= there(kind, damaged)
    assert brought_back(whole, {**damaged, **whole.more}, room) >= alone


def test_headers_of_an_image_without_sums_are_damaged(room: Path) -> None:
    whole = subject("image")
    data = bytearray(without_sums(whole)[0])
    for at in headers(whole.data)[1::4]:
        data[at + 20] ^= 4
    assert brought_back(whole, {"a.iso": bytes(data)}, room) == set(whole.contents)


def test_an_image_without_sums_is_hit_everywhere(room: Path) -> None:
    whole = subject("image")
    damaged = {"a.iso": flipped(without_sums(whole)[0], 1e-3, 3)}
    found = brought_back(whole, damaged, room)
    assert with_content(whole, found) == there("image", damaged)


@pytest.mark.parametrize("zeros_in_front", [0, 40])
def test_a_scratch_through_the_middle(zeros_in_front: int, room: Path) -> None:
    whole = subject("image")
    data, start, end = without_sums(whole)
    scratch = (start + 0.4 * (end - start), start + 0.54 * (end - start))
    damaged = {"a.iso": zeroed(data, (0, zeros_in_front * SECTOR), scratch)}
    found = brought_back(whole, damaged, room)
    assert with_content(whole, found) == there("image", damaged)
    # The index at the end of the archive tells all names.
    names = {os.fsdecode(stored.entry.path) for stored in pybackup.list(room / "given" / "a.iso", monitor=Monitor())}
    assert names >= set(whole.contents)
    assert pybackup.info(room / "given" / "a.iso").complete


def scratched_radially(data: bytes, share: float) -> bytes:
    """An image from whose every turn of the spiral the same angle is gone, from the first turn to the last."""
    sectors = len(data) // SECTOR
    begins: list[float] = [0.0]
    while begins[-1] < sectors:
        # From 9 sectors a turn inside to 22 outside, as on a CD.
        begins.append(begins[-1] + 9 + 13 * begins[-1] / sectors)
    turns = list(pairwise(begins))
    gone = [(round(begin + 0.3 * (end - begin)), round(begin + (0.3 + share) * (end - begin))) for begin, end in turns]
    return zeroed(data, *((first * SECTOR, last * SECTOR) for first, last in gone))


@pytest.mark.parametrize("kind", ["image", "bare", "sums", "parity"])
@pytest.mark.parametrize("is_index_whole", [True, False])
def test_a_radial_scratch(kind: str, is_index_whole: bool, room: Path) -> None:
    """One seventh of each turn: more than parity mends, so that each file counts that the damage missed."""
    whole = subject(kind)
    start, end = archive_in(whole.data)
    scratched = scratched_radially(whole.data, 0.14)
    foot = end - 32 * SECTOR if is_index_whole else end
    damaged = {"a": scratched[:foot] + whole.data[foot:end] + scratched[end:]}
    assert sum(one != other for one, other in zip(scratched[start:end], whole.data[start:end], strict=True)) > 0
    found = brought_back(whole, damaged, room)
    assert with_content(whole, found) >= there(kind, damaged) - {SECOND_NAME}
    if is_index_whole:
        names = {os.fsdecode(stored.entry.path) for stored in pybackup.list(room / "given" / "a", monitor=Monitor())}
        assert names >= set(whole.contents)
        assert pybackup.info(room / "given" / "a").complete
        # Nothing is in lost+found that has a name.
        monitor = Monitor()
        salvaged = pybackup.salvage(room / "given" / "a", room / "named", workers=1, monitor=monitor)
        assert salvaged.restored.unnamed == []


@pytest.mark.parametrize("kind", ["bare", "sums", "parity"])
@pytest.mark.parametrize("n_bytes", [1, 511, 3000, 4096])
def test_bytes_in_front(kind: str, n_bytes: int, room: Path) -> None:
    whole = subject(kind)
    damaged = {"a.xtar": random.Random(n_bytes).randbytes(n_bytes) + whole.data}
    assert brought_back(whole, damaged, room) == set(whole.contents)
    path = room / "given" / "a.xtar"
    assert pybackup.verify(path, monitor=Monitor()).state is not State.BEYOND
    assert {os.fsdecode(each.entry.path) for each in pybackup.list(path, monitor=Monitor())} >= set(whole.contents)
    assert pybackup.info(path).complete
    with fast_directory() as to:
        unpack(os.fsencode(path), os.fsencode(to / "package"), monitor=Monitor())
        assert len([*to.rglob("*.7z")]) >= len(streams_of(kind)) - 2


@pytest.mark.parametrize("kind", ["bare", "sums"])
@pytest.mark.parametrize("n_bytes", [100, 512])
def test_bytes_come_in_and_the_end_is_cut(kind: str, n_bytes: int, room: Path) -> None:
    whole = subject(kind)
    at = len(whole.data) // 3
    damaged = {"a.xtar": (whole.data[:at] + bytes(n_bytes) + whole.data[at:])[: int(0.8 * len(whole.data))]}
    found = brought_back(whole, damaged, room)
    assert with_content(whole, found) == there(kind, damaged) - {SECOND_NAME}
