"""Decoded segments: each is decoded once whoever asks, ahead of whoever reads on, and few are kept."""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from kit.archives import archive

from pybackup.archive.open import OpenArchive, open_archive
from pybackup.errors import Damaged
from pybackup.fuse import contents
from pybackup.fuse.contents import MountedContent, SegmentCache, content_of
from pybackup.host.storage import ArchiveFile
from pybackup.model.member import Member, Stored
from pybackup.restore.content import first_whole

SEGMENT, SEGMENTS = 1 << 20, 8
WHOLE = random.Random(9).randbytes(SEGMENT * SEGMENTS)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("contents")
    (base / "large").write_bytes(WHOLE)
    archive([base / "large"], base / "a.xtar", segment_bytes=SEGMENT)
    return base / "a.xtar"


class Decoded:
    """Counts how often each segment is decoded, by the number of its file's segment, and by which threads."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.counts: Counter[int] = Counter()
        self.threads: set[str] = set()
        self._numbers: dict[int, int] = {}
        self._real = first_whole
        patch.setattr(contents, "first_whole", self)

    def of(self, stored: Stored) -> None:
        self._numbers = {member.stream_offset: number for number, member in enumerate(stored.members)}

    def __call__(self, file: ArchiveFile, members: Sequence[Member]) -> bytes:
        self.counts[self._numbers[members[0].stream_offset]] += 1
        self.threads.add(threading.current_thread().name)
        time.sleep(0.02)  # so long that others ask meanwhile
        return self._real(file, members)


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> Decoded:
    return Decoded(monkeypatch)


@pytest.fixture
def opened(made: Path) -> Iterator[OpenArchive]:
    with open_archive(os.fsencode(made)) as found:
        yield found


def large(opened: OpenArchive, cache: SegmentCache, decoded: Decoded) -> MountedContent:
    stored = opened.listing.stored(list(opened.listing.paths).index(b"large"))
    assert len(stored.members) == SEGMENTS
    decoded.of(stored)
    return content_of(opened, stored, cache)


def test_what_several_ask_for_at_once_is_decoded_once(opened: OpenArchive, decoded: Decoded) -> None:
    content = large(opened, SegmentCache(), decoded)
    with ThreadPoolExecutor(8) as readers:
        got = readers.map(lambda at: content.read(at, 1000), range(0, 160_000, 20_000))
        assert [*got] == [WHOLE[at : at + 1000] for at in range(0, 160_000, 20_000)]
    assert decoded.counts == {0: 1}


def test_whoever_reads_on_finds_it_decoded(opened: OpenArchive, decoded: Decoded) -> None:
    cache = SegmentCache()
    content = large(opened, cache, decoded)
    assert content.read(5 * SEGMENT, 10) == WHOLE[5 * SEGMENT :][:10]
    assert content.read(2 * SEGMENT, 10) == WHOLE[2 * SEGMENT :][:10]
    assert decoded.counts == {2: 1, 5: 1}  # nobody reads on
    assert b"".join(content.read(at, 1 << 17) for at in range(0, len(WHOLE), 1 << 17)) == WHOLE
    cache.finish()
    assert decoded.counts == dict.fromkeys(range(SEGMENTS), 1)
    assert any(name.startswith("read-ahead") for name in decoded.threads)


def test_nothing_is_read_ahead_that_could_not_be_kept(opened: OpenArchive, decoded: Decoded) -> None:
    cache = SegmentCache(4 * SEGMENT)
    content = large(opened, cache, decoded)
    assert b"".join(content.read(at, 1 << 17) for at in range(0, len(WHOLE), 1 << 17)) == WHOLE
    assert decoded.threads == {threading.current_thread().name}
    assert sum(map(len, cache._kept.values())) <= 4 * SEGMENT
    assert content.read(0, 10) == WHOLE[:10]
    assert decoded.counts[0] == 2


def test_after_the_end_nothing_is_decoded_ahead(opened: OpenArchive, decoded: Decoded) -> None:
    cache = SegmentCache()
    content = large(opened, cache, decoded)
    cache.finish()
    for number in range(3):
        content.read(number * SEGMENT, 10)
    assert decoded.counts == {0: 1, 1: 1, 2: 1}


def test_what_is_lost_is_told_to_whoever_reads_it(made: Path, tmp_path: Path, decoded: Decoded) -> None:
    data = bytearray(made.read_bytes())
    at = data.find(WHOLE[3 * SEGMENT :][:64])
    data[at : at + 4096] = bytes(4096)
    (tmp_path / "hurt.xtar").write_bytes(data)
    cache = SegmentCache()
    with open_archive(os.fsencode(tmp_path / "hurt.xtar")) as opened:
        content = large(opened, cache, decoded)
        for number in (0, 1, 2):
            assert content.read(number * SEGMENT, 10) == WHOLE[number * SEGMENT :][:10]
        with ThreadPoolExecutor(4) as readers:
            asked = [readers.submit(content.read, 3 * SEGMENT, 10) for _ in range(4)]
        assert [type(each.exception()) for each in asked] == [Damaged] * 4
        assert content.read(4 * SEGMENT, 10) == WHOLE[4 * SEGMENT :][:10]
        cache.finish()
