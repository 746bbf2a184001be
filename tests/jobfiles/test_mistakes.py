"""Mistakes in job files: each with its place, and with what was probably meant."""

from __future__ import annotations

import pytest

from pybackup.errors import UsageError
from pybackup.jobfiles.mistakes import Mistake, WrongJobFiles, no_such


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        (Mistake("a.toml", 3, "job.x", "parity", "is wrong"), "a.toml:3: [job.x]: parity: is wrong"),
        (Mistake("a.toml", 3, "job.x", "", "is wrong"), "a.toml:3: [job.x]: is wrong"),
        (Mistake("a.toml", 0, "", "version", "is wrong"), "a.toml: version: is wrong"),
        (Mistake("a.toml", 0, "", "", "is wrong"), "a.toml: is wrong"),
    ],
)
def test_the_place_is_said_as_far_as_it_is_known(mistake: Mistake, words: str) -> None:
    assert str(mistake) == words


def test_all_of_them_are_told_at_once() -> None:
    both = [Mistake("a", 1, "", "x", "one"), Mistake("b", 2, "", "y", "two")]
    error = WrongJobFiles(both)
    assert isinstance(error, UsageError)
    assert (str(error), error.mistakes) == ("a:1: x: one\nb:2: y: two", both)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("sourcs", "no such key; did you mean 'sources'?"),
        ("volume-size", "no such key; did you mean 'volume_size'?"),
        ("zzz", "no such key"),
    ],
)
def test_what_was_meant_is_guessed(name: str, words: str) -> None:
    assert no_such("key", name, ("sources", "volume_size")) == words
