"""The run that made an archive, and what it builds on, from the archive's settings."""

from __future__ import annotations

from pybackup.archive.own_run import own_mark, own_needs, own_run
from pybackup.model.catalogued import Needed
from pybackup.model.earlier import Ancestry, EarlierVolume
from pybackup.model.run import RunLevel, RunMark

MARK = RunMark("docs", 5, RunLevel.INCREMENTAL, "asked for")
BEFORE = Ancestry([EarlierVolume(b"12345678", "day0.xtar")], 3)


def test_a_run_with_all_that_it_builds_on() -> None:
    settings = {**MARK.settings(), "builds_on": BEFORE.settings()}
    told = own_run(settings, b"archive1", [], b"/here")
    assert told is not None
    # What is said to hold something, and of which no table is left, is needed all the same.
    assert (told.mark, told.archive, told.location) == (MARK, b"archive1", b"/here")
    assert told.needs == own_needs(settings, []) == (Needed(b"12345678", "day0.xtar", 0, 0),)


def test_of_no_chain_or_what_cannot_be_there_is_none() -> None:
    for settings in ({}, {"run": {"chain": "a/b"}}, {"run": 7}):
        assert own_mark(settings) is None
        assert own_run(settings, b"archive1", []) is None
