"""Many rows at once, on every database: all are inserted, in order, and the indexes are there afterwards."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from pybackup.catalogue.bulk import batches, insert_rows, next_id, rebuilding_indexes
from pybackup.catalogue.connect import Catalogue
from pybackup.catalogue.schema import directory, entry, place


@given(st.lists(st.integers()), st.integers(1, 9))
def test_batches_are_all_of_it_in_order(rows: list[int], size: int) -> None:
    found = list(batches(iter(rows), size))
    assert [row for some in found for row in some] == rows
    assert all(len(some) == size for some in found[:-1])
    assert all(found)


@pytest.mark.parametrize("count", [0, 1, 5000, 5001])
def test_rows_of_any_bytes_are_there_afterwards(catalogue: Catalogue, count: int) -> None:
    rows = [(number + 2, 1, b"\xff\x00'%s?\n\\" + b"%d" % number) for number in range(count)]
    with catalogue.writing() as connection:
        insert_rows(connection, directory, iter(rows))
        assert next_id(connection, directory) == (count + 2 if count else 2)
    with catalogue.reading() as connection:
        query = sa.select(directory).where(directory.c.id > 1).order_by(directory.c.id)
        found = [(row.id, row.parent_id, bytes(row.name)) for row in connection.execute(query)]
    assert found == rows


def test_the_first_id_is_one(catalogue: Catalogue) -> None:
    with catalogue.reading() as connection:
        assert next_id(connection, place) == 1


def test_rows_may_ask_the_same_connection_while_they_come(catalogue: Catalogue) -> None:
    with catalogue.writing() as connection:

        def rows() -> Iterator[tuple[int, int, bytes]]:
            for number in range(2, 5003):
                if number % 2500 == 0:
                    connection.execute(sa.select(sa.func.count()).select_from(directory)).scalar()
                yield number, 1, b"%d" % number

        insert_rows(connection, directory, rows())
        assert next_id(connection, directory) == 5003


def _indexes(catalogue: Catalogue) -> set[str]:
    with catalogue.reading() as connection:
        return {str(index["name"]) for index in sa.inspect(connection).get_indexes("entry")}


@pytest.mark.parametrize("coming", [10, 60_000])
def test_indexes_are_there_behind_it_and_where_it_fails(catalogue: Catalogue, coming: int) -> None:
    before = _indexes(catalogue)
    assert before >= {"entry_by_content", "entry_by_path"}
    with catalogue.writing() as connection, rebuilding_indexes(connection, entry, coming, 0):
        pass
    assert _indexes(catalogue) == before

    def fail() -> None:
        with catalogue.writing() as connection, rebuilding_indexes(connection, entry, coming, 0):
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        fail()
    if catalogue.is_sqlite:
        # All of it is one transaction.
        assert _indexes(catalogue) == before
