"""Names of members: never two alike, never one in another's way, never longer than a file name may be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pybackup.layout import names
from pybackup.layout.names import Names

_parts = st.sampled_from([b"a", b".7z", b".part0001", b"~1", b".xtar", b".index", b".sparse", b".pybackup", 90 * b"n"])
_names = (st.lists(_parts, min_size=1, max_size=3).map(b"".join) | st.binary(min_size=1, max_size=255)).map(
    lambda name: name.replace(b"/", b"_").replace(b"\0", b"_")[:255]
)
_files = st.tuples(_names, st.integers(1, 3), st.booleans())
_claims = st.lists(_names.map(lambda name: (name, 0, False)) | _files, max_size=12, unique_by=lambda claim: claim[0])


def claim(taken: Names, name: bytes, segments: int, sparse: bool) -> list[bytes]:
    if segments:
        return taken.claim_file(name, segments=segments, sparse=sparse)
    return [taken.claim_directory(name)]


GOLDEN = {
    "file": ((b"a", 1, False), [b"a.7z"]),
    "segments": ((b"a", 2, False), [b"a.part0001.7z", b"a.part0002.7z"]),
    "sparse": ((b"a", 1, True), [b"a.sparse.7z"]),
    "sparse segments": ((b"a", 2, True), [b"a.sparse.part0001.7z", b"a.sparse.part0002.7z"]),
    "directory": ((b"a", 0, False), [b"a"]),
    "reserved directory": ((b".xtar", 0, False), [b".xtar~1"]),
    "reserved index": ((b".xtar.index", 0, False), [b".xtar.index~1"]),
    "reserved private": ((b".pybackup", 0, False), [b".pybackup~1"]),
    "file of a reserved name": ((b".xtar", 1, False), [b".xtar.7z"]),
    "longest that fits": ((252 * b"n", 1, False), [252 * b"n" + b".7z"]),
    "too long": ((253 * b"n", 1, False), [200 * b"n" + b"~1.7z"]),
    "longest directory": ((255 * b"n", 0, False), [255 * b"n"]),
    "no UTF-8": ((b"\xff\n", 1, False), [b"\xff\n.7z"]),
}


@pytest.mark.parametrize(("asked", "expected"), GOLDEN.values(), ids=GOLDEN)
def test_name_is_the_golden_one(asked: tuple[bytes, int, bool], expected: list[bytes]) -> None:
    assert claim(Names(), *asked) == expected


def test_number_of_a_segment_has_four_digits_or_more() -> None:
    found = Names().claim_file(b"a", segments=10_000, sparse=False)
    assert (found[8], found[9998], found[9999]) == (b"a.part0009.7z", b"a.part9999.7z", b"a.part10000.7z")


@given(_claims)
def test_names_never_collide(claims: list[tuple[bytes, int, bool]]) -> None:
    taken = Names()
    found = [name for asked in claims for name in claim(taken, *asked)]
    assert len(set(found)) == len(found)
    assert names._RESERVED.isdisjoint(found)
    assert all(0 < len(name) <= 255 and b"/" not in name for name in found)


@given(_claims)
def test_names_follow_from_the_order_alone(claims: list[tuple[bytes, int, bool]]) -> None:
    one, other = Names(), Names()
    assert [claim(one, *asked) for asked in claims] == [claim(other, *asked) for asked in claims]


def test_name_that_is_taken_gets_a_number() -> None:
    taken = Names()
    assert taken.claim_directory(b"a.7z") == b"a.7z"
    assert taken.claim_file(b"a", segments=1, sparse=False) == [b"a~1.7z"]
    assert taken.claim_file(b"a~1", segments=1, sparse=False) == [b"a~1~1.7z"]


@pytest.mark.parametrize("name", [b"a.sparse", b"a.part0001"])
def test_name_that_ends_like_a_suffix_of_ours_is_not_taken_for_one(name: bytes) -> None:
    taken = Names()
    assert taken.claim_file(name, segments=1, sparse=False) == [name + b"~1.7z"]
    assert taken.claim_directory(name) == name


def test_all_segments_move_when_one_is_taken() -> None:
    taken = Names()
    taken.claim_directory(b"a.part0002.7z")
    assert taken.claim_file(b"a", segments=2, sparse=False) == [b"a~1.part0001.7z", b"a~1.part0002.7z"]


def test_released_names_are_free_again() -> None:
    taken = Names()
    first = taken.claim_file(b"a", segments=3, sparse=False)
    taken.release(first)
    assert taken.claim_file(b"a", segments=3, sparse=False) == first
