"""Results as JSON: names, dataclasses, and values that JSON does not have."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pybackup.cli.json_form import fields_of, json_line, json_members, json_name, json_name_text
from pybackup.cli.verbs.list import json_entry
from pybackup.model.entry import Entry, Kind, Owner
from pybackup.model.extents import Extents
from pybackup.model.listing import Brief
from pybackup.model.member import Member, Method, Stored


def test_json_name() -> None:
    assert json_name("é".encode()) == {"text": "é"}
    assert json_name(b"\xff") == {"bytes": "/w=="}


@given(st.text())
def test_json_is_one_ascii_line(text: str) -> None:
    line = json_line({"a": text})
    assert line.isascii()
    assert line.count(b"\n") == 1
    assert json.loads(line) == {"a": text}


def entry_of(kind: Kind, **more: Any) -> Entry:
    return Entry(b'\xff"', kind, 0o640, Owner(7, 8, "an\u00e4".encode()), -5, **more)


@given(st.binary())
def test_a_name_by_itself_is_what_it_is_in_a_line(name: bytes) -> None:
    assert json_name_text(name) == json.dumps(json_name(name))


def test_members_are_an_object_without_its_braces() -> None:
    assert json_members({"a": b"\xff", "b": [1]}) == '"a": {"bytes": "/w=="}, "b": [1]'
    assert json_members({}) == ""


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True)
class Inner:
    name: bytes
    colour: Colour


@dataclass(frozen=True)
class Result:
    path: bytes
    n_bytes: int
    bad: Extents
    inner: tuple[Inner, ...] = ()

    @property
    def complete(self) -> bool:
        return not self.bad.ranges


FOUND = Result(b"\xff", 7, Extents.of([(1, 3)]), (Inner(b"a", Colour.RED),))


def test_a_result_is_an_object_of_its_fields() -> None:
    assert json.loads(json_line({"found": FOUND, "counts": {Colour.RED: 2}})) == {
        "found": {
            "path": {"bytes": "/w=="},
            "n_bytes": 7,
            "bad": [[1, 3]],
            "inner": [{"name": {"text": "a"}, "colour": "red"}],
        },
        "counts": {"red": 2},
    }


def test_some_fields_in_this_order_and_by_other_names() -> None:
    chosen = fields_of(FOUND, "complete", "path", bytes="n_bytes")
    assert [*chosen.items()] == [("complete", False), ("path", b"\xff"), ("bytes", 7)]


def test_what_has_no_form_is_refused() -> None:
    with pytest.raises(TypeError, match="no form in JSON for complex"):
        json_line({"a": 1j})


OF_ALL = {
    "path": {"bytes": "/yI="},
    "mode": "0640",
    "uid": 7,
    "gid": 8,
    "user": {"text": "an\u00e4"},
    "group": {"text": ""},
    "mtime_ns": -5,
}
MEMBER = Member(0, 100, 60, 10, Method.COPY, 0, bytes(32))
OF_A_FILE = {"packed_bytes": 100, "segments": 1, "sha256": 64 * "0", "sparse": False, "changed": False}


@pytest.mark.parametrize(
    ("stored", "more"),
    [
        (Stored(entry_of(Kind.FILE, size=10), (MEMBER,), bytes(32)), OF_A_FILE),
        (Stored(entry_of(Kind.FILE, size=10), (MEMBER,), bytes(4)), OF_A_FILE | {"sha256": None}),
        (
            Stored(entry_of(Kind.FILE, size=10), (MEMBER,), bytes(32), True, True, 5),
            OF_A_FILE | {"segments": 5, "sha256": None, "sparse": True, "changed": True},
        ),
        (
            Stored(entry_of(Kind.DIRECTORY, xattrs={b"user.a": b"1"})),
            {"xattrs": [{"name": {"text": "user.a"}, "value": "MQ=="}]},
        ),
        (Stored(entry_of(Kind.SYMLINK, target=b"\xff")), {"target": {"bytes": "/w=="}}),
        (Stored(entry_of(Kind.BLOCK, device=(8, 1))), {"device": [8, 1]}),
        (Stored(entry_of(Kind.FIFO)), {}),
    ],
    ids=["file", "short digest", "sparse", "xattrs", "link", "device", "fifo"],
)
def test_an_entry_of_a_list(stored: Stored, more: dict[str, object]) -> None:
    entry = stored.entry
    line = json_entry(entry.path, Brief.of(stored), stored)
    assert line.isascii()
    assert line.endswith(b"}\n")
    assert json.loads(line) == {**OF_ALL, "kind": entry.kind.name.lower(), "size": entry.size, **more}
    if not {"xattrs", "target", "device"} & more.keys():
        assert json_entry(entry.path, Brief.of(stored), None) == line
