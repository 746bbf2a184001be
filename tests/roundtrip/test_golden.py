"""What was ever written by a format version is read for ever, and the present one is still written like that."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from kit.archives import extract
from kit.golden import ARCHIVES, expected_of
from kit.manifest import differences, manifest
from kit.recipe import ARCHIVE, GOLDEN, fingerprints, from_json, make, plant
from kit.stock import expand

from pybackup.archive.open import open_archive
from pybackup.check.info import info
from pybackup.check.verify import verify
from pybackup.make.plan import FORMAT_VERSION
from pybackup.mend.health import State
from pybackup.model.entry import Kind
from pybackup.model.member import Member, Method, Stored
from pybackup.monitor import Monitor


def test_there_are_golden_archives_of_every_version() -> None:
    assert {path.parent.name for path in ARCHIVES} == {f"v{number}" for number in range(1, FORMAT_VERSION + 1)}
    assert GOLDEN / ARCHIVE in ARCHIVES
    written = (GOLDEN / ARCHIVE, (GOLDEN / ARCHIVE).parent / "expected.json")
    assert sum(path.stat().st_size for path in written) < 150_000


@pytest.mark.parametrize("path", ARCHIVES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_is_read(path: Path, tmp_path: Path) -> None:
    heard = Monitor()
    verdict = verify(os.fsencode(path), deep=True, workers=1, monitor=heard)
    assert (verdict.state, heard.problems) == (State.INTACT, [])
    assert f"v{info(os.fsencode(path)).format_version}" == path.parent.name
    extract(path, tmp_path / "out", numeric_owner=True)
    expected = from_json(expected_of(path)["manifest"])
    assert differences(expected, manifest(tmp_path / "out/tree"), but=["data"]) == []
    assert (tmp_path / "out/tree/sparse").stat().st_blocks * 512 < 1 << 20
    assert expand(("tar", "--warning=no-timestamp"), path, tmp_path / "tar") > 3


@pytest.mark.parametrize("path", ARCHIVES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_holds_every_kind_and_every_method(path: Path) -> None:
    stored = _listing(path)
    assert {row.entry.kind for row in stored} == set(Kind)
    methods = {member.method for row in stored for member in row.members}
    # ARM's Thumb has no mark of its own in an ELF header, so nothing is ever written by it.
    missing = set(Method) - methods - {Method.ARMT_LZMA2}
    assert not missing
    assert any(len(row.members) > 1 for row in stored)
    assert any(row.sparse for row in stored)


def test_is_still_written_like_that(tmp_path: Path) -> None:
    """To the byte where the libraries still compress as they did, else alike in all but the packed bytes."""
    golden = GOLDEN / ARCHIVE
    (tmp_path / "tree").mkdir()
    plant(tmp_path / "tree")
    expected = expected_of(golden)
    assert differences(from_json(expected["manifest"]), manifest(tmp_path / "tree"), but=["data"]) == []
    make(tmp_path / "tree", tmp_path / "new.xtar")
    if fingerprints() == expected["fingerprints"]:
        assert (tmp_path / "new.xtar").read_bytes() == golden.read_bytes()
    assert _unpacked(_listing(tmp_path / "new.xtar")) == _unpacked(_listing(golden))
    extract(tmp_path / "new.xtar", tmp_path / "out", numeric_owner=True)
    assert differences(manifest(tmp_path / "tree"), manifest(tmp_path / "out/tree")) == []


def _listing(path: Path) -> list[Stored]:
    with open_archive(os.fsencode(path)) as opened:
        return list(opened.listing)


def _unpacked(rows: list[Stored]) -> list[Stored]:
    """Without what depends on how well a library packs: the method too, as the smallest stream is taken."""
    return [row._replace(members=tuple(_raw(member) for member in row.members)) for row in rows]


def _raw(member: Member) -> Member:
    return member._replace(offset=0, packed_bytes=0, stream_bytes=0, method=Method.COPY, dictionary_bytes=0)
