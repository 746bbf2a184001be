"""How files of a live tree stand, by the copies that count: whole ones, and ones divided over volumes."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from pybackup.catalogue.connect import Catalogue
from pybackup.catalogue.find import find_contents, find_path
from pybackup.catalogue.live import CheckedFile, FileStanding, SplitContents, judge
from pybackup.catalogue.media import find_medium, set_state
from pybackup.model.catalogued import MediumState
from pybackup.model.entry import Entry, Kind

from .shelf import TIME, filed, put, sha


def _judged(catalogue: Catalogue, path: bytes, content: str, copies: int = 2, since: int | None = None) -> CheckedFile:
    entry = Entry(path, Kind.FILE, size=len(content), mtime_ns=TIME)
    called, same = find_path(catalogue, path), find_contents(catalogue, [sha(content)])
    return judge(entry, called, same, copies, since, SplitContents(catalogue, since))


def _labels(checked: CheckedFile) -> Sequence[str]:
    return sorted(medium.label for medium in checked.media)


def test_by_how_many_media_hold_its_content_under_any_name(catalogue: Catalogue) -> None:
    put(catalogue, "one", [filed("a", "text"), filed("b", "alone")])
    put(catalogue, "two", [filed("renamed", "text")])
    safe = _judged(catalogue, b"a", "text")
    assert (safe.standing, safe.copies, _labels(safe)) == (FileStanding.SAFE, 2, ["one", "two"])
    assert _judged(catalogue, b"a", "text", 3).standing is FileStanding.FEW
    few = _judged(catalogue, b"b", "alone")
    assert (few.standing, few.copies, _labels(few)) == (FileStanding.FEW, 1, ["one"])


def test_what_changed_since_and_what_is_nowhere(catalogue: Catalogue) -> None:
    put(catalogue, "one", [filed("a", "before")])
    changed = _judged(catalogue, b"a", "after")
    assert (changed.standing, changed.copies, _labels(changed)) == (FileStanding.CHANGED, 0, ["one"])
    assert _judged(catalogue, b"new", "new") == CheckedFile(b"new", 3, FileStanding.NOWHERE, 0, ())


@pytest.mark.parametrize("state", [MediumState.LOST, MediumState.RETIRED, MediumState.SUSPECT])
def test_media_that_do_not_count_hold_no_copy(catalogue: Catalogue, state: MediumState) -> None:
    put(catalogue, "one", [filed("a", "text")])
    put(catalogue, "two", [filed("a", "text")])
    set_state(catalogue, find_medium(catalogue, "two").id, state)
    found = _judged(catalogue, b"a", "text")
    assert (found.standing, found.copies, _labels(found)) == (FileStanding.FEW, 1, ["one"])


def test_media_that_were_not_checked_since_do_not_count(catalogue: Catalogue) -> None:
    put(catalogue, "one", [filed("a", "text")])
    assert _judged(catalogue, b"a", "text", 1, since=TIME).standing is FileStanding.FEW


@pytest.mark.parametrize("numbers", [[1, 2], [1], [2]])
def test_a_file_in_parts_is_a_copy_where_all_of_them_are(catalogue: Catalogue, numbers: list[int]) -> None:
    for number in numbers:
        row = filed("big", "big", parts=2, first_part=number - 1, parts_here=1)
        put(catalogue, f"disc {number}", [row], set_name="docs", number=number, last=number == 2)
    found = _judged(catalogue, b"big", "big", 1)
    expected = FileStanding.SAFE if len(numbers) == 2 else FileStanding.FEW
    assert (found.standing, found.copies) == (expected, int(len(numbers) == 2))
    assert _labels(found) == [f"disc {number}" for number in numbers]
