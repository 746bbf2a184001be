"""Files that earlier archives hold are left out, by path, size and mtime; files that merely look alike are not."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from kit.archives import archive

from pybackup.errors import FormatError, UsageError
from pybackup.make.baseline import EarlierArchives
from pybackup.make.plan import CreateOptions, Plan, plan_create
from pybackup.model.entry import Kind
from pybackup.monitor import Monitor
from pybackup.selection.filelist import named_source

TIME_NS = 1_700_000_000_123_456_789


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """Make a tree, and an archive of it; return the tree."""
    (tmp_path / "top/d").mkdir(parents=True)
    for name in ("same", "changed", "touched", "d/moved", "linked"):
        (tmp_path / "top" / name).write_bytes(name.encode() * 50)
        os.utime(tmp_path / "top" / name, ns=(TIME_NS, TIME_NS))
    os.link(tmp_path / "top/linked", tmp_path / "top/other link")
    archive([tmp_path / "top"], tmp_path / "first.xtar", with_parity=False)
    return tmp_path / "top"


def _plan(top: Path, *earlier: str, checksum: bool = False) -> tuple[Plan, int]:
    output = os.fsencode(top.parent / "new.xtar")
    paths = [os.fsencode(top.parent / name) for name in earlier]
    monitor = Monitor()
    with EarlierArchives(paths, output=output, checksum=checksum, monitor=monitor) as known:
        options = CreateOptions(parity=None, workers=1)
        source = [named_source(os.fsencode(top))]
        plan = plan_create(source, output, judge=None, earlier=known, options=options, monitor=monitor)
        assert [volume.label for volume in known.ancestry.volumes]
        return plan, known.files


def _new(plan: Plan) -> Sequence[bytes]:
    kinds = (Kind.FILE, Kind.HARDLINK)
    return [planned.entry.path for planned in plan.entries if planned.entry.kind in kinds]


def _rewrite(path: Path, data: bytes, mtime_ns: int = TIME_NS) -> None:
    path.write_bytes(data)
    os.utime(path, ns=(mtime_ns, mtime_ns))


@pytest.mark.parametrize("checksum", [False, True])
def test_nothing_changed_nothing_is_new(top: Path, checksum: bool) -> None:
    plan, files = _plan(top, "first.xtar", checksum=checksum)
    assert (_new(plan), files) == ([], 5)
    assert {excluded.reason for excluded in plan.excluded} == {"unchanged since first.xtar"}
    # Each archive stores the metadata of all directories.
    assert [planned.entry.path for planned in plan.entries] == [b"top", b"top/d"]


def test_another_size_or_time_or_name_is_new(top: Path) -> None:
    _rewrite(top / "changed", b"longer than it was" * 50)
    _rewrite(top / "touched", b"touched" * 50, TIME_NS + 10 * 10**9)
    _rewrite(top / "new", b"new")
    assert _new(_plan(top, "first.xtar")[0]) == [b"top/changed", b"top/new", b"top/touched"]


def test_of_one_size_and_time_only_the_content_tells(top: Path) -> None:
    _rewrite(top / "changed", b"CHANGED" * 50)
    _rewrite(top / "touched", b"touched" * 50, TIME_NS + 10 * 10**9)
    assert _new(_plan(top, "first.xtar")[0]) == [b"top/touched"]
    assert _new(_plan(top, "first.xtar", checksum=True)[0]) == [b"top/changed"]


def test_what_was_moved_is_known_by_its_content(top: Path) -> None:
    os.rename(top / "d/moved", top / "moved elsewhere")
    # It has the size and mtime of `same`, but another content.
    _rewrite(top / "not the same", b"SAME" * 50)
    assert _new(_plan(top, "first.xtar")[0]) == [b"top/not the same"]


def test_a_link_is_left_out_with_its_file(top: Path) -> None:
    _rewrite(top / "linked", b"other" * 50)
    assert _new(_plan(top, "first.xtar")[0]) == [b"top/linked", b"top/other link"]


def test_the_archive_named_last_counts(top: Path) -> None:
    """Extracting the archives one after the other gives the version in the last one."""
    _rewrite(top / "changed", b"second" * 50, TIME_NS + 10**10)
    archive([top], top.parent / "second.xtar", with_parity=False)
    assert _new(_plan(top, "first.xtar", "second.xtar")[0]) == []
    _rewrite(top / "changed", b"changed" * 50)
    assert _new(_plan(top, "first.xtar", "second.xtar")[0]) == [b"top/changed"]


def test_an_archive_is_not_left_out_of_itself(top: Path) -> None:
    first = os.fsencode(top.parent / "first.xtar")
    os.symlink("first.xtar", top.parent / "link.xtar")
    for output in (first, os.fsencode(top.parent / "link.xtar")):
        with pytest.raises(UsageError, match="cannot replace an earlier one that it builds on"):
            EarlierArchives([first], output=output, checksum=False, monitor=Monitor())


def test_what_is_no_archive_or_not_there(top: Path) -> None:
    new = os.fsencode(top.parent / "new.xtar")
    (top.parent / "words").write_bytes(b"words" * 1000)
    with pytest.raises(FormatError):
        EarlierArchives([os.fsencode(top.parent / "words")], output=new, checksum=False, monitor=Monitor())
    with pytest.raises(UsageError, match="no such file"):
        EarlierArchives([os.fsencode(top.parent / "missing")], output=new, checksum=False, monitor=Monitor())
