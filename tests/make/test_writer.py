"""The writer: single archives and volumes are sealed before they get their names, and none is left half-made."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kit.hearing import Counting

from pybackup.archive.open import open_archive
from pybackup.compress.methods import Compression
from pybackup.compress.pack import PackJob, pack
from pybackup.container.frames import Carry
from pybackup.container.own_files import own_files
from pybackup.delta.signature import SignatureMaker
from pybackup.errors import EnvironmentFailed, UsageError
from pybackup.make.plan import CreateOptions, Plan, plan_create
from pybackup.make.plan_set import SetOptions, SetPlan, plan_set
from pybackup.make.resume import Resumption
from pybackup.make.signing import Signing
from pybackup.make.volumes import SetVolumes, SingleArchive, Volumes, check_length
from pybackup.make.writer import Count, Writer
from pybackup.model.content import Bare, PackedPiece, Piece, Ready, Whole
from pybackup.model.entry import Entry, Kind
from pybackup.model.member import Method
from pybackup.model.source import Source
from pybackup.monitor import Monitor
from pybackup.tree.content import read_contents

SIZE = 120_000


@pytest.fixture
def top(tmp_path: Path) -> Path:
    chance = random.Random(4)
    for number in range(40):
        path = tmp_path / f"top/d{number % 4}/f{number:02}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(chance.randbytes(chance.choice((100, 3000, 20_000))))
    (tmp_path / "top/link").symlink_to("d0")
    return tmp_path / "top"


def _options() -> CreateOptions:
    return CreateOptions(parity=None, workers=1)


def _single(top: Path) -> Plan:
    sources = [Source(os.fsencode(top), b"top")]
    path = os.fsencode(top.parent / "a.xtar")
    return plan_create(sources, path, judge=None, options=_options(), monitor=Monitor())


def _set(top: Path, *, tight: bool = False, size: int = SIZE) -> SetPlan:
    to = SetOptions(os.fsencode(top.parent / "set"), "docs", size, tight=tight)
    sources = [Source(os.fsencode(top), b"top")]
    return plan_set(sources, to, judge=None, options=_options(), monitor=Monitor())


def _items(plan: Plan) -> Iterator[Ready]:
    for planned in plan.entries:
        entry = planned.entry
        if entry.kind is not Kind.FILE:
            yield Bare(entry)
            continue
        data = Path(os.fsdecode(planned.path)).read_bytes()
        job = PackJob(data, entry.name, entry.mode, entry.mtime_ns, Method.COPY, Compression.FAST)
        yield PackedPiece(Piece(entry, data, whole=Whole()), pack(job))


def _write(plan: Plan, to: Volumes, monitor: Monitor) -> Count:
    with Signing(plan.options) as signing, Writer(to, plan.entries, Carry(), signing, monitor) as writer:
        for item in _items(plan):
            writer.put(item)
        lies_at = writer.close()
        assert Path(os.fsdecode(lies_at)).is_file()
        writer.seal(monitor=Monitor())
        return writer.count


@contextmanager
def _contents(path: Path) -> Iterator[dict[bytes, int]]:
    with open_archive(os.fsencode(path)) as opened:
        assert opened.listing.complete
        yield {stored.entry.path: stored.entry.size for stored in opened.listing if stored.members}


def _expected(top: Path) -> dict[bytes, int]:
    return {os.fsencode(path.relative_to(top.parent)): path.stat().st_size for path in top.rglob("f*")}


def test_a_single_archive_has_no_limit_and_all_is_counted(top: Path) -> None:
    plan, heard = _single(top), Counting()
    to = SingleArchive(plan)
    count = _write(plan, to, heard)
    expected = _expected(top)
    assert to.archive_bytes == (top.parent / "a.xtar").stat().st_size
    assert (count.files, count.content_bytes, count.entries) == (40, sum(expected.values()), len(plan.entries))
    assert (heard.files, heard.n_bytes) == (40, sum(expected.values()))
    with _contents(top.parent / "a.xtar") as found:
        assert found == expected


@pytest.mark.parametrize("tight", [False, True])
def test_no_volume_is_longer_than_it_may_be_and_together_they_are_all(top: Path, tight: bool) -> None:
    plan = _set(top, tight=tight)
    to = SetVolumes(plan, Resumption(b"", Carry(), (), ()))
    _write(plan.plan, to, Monitor())
    paths = sorted((top.parent / "set").iterdir())
    assert [path.name for path in paths] == [f"docs-00{number}.xtar" for number in range(1, len(paths) + 1)]
    assert [made.info.last for made in to.made] == [False] * (len(paths) - 1) + [True]
    assert len(to.blobs) == len(paths) == len(to.made) > 2
    assert all(path.stat().st_size == made.archive_bytes <= SIZE for path, made in zip(paths, to.made, strict=True))
    assert sum(made.files for made in to.made) == 40
    with _contents(top.parent / "set") as found:
        assert found == _expected(top)
    if tight:
        # No volume except the last has much room left.
        assert all(path.stat().st_size > 0.9 * SIZE for path in paths[:-1])


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stop=st.integers(0, 44))
def test_a_run_that_ends_anywhere_leaves_only_whole_volumes(top: Path, stop: int) -> None:
    plan = _set(top)
    to = SetVolumes(plan, Resumption(b"", Carry(), (), ()))

    def fail() -> None:
        signing = Signing(plan.plan.options)
        with signing, Writer(to, plan.plan.entries, Carry(), signing, Monitor()) as writer:
            for number, item in enumerate(_items(plan.plan)):
                if number == stop:
                    raise KeyboardInterrupt
                writer.put(item)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    left = sorted(path for path in (top.parent / "set").iterdir()) if (top.parent / "set").exists() else []
    assert [path.name for path in left] == [os.path.basename(made.path).decode() for made in to.made]
    for path in left:
        with open_archive(os.fsencode(path)) as opened:
            assert opened.listing.damage == ()
        path.unlink()


def test_a_file_has_no_signature_where_a_whole_volume_has_no_room_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each file fits a volume, and only the first has room for its signature there as well."""
    monkeypatch.setattr(SignatureMaker, "finish", lambda self: bytes(60_000))
    (tmp_path / "top").mkdir()
    for name, n_bytes in (("a", 30_000), ("b", 80_000), ("c", 80_000)):
        (tmp_path / "top" / name).write_bytes(os.urandom(n_bytes))
    plan = _set(tmp_path / "top")
    to, heard = SetVolumes(plan, Resumption(b"", Carry(), (), ())), Monitor()
    entries = plan.plan.entries
    with (
        Signing(replace(plan.plan.options, signed_from_bytes=1)) as signing,
        Writer(to, entries, Carry(), signing, heard) as writer,
    ):
        for _ in signing.watch(read_contents(entries, segment_bytes=1 << 17, monitor=heard)):
            pass
        for item in _items(plan.plan):
            writer.put(item)
        writer.close()
        writer.seal(monitor=heard)
    assert [made.archive_bytes <= SIZE for made in to.made] == [True] * 3
    signed = []
    for made in to.made:
        with open_archive(made.path, alone=True) as opened:
            signed.append(sum(b"/signatures/" in own.path for own in own_files(opened.file, opened.listing)))
    assert signed == [1, 0, 0]


