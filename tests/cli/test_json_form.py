"""Results as JSON: names, dataclasses, what JSON does not have."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pybackup.cli.json_form import fields_of, json_line, json_name
from pybackup.model.extents import Extents


def test_json_name() -> None:
    assert json_name("é".encode()) == {"text": "é"}
    assert json_name(b"\xff") == {"bytes": "/w=="}


@given(st.text())
def test_json_is_one_ascii_line(text: str) -> None:
    line = json_line({"a": text})
    assert line.isascii()
    assert line.count(b"\n") == 1
    assert json.loads(line) == {"a": text}


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
