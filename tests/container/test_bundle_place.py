"""Whether bundles lie where a listing says, of an archive that has some, in its place and moved."""

from __future__ import annotations

import pytest
from bundles.conftest import UP_TO, plant
from kit.archives import archive

from pybackup.container.bundle_place import begins_there
from pybackup.container.read import open_listing
from pybackup.model.entry import Kind

from .conftest import Opener


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """An archive with bundles in several directories."""
    base = tmp_path_factory.mktemp("bundled")
    plant(base / "tree")
    archive([base / "tree"], base / "a.xtar", bundle_bytes=UP_TO)
    return (base / "a.xtar").read_bytes()


@pytest.mark.parametrize(("moved", "expected"), [(0, True), (1, False), (512, False), (-700, False)])
def test_each_bundle_is_there_and_nowhere_else(data: bytes, opened: Opener, moved: int, expected: bool) -> None:
    listing = open_listing(opened(data))
    file = opened(b"?" * moved + data if moved >= 0 else data[-moved:])
    files = [row for row, kind in enumerate(listing.rows.kinds) if kind == Kind.FILE]
    bundled = [number for number, row in enumerate(files) if listing.stored(row).bundled]
    assert len(bundled) > 10
    assert [begins_there(file, listing, files, number) for number in bundled] == [expected] * len(bundled)