def test_an_item_that_fits_no_volume_is_refused_with_what_helps(tmp_path: Path) -> None:
    (tmp_path / "top").mkdir()
    (tmp_path / "top/large").write_bytes(os.urandom(150_000))
    plan = _set(tmp_path / "top")
    to = SetVolumes(plan, Resumption(b"", Carry(), (), ()))
    with pytest.raises(UsageError, match="120000 bytes are too few for the structure and one segment") as caught:
        _write(plan.plan, to, Monitor())
    assert caught.value.option == "segment_size"
    # The directory fitted into the first volume, which was published.
    assert [path.name for path in (tmp_path / "set").iterdir()] == ["docs-001.xtar"]


def test_a_volume_that_came_out_too_long_is_a_bug_that_says_so(top: Path) -> None:
    plan = _set(top)
    to = SetVolumes(plan, Resumption(b"", Carry(), (), ()))
    volume = to.begin(Carry())
    check_length(volume)
    volume.output.truncate(SIZE + 1)
    with pytest.raises(EnvironmentFailed, match=f"docs 1: has {SIZE + 1} bytes, but {SIZE} fit"):
        check_length(volume)
    volume.output.discard()
    # A single archive may have any length.
    single = SingleArchive(_single(top)).begin(Carry())
    single.output.truncate(10 * SIZE)
    check_length(single)
    single.output.discard()


def test_volumes_go_on_behind_those_that_were_there(top: Path) -> None:
    plan = _set(top)
    to = SetVolumes(plan, Resumption(b"12345678", Carry(), [b"blob"], ()))
    volume = to.begin(Carry())
    assert volume.info is not None
    assert (volume.info.set_id, volume.info.number, volume.size_bytes) == (b"12345678", 1, SIZE)
    assert to.fixed_bytes() > SetVolumes(plan, Resumption(b"", Carry(), (), ())).fixed_bytes()
    volume.output.discard()


def test_files_are_counted_when_their_last_piece_comes() -> None:
    """The holes of sparse files are counted too, as in the plan."""
    entry = Entry(b"f", Kind.FILE, size=1000)
    packed = pack(PackJob(b"x" * 300, b"f", 0o644, 0, Method.COPY, Compression.FAST))
    first = PackedPiece(Piece(entry, b"x" * 300, 0, 2), packed)
    last = PackedPiece(first.piece._replace(segment=1, whole=Whole()), packed)
    count, heard = Count(), Counting()
    for item in (first, first, last):
        # The file changed, and is read again from its start.
        count.add(item, heard)
    assert (count.files, count.content_bytes, heard.files) == (1, 1000, 1)
    assert heard.n_bytes == 300 + 1000
