"""Which media count as copies, which volumes can be rebuilt, which divided files are whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pybackup.catalogue.connect import Catalogue
from pybackup.catalogue.media import find_medium, set_state
from pybackup.catalogue.standing import Split, Standing
from pybackup.model.catalogued import CataloguedVolume, MediumState

from .shelf import TIME, filed, put


def _set(catalogue: Catalogue, *, data: int = 3, recovery: int = 1, last: bool = True) -> None:
    """Volumes 1, 2, 3 and R1 of one set, each on a disc; one file is divided over the first two."""
    for number in range(1, data + 1):
        rows = [filed(f"{number}")]
        if number < 3:
            rows.append(filed("big", "big", parts=2, first_part=number - 1, parts_here=1))
        put(catalogue, str(number), rows, set_name="docs", number=number, last=last and number == data)
    for number in range(1, recovery + 1):
        put(catalogue, f"R{number}", [], set_name="docs", number=number, recovery=True)


@contextmanager
def _standing(catalogue: Catalogue, *, without: str = "", since: int | None = None) -> Iterator[tuple[Standing, Split]]:
    numbers = [find_medium(catalogue, without).id] if without else []
    with catalogue.reading() as connection:
        known = Standing(connection, since, without=numbers)
        yield known, Split(connection, known)


def _volume(known: Standing, label: str) -> CataloguedVolume:
    return next(m.volume for each in known.media.values() for m in each if m.label == label)


def _lose(catalogue: Catalogue, *labels: str, state: MediumState = MediumState.LOST) -> None:
    for label in labels:
        set_state(catalogue, find_medium(catalogue, label).id, state)


@pytest.mark.parametrize(
    ("recovery", "lost", "can_rebuild", "can_lose"),
    [
        (1, [], False, True),
        (1, ["1"], True, False),
        (1, ["1", "2"], False, False),
        (2, ["1", "2"], True, False),
        (2, ["1"], True, True),
        (1, ["R1"], False, False),
        (0, [], False, False),
    ],
)
def test_as_many_may_be_lost_as_there_are_recovery_volumes(
    catalogue: Catalogue, recovery: int, lost: list[str], can_rebuild: bool, can_lose: bool
) -> None:
    _set(catalogue, recovery=recovery)
    _lose(catalogue, *lost)
    with _standing(catalogue) as (known, _):
        if any(label in lost for label in ("1", "2")):
            media = known.recovery(_volume(known, "1"))
            assert [medium.label for medium in media] == ([f"R{n + 1}" for n in range(recovery)] if can_rebuild else [])
        assert known.can_lose(_volume(known, "3")) == can_lose


def test_of_a_set_whose_end_nobody_knows_nothing_is_rebuilt(catalogue: Catalogue) -> None:
    _set(catalogue, last=False)
    with _standing(catalogue) as (known, _):
        assert not known.can_lose(_volume(known, "1"))
        assert known.recovery(_volume(known, "1")) == []


def test_an_archive_that_stands_alone_is_lost_with_its_medium(catalogue: Catalogue) -> None:
    put(catalogue, "alone", [filed("a")])
    with _standing(catalogue) as (known, split):
        held = _volume(known, "alone")
        assert not known.can_lose(held)
        assert held.id in known.counted
        assert split.rows == []
    with _standing(catalogue, without="alone") as (known, _):
        assert held.id not in known.counted
        assert held.id not in known.doubtful


def test_suspects_are_doubtful_and_lost_ones_are_gone(catalogue: Catalogue) -> None:
    put(catalogue, "a", [filed("a")])
    put(catalogue, "b", [filed("b")])
    _lose(catalogue, "a", state=MediumState.SUSPECT)
    _lose(catalogue, "b")
    with _standing(catalogue) as (known, _):
        assert known.doubtful == {_volume(known, "a").id}
        assert known.counted == {}
    with _standing(catalogue, since=TIME) as (known, _):
        assert known.counted == {}


@pytest.mark.parametrize(("lost", "copies"), [([], 1), (["1"], 0), (["2"], 0), (["3"], 1)])
def test_a_file_in_parts_is_whole_where_each_part_is_somewhere(
    catalogue: Catalogue, lost: list[str], copies: int
) -> None:
    _set(catalogue)
    _lose(catalogue, *lost)
    with _standing(catalogue) as (_, split):
        assert len(split.rows) == 2
        row = split.rows[0]
        assert split.key(row) == split.key(split.rows[1])
        assert (split.copies(split.key(row))[0], split.is_whole(row)) == (copies, bool(copies))
        assert split.copies("nothing") == (0, 0)
