"""Hashes taken later: which files lack them, and that each is written to its own file."""

from __future__ import annotations

from pybackup.catalogue.connect import Catalogue
from pybackup.catalogue.find import find_contents
from pybackup.catalogue.hashes import set_hashes, unhashed, unhashed_totals
from pybackup.catalogue.media import find_medium
from pybackup.model.entry import Kind
from pybackup.model.filed import Filed

from .shelf import TIME, filed, put, sha


def test_files_without_a_hash_get_one(catalogue: Catalogue) -> None:
    entries = [filed(b"d/%d" % number, "x" * number, sha256=None) for number in range(5)]
    others = [
        filed("known"),
        filed("part", sha256=None, parts=3, first_part=0, parts_here=1),
        filed("in an archive", sha256=None, nested=1),
        Filed(b"link", int(Kind.SYMLINK), 0, TIME, 0o777),
    ]
    put(catalogue, "one", [*entries, *others])
    put(catalogue, "two", [filed("elsewhere", sha256=None)])
    held = find_medium(catalogue, "one").volume
    missing = unhashed(catalogue, held)
    assert [(each.path, each.size, each.mtime_ns) for each in missing] == [
        (b"d/%d" % number, number, TIME) for number in range(5)
    ]
    assert unhashed_totals(catalogue, held) == (5, 0 + 1 + 2 + 3 + 4)
    assert unhashed(catalogue, held, most=2) == missing[:2]
    assert unhashed(catalogue, held, after=missing[1].id) == missing[2:]
    set_hashes(catalogue, [(missing[0].id, sha("new")), (missing[3].id, sha("other"))])
    assert [each.path for each in unhashed(catalogue, held)] == [b"d/1", b"d/2", b"d/4"]
    assert [each.filed.path for each in find_contents(catalogue, [sha("new")])] == [b"d/0"]
    set_hashes(catalogue, [])
    assert unhashed_totals(catalogue, held)[0] == 3
    assert unhashed_totals(catalogue, find_medium(catalogue, "two").volume) == (1, 0)
