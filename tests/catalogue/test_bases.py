"""Files stored as deltas: copies, losses and what is carried, compared with sets, on every database."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from kit.command import run

from pybackup.catalogue.carry import carried, merge
from pybackup.catalogue.connect import Catalogue, create_catalogue, open_catalogue
from pybackup.catalogue.find import find
from pybackup.catalogue.loss import Outlook, loss_of
from pybackup.catalogue.media import find_medium, media, remove, set_state
from pybackup.catalogue.portable import write_portable
from pybackup.catalogue.read_portable import reading_portable
from pybackup.catalogue.risk import at_risk, exposed
from pybackup.model.catalogued import MediumState, MediumType, NewMedium, Wanted
from pybackup.model.filed import Filed
from pybackup.monitor import Monitor

from .databases import SqliteFiles
from .shelf import filed, put, sha


def delta(path: str, content: str, base: str) -> Filed:
    """A file of one segment, a delta to a content."""
    return filed(path, content, parts_here=1, parts=2, base=sha(base))


def chain(catalogue: Catalogue) -> None:
    put(catalogue, "full", [filed("a", "a1"), filed("b", "b1")])
    put(catalogue, "monday", [delta("a", "a2", "a1")])
    put(catalogue, "tuesday", [delta("a", "a3", "a2"), filed("c")])


def counts(catalogue: Catalogue, label: str) -> dict[Outlook, int]:
    by_count = loss_of(catalogue, find_medium(catalogue, label), details=False)
    by_name = loss_of(catalogue, find_medium(catalogue, label))
    assert by_count.counts == by_name.counts
    listed = [outlook for _, outlook in by_name.outlook]
    assert {each: listed.count(each) for each in Outlook if each is not Outlook.ELSEWHERE} == {
        each: number for each, number in by_name.counts.items() if each is not Outlook.ELSEWHERE
    }
    return {each: number for each, number in by_count.counts.items() if number}


def test_with_a_base_goes_what_is_built_on_it(catalogue: Catalogue) -> None:
    chain(catalogue)
    assert counts(catalogue, "full") == {Outlook.GONE: 2, Outlook.DEPENDENT: 2}
    assert counts(catalogue, "monday") == {Outlook.GONE: 1, Outlook.DEPENDENT: 1}
    assert counts(catalogue, "tuesday") == {Outlook.GONE: 2}
    named = loss_of(catalogue, find_medium(catalogue, "full")).outlook
    assert [(each.filed.path, each.media[0].label) for each, outlook in named if outlook is Outlook.DEPENDENT] == [
        (b"a", "monday"),
        (b"a", "tuesday"),
    ]


def test_a_second_copy_of_the_base_saves_both(catalogue: Catalogue) -> None:
    chain(catalogue)
    put(catalogue, "again", [filed("elsewhere", "a1")])
    assert counts(catalogue, "full") == {Outlook.ELSEWHERE: 1, Outlook.GONE: 1}


def test_content_that_is_whole_elsewhere_depends_on_nothing(catalogue: Catalogue) -> None:
    chain(catalogue)
    put(catalogue, "whole", [filed("x", "a2")])
    assert counts(catalogue, "full") == {Outlook.GONE: 2}
    assert counts(catalogue, "monday") == {Outlook.ELSEWHERE: 1}


def test_what_a_lost_base_leaves_is_no_copy(catalogue: Catalogue) -> None:
    chain(catalogue)
    few = {each.volume.name: each.files for each in exposed(catalogue, 1)}
    assert few == {}
    set_state(catalogue, find_medium(catalogue, "full").id, MediumState.LOST)
    few = {each.volume.name: each.files for each in exposed(catalogue, 1)}
    assert few == {"full": 2, "monday": 1, "tuesday": 1}
    assert counts(catalogue, "full") == {Outlook.GONE: 2, Outlook.DEPENDENT: 2}
    assert counts(catalogue, "monday") == {Outlook.GONE: 1}


def test_a_delta_has_as_few_copies_as_its_base(catalogue: Catalogue) -> None:
    chain(catalogue)
    put(catalogue, "monday", [delta("a", "a2", "a1")], medium=NewMedium(MediumType.DISC, "monday too", another=True))
    assert b"a" in {each.filed.path for each in at_risk(catalogue, 2) if each.volume.name == "monday"}
    put(catalogue, "again", [filed("elsewhere", "a1")])
    assert [each for each in at_risk(catalogue, 2) if each.volume.name == "monday"] == []


def test_bases_go_with_their_volume(catalogue: Catalogue) -> None:
    chain(catalogue)
    remove(catalogue, find_medium(catalogue, "monday"))
    with catalogue.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM base").scalar() == 1
    assert [(each.filed.base, each.volume.name) for each in find(catalogue, Wanted(b"a"))] == [
        (b"", "full"),
        (sha("a2"), "tuesday"),
    ]


def test_they_are_carried(catalogue: Catalogue, tmp_path: os.PathLike[str]) -> None:
    chain(catalogue)
    path = os.path.join(os.fsencode(tmp_path), b"carried")
    write_portable(path, carried(catalogue), ())
    with create_catalogue(os.path.join(os.fspath(tmp_path), "other.sqlite")) as other:
        with reading_portable(path) as coming:
            merge(other, coming.volumes, Monitor())
        assert counts(other, "full") == {Outlook.GONE: 2, Outlook.DEPENDENT: 2}
        assert {each.filed for each in find(other, Wanted())} == {each.filed for each in find(catalogue, Wanted())}


def test_a_chain_by_the_command_line(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "a.txt").write_text("a letter")
    content = random.Random(1).randbytes(12 << 20)
    (tree / "disk.img").write_bytes(content)

    def verb(*words: str) -> str:
        done = run(*words, "--catalogue", "c.sqlite", cwd=tmp_path)
        assert done.returncode in (0, 1), done.stderr
        return done.stdout.decode()

    verb("catalogue", "init")
    verb("create", "tree", "-o", "full.xtar", "--chain", "docs")
    (tree / "disk.img").write_bytes(b"changed" + content[7:])
    verb("create", "tree", "-o", "monday.xtar", "--chain", "docs", "--level", "incremental", "--delta", "base_copies=1")
    assert verb("catalogue", "at-risk", "--copies", "1") == ""
    said = verb("catalogue", "lost", "full", "--dry-run", "--files")
    assert "1 file on other media that cannot be restored without it" in said
    assert "dependent: tree/disk.img" in said
    assert "not elsewhere" not in said
    assert "live: tree/disk.img" in verb("catalogue", "lost", "full", "--dry-run", "--files", "--in", "tree")
    verb("catalogue", "lost", "full")
    assert "monday" in verb("catalogue", "at-risk", "--copies", "1")


@dataclass(frozen=True)
class Piece:
    """A content on a disc: whole, or a delta to another."""

    content: int
    base: int | None


PIECES = st.builds(
    lambda content, base: Piece(content, base if base is not None and base < content else None),
    st.integers(0, 4),
    st.none() | st.integers(0, 3),
)
DISCS = st.lists(
    st.lists(PIECES, min_size=1, max_size=3, unique_by=lambda piece: piece.content), min_size=1, max_size=5
)


def readable(discs: dict[int, list[Piece]]) -> set[int]:
    """Which contents can be had of these discs: whole ones, then those built on them, three deep."""
    pieces = {piece for disc in discs.values() for piece in disc}
    found = {piece.content for piece in pieces if piece.base is None}
    for _ in range(3):
        found |= {piece.content for piece in pieces if piece.base in found}
    return found


@example([[Piece(1, None)], [Piece(1, 0)]], set())
@given(DISCS, st.sets(st.integers(0, 4)))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_as_sets_have_it(sqlite_files: SqliteFiles, shelf: list[list[Piece]], lost: set[int]) -> None:
    with open_catalogue(sqlite_files.empty()) as catalogue:
        for number, disc in enumerate(shelf):
            put(
                catalogue,
                f"disc {number}",
                [
                    delta(f"{number}-{at}", f"content {piece.content}", f"content {piece.base}")
                    if piece.base is not None
                    else filed(f"{number}-{at}", f"content {piece.content}")
                    for at, piece in enumerate(disc)
                ],
            )
        known = {each.label: each for each in media(catalogue)}
        for number in lost & set(range(len(shelf))):
            set_state(catalogue, known[f"disc {number}"].id, MediumState.LOST)
        there = {number: disc for number, disc in enumerate(shelf) if number not in lost}
        for number, disc in enumerate(shelf):
            others = {other: pieces for other, pieces in there.items() if other != number}
            before, after = readable(others | {number: disc}), readable(others)
            found = counts(catalogue, f"disc {number}")
            assert found.get(Outlook.ELSEWHERE, 0) == sum(piece.content in after for piece in disc)
            assert found.get(Outlook.DEPENDENT, 0) == sum(
                piece.base is not None and piece.content in before - after
                for pieces in others.values()
                for piece in pieces
            )
        few = {each.volume.name: each.files for each in exposed(catalogue, 1)}
        want = {
            f"disc {at}": sum(piece.content not in readable(there) for piece in disc) for at, disc in enumerate(shelf)
        }
        assert few == {name: number for name, number in want.items() if number}
