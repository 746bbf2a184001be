"""What members are called, told by their headers, which other programs have written down too."""

from __future__ import annotations

import io
import tarfile

import pytest
from kit.specimen import Specimen

from pybackup.container.naming import header_of
from pybackup.errors import Damaged
from pybackup.layout.note import Role

from .conftest import Opener


def test_names_are_those_that_tar_knows(small: Specimen, opened: Opener) -> None:
    """Python's tarfile on each container's content, which is a tar of its own."""
    file = opened(small.data)
    seen = set()
    for path, stored in small.stored.items():
        for member in () if stored.bundled else stored.members:
            found = header_of(file, member.offset)
            alone = small.data[member.offset - found.n_bytes : member.offset + member.packed_bytes]
            with tarfile.open(fileobj=io.BytesIO(alone + bytes(1024 + -len(alone) % 512))) as tar:
                info = tar.next()
            assert info is not None
            assert (found.name.decode(), member.packed_bytes) == (info.name, info.size), path
            assert found.note.role is Role.CONTENT
            seen.add(found.name)
    assert b"link.7z" in seen
    assert {b"large.part0001.7z", b"large.part0002.7z", b"sparse.sparse.7z", b"alone!" * 20 + b".7z"} <= seen


def test_a_header_is_as_long_as_what_extends_it_says(small: Specimen, opened: Opener) -> None:
    file = opened(small.data)
    for place in small.places:
        if place.name == "pax":
            assert header_of(file, place.end + 512).n_bytes == place.end - place.start + 512


def test_a_container_has_a_name_too(small: Specimen, opened: Opener) -> None:
    names = [
        header_of(opened(small.data), place.end).name for place in small.places if place.name == "container header"
    ]
    assert names == [b"tree/.xtar", b"deep/.xtar", b"er/.xtar"]


@pytest.mark.parametrize("place", ["pax", "content header"])
def test_a_damaged_header_is_no_name(small: Specimen, opened: Opener, place: str) -> None:
    """The first member has a name that its header does not hold: half of it would be wrong."""
    offset = small.place("content header").end
    for at in range(small.place(place).start, small.place(place).end, 13):
        hurt = bytearray(small.data)
        hurt[at] ^= 4
        with pytest.raises(Damaged):
            header_of(opened(bytes(hurt)), offset)


@pytest.mark.parametrize("offset", [-1, 0, 511, 1000, 6657, 1 << 60])
def test_where_no_member_is(small: Specimen, opened: Opener, offset: int) -> None:
    with pytest.raises(Damaged):
        header_of(opened(small.data), offset)


def test_an_extension_that_never_begins_is_looked_for_within_bounds(small: Specimen, opened: Opener) -> None:
    begin = small.place("content header").start
    far = opened(bytes(3 << 20) + small.data[begin:])
    with pytest.raises(Damaged, match="what extends a header is lost"):
        header_of(far, (3 << 20) + 512)
