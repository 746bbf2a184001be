"""Recognising a medium: known or new, and with a label that no other has."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pybackup.catalogue.connect import Catalogue
from pybackup.catalogue.fill import enter
from pybackup.catalogue.media import find_medium, media
from pybackup.catalogue.recognise import fitting, free_label, recognise_medium
from pybackup.catalogue.runs import enter_run, runs
from pybackup.catalogue.schema import MAX_LABEL
from pybackup.errors import UsageError
from pybackup.model.catalogued import MediumType, Needed, NewMedium, NewVolume, VolumeSort
from pybackup.model.run import RunLevel, RunMark
from pybackup.monitor import Monitor

from .shelf import filed, put

NEW = NewVolume(b"identity", VolumeSort.ARCHIVE, "docs")
DISC = NewMedium(MediumType.DISC)
FILE = NewMedium(MediumType.FILE, location=b"/home/a.xtar")


def _met(catalogue: Catalogue, on: NewMedium, *, volume: int = 77) -> tuple[int, str, bool]:
    with catalogue.writing() as connection:
        return recognise_medium(connection, volume, NEW, on, 5)


def test_a_first_one_is_new_and_called_as_its_volume(catalogue: Catalogue) -> None:
    number, label, is_new = _met(catalogue, DISC)
    assert (label, is_new) == ("docs", True)
    assert _met(catalogue, DISC) == (number, "docs", False)
    # One more copy only where that is said: a disc looks like its copies.
    assert _met(catalogue, replace(DISC, another=True))[1:] == ("docs (2)", True)


def test_a_label_tells_which_it_is(catalogue: Catalogue) -> None:
    first = _met(catalogue, replace(DISC, label="first"))
    second = _met(catalogue, replace(DISC, label="second", another=True))
    assert _met(catalogue, replace(DISC, label="first")) == (first[0], "first", False)
    assert _met(catalogue, replace(DISC, label="second")) == (second[0], "second", False)
    assert _met(catalogue, replace(DISC, label="third"))[1:] == ("third", True)


def test_the_only_one_gets_the_label_it_has_now(catalogue: Catalogue) -> None:
    first = _met(catalogue, DISC)
    assert _met(catalogue, replace(DISC, label="named")) == (first[0], "named", False)


def test_files_are_the_same_where_they_lie(catalogue: Catalogue) -> None:
    first = _met(catalogue, FILE)
    assert _met(catalogue, FILE)[0] == first[0]
    moved = _met(catalogue, replace(FILE, location=b"/mnt/a.xtar"))
    assert (moved[0] != first[0], moved[2]) == (True, True)
    assert _met(catalogue, DISC)[2]


def test_one_that_only_others_told_of_is_the_one_that_comes(catalogue: Catalogue) -> None:
    told = _met(catalogue, replace(DISC, seen=False))
    assert _met(catalogue, replace(DISC, seen=False))[0] == told[0]
    assert _met(catalogue, FILE)[0] == told[0]


def test_what_is_said_of_it_is_written_down(catalogue: Catalogue) -> None:
    put(catalogue, "one", [filed("a")], medium=NewMedium(MediumType.DISC, "one"))
    held = find_medium(catalogue, "one").volume
    on = NewMedium(MediumType.DISC, "one", b"/dev/sr0", "shelf 3", 700_000_000)
    with catalogue.writing() as connection:
        recognise_medium(connection, held.id, NEW, on, 9)
    (found,) = media(catalogue)
    assert (found.place, found.location, found.capacity_bytes, found.seen_ns) == (
        "shelf 3",
        b"/dev/sr0",
        700_000_000,
        9,
    )


def test_a_label_that_must_be_is_refused_where_it_is_taken(catalogue: Catalogue) -> None:
    _met(catalogue, replace(DISC, label="taken"))
    with pytest.raises(UsageError, match="taken: a medium of this label is in the catalogue already"):
        _met(catalogue, replace(DISC, label="taken"), volume=78)
    with catalogue.writing() as connection:
        assert free_label(connection, "taken") == "taken (2)"
        assert free_label(connection, "free", must=True) == "free"


def test_numbers_fit_behind_the_longest_label(catalogue: Catalogue) -> None:
    long = "l" * MAX_LABEL
    labels = [_met(catalogue, replace(DISC, another=True), volume=number)[1] for number in range(2)]
    assert labels == ["docs", "docs (2)"]
    with catalogue.writing() as connection:
        first = free_label(connection, long)
        assert first == long
    _met(catalogue, replace(DISC, label=long), volume=90)
    with catalogue.writing() as connection:
        found = free_label(connection, long)
        assert (len(found), found[-4:]) == (MAX_LABEL, " (2)")


@settings(max_examples=30)
@given(st.text(max_size=400))
def test_any_text_fits_every_database(text: str) -> None:
    found = fitting(text)
    assert len(found) <= MAX_LABEL
    assert "\0" not in found
    found.encode()
    assert found == found.lstrip()


def test_what_settings_say_is_stored_on_every_database(catalogue: Catalogue) -> None:
    """Comments, reasons of runs and names of archives may be any text: NUL, half a surrogate pair, a megabyte."""
    odd = "a\0b\udcff\ud800" + "\U0001f4c0" * 20_000
    new = NewVolume(b"odd", VolumeSort.ARCHIVE, odd, b"listing", title=odd, description=odd)
    for _ in range(2):
        enter(catalogue, new, lambda: [], NewMedium(MediumType.DISC), Monitor())
    enter_run(catalogue, RunMark("odd", 1, RunLevel.FULL, odd), b"archive1", lambda: [Needed(b"odd", odd, 1, 1)])
    start = "a\\0b\\udcff\\ud800\U0001f4c0"
    (held,) = (known.volume for known in media(catalogue))
    (run,) = runs(catalogue)
    told = held.name, held.title, held.description, run.mark.reason, run.needs[0].label
    assert [text[: len(start)] for text in told] == [start] * 5


def test_what_is_no_text_is_escaped() -> None:
    assert fitting("\udcff name \0") == "\\udcff name \\0"
    assert fitting("  ") == ""
