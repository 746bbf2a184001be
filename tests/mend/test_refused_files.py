"""Files that are no use: a problem at the end, unless what they may have been has been made anew."""

from __future__ import annotations

import pytest

from pybackup.mend.refused_files import RefusedFiles
from pybackup.model.problem import Problem, Trouble
from pybackup.monitor import Noted

A, B = (Problem(path, Trouble.REFUSED, "too little is left") for path in (b"a", b"b"))


@pytest.mark.parametrize(("not_given", "expected"), [(None, [A, B]), (0, [A, B]), (1, [A, B]), (2, []), (3, [])])
def test_they_are_problems_where_more_are_refused_than_volumes_were_not_given(
    not_given: int | None, expected: list[Problem]
) -> None:
    heard = Noted()
    with RefusedFiles(heard) as files:
        files.refuse(b"a", "too little is left")
        files.refuse(b"b", "too little is left")
        assert heard.problems == []
        if not_given is not None:
            files.settle(not_given)
    assert heard.problems == expected
    notes = [f"{name}: too little is left; it was not needed" for name in "ab"]
    assert heard.notes == ([] if expected else notes)


def test_an_error_does_not_keep_them_secret() -> None:
    heard = Noted()

    def fail() -> None:
        with RefusedFiles(heard) as files:
            files.refuse(b"a", "too little is left")
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        fail()
    assert heard.problems == [A]


def test_all_else_is_handed_on_at_once() -> None:
    heard = Noted()
    with RefusedFiles(heard) as files:
        files.note("words")
        files.problem(B)
        assert (heard.notes, heard.problems) == (["words"], [B])
    assert heard.problems == [B]
