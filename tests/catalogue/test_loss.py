"""What is lost, what is at risk: compared with a model of sets of tuples, without a database."""

from __future__ import annotations

from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pybackup.catalogue.connect import Catalogue, open_catalogue
from pybackup.catalogue.health import add_health
from pybackup.catalogue.loss import Outlook, loss_of
from pybackup.catalogue.media import find_medium, media, move, set_state
from pybackup.catalogue.risk import at_risk, exposed
from pybackup.model.catalogued import MediumCheck, MediumState

from .conftest import on_servers
from .databases import Databases, SqliteFiles
from .shelf import TIME, filed, put, sha
from .shelves import YEAR, Disc, Shelf, Volume, check_loss, enter_all, key_of

CONTENTS = st.sampled_from(["red", "green", "blue", "grey"])


@st.composite
def shelves(draw: st.DrawFn) -> Shelf:
    volumes: list[Volume] = []
    for of in ("", "x", "y"):
        n_data = draw(st.integers(1, 3))
        has_last = draw(st.booleans())
        files: list[list[tuple[str, str | None, int, int]]] = [[] for _ in range(n_data)]
        for number in range(n_data):
            for at in range(draw(st.integers(0, 3))):
                content = draw(st.none() | CONTENTS)
                files[number].append((f"{of}{number}/{at}", content, 0, 0))
        if of and n_data > 1 and draw(st.booleans()):
            content = draw(st.none() | CONTENTS.map("film of ".__add__))
            for number in range(n_data):
                files[number].append(("film", content, number, n_data))
            if content and draw(st.booleans()):
                files[draw(st.integers(0, n_data - 1))].append(("whole film", content, 0, 0))
        for number in range(n_data):
            last = bool(of) and has_last and number == n_data - 1
            volumes.append(Volume(f"{of or 'single'} {number + 1}", of, number + 1, False, last, tuple(files[number])))
        if of:
            volumes += [
                Volume(f"{of} R{number + 1}", of, number + 1, True, False, ())
                for number in range(draw(st.integers(0, 2)))
            ]
    discs = []
    for volume in volumes:
        for copy in range(draw(st.sampled_from([1, 1, 1, 2, 3]))):
            state = draw(st.sampled_from([MediumState.OK] * 4 + list(MediumState)))
            place = draw(st.sampled_from(["home", "away"]))
            discs.append(Disc(f"{volume.name}#{copy}", volume.name, state, draw(st.booleans()), place))
    return Shelf(tuple(volumes), tuple(discs))


@settings(max_examples=30, deadline=None)
@given(shelves(), st.booleans(), st.integers(1, 3), st.integers(1, 2))
def test_it_is_what_the_model_says(
    sqlite_files: SqliteFiles, shelf: Shelf, checked: bool, copies: int, places: int
) -> None:
    with open_catalogue(sqlite_files.empty()) as catalogue:
        check_shelf(catalogue, shelf, checked, copies, places)


@on_servers
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(shelves(), st.booleans(), st.integers(1, 3), st.integers(1, 2))
def test_it_is_so_on_each_database(databases: Databases, shelf: Shelf, checked: bool, copies: int, places: int) -> None:
    with open_catalogue(databases.empty()) as catalogue:
        check_shelf(catalogue, shelf, checked, copies, places)
    databases.end_test()


def check_shelf(catalogue: Catalogue, shelf: Shelf, checked: bool, copies: int, places: int) -> None:
    since = TIME - YEAR if checked else None
    known = enter_all(catalogue, shelf)
    found = sorted(
        (each.volume.name, each.filed.path.decode())
        for each in at_risk(catalogue, copies, places=places, checked_since_ns=since)
    )
    counting = shelf.counting(checked)
    few = {
        (volume.name, file[0])
        for volume in shelf.volumes
        for file in volume.files
        for held in [shelf.sources(key_of(volume, file), counting)]
        if held[0] < copies or held[1] < places
    }
    assert found == sorted(few)
    totals = {
        each.volume.name: each.files for each in exposed(catalogue, copies, places=places, checked_since_ns=since)
    }
    assert totals == Counter(name for name, _ in few)
    for disc in shelf.discs:
        check_loss(catalogue, shelf, disc, known[disc.label], checked)


def test_what_goes_with_a_disc(catalogue: Catalogue) -> None:
    put(catalogue, "one", [filed("a", "red"), filed("b", "green"), filed("c", "blue"), filed("d", sha256=None)])
    put(catalogue, "two", [filed("renamed", "red"), filed("e", "grey")])
    put(catalogue, "three", [filed("old", "blue")])
    set_state(catalogue, find_medium(catalogue, "three").id, MediumState.SUSPECT)
    loss = loss_of(catalogue, find_medium(catalogue, "one"))
    assert [(each.filed.path, outlook) for each, outlook in loss.outlook] == [
        (b"b", Outlook.GONE),
        (b"c", Outlook.DOUBTFUL),
        (b"d", Outlook.GONE),
    ]
    assert [(known.label, count) for known, count in loss.others] == [("two", 1)]
    assert (loss.files, loss.counts[Outlook.ELSEWHERE]) == (4, 1)


def test_a_recovery_volume_makes_up_for_one(catalogue: Catalogue) -> None:
    for number in (1, 2, 3):
        put(catalogue, f"docs {number}", [filed(f"{number}")], set_name="docs", number=number, last=number == 3)
    put(catalogue, "docs R1", [], set_name="docs", number=1, recovery=True)
    loss = loss_of(catalogue, find_medium(catalogue, "docs 2"))
    assert [outlook for _, outlook in loss.outlook] == [Outlook.REBUILDABLE]
    assert [known.label for known in loss.by] == ["docs R1"]
    set_state(catalogue, find_medium(catalogue, "docs 1").id, MediumState.LOST)
    assert [outlook for _, outlook in loss_of(catalogue, find_medium(catalogue, "docs 2")).outlook] == [Outlook.GONE]


def test_too_few_copies_or_places(catalogue: Catalogue) -> None:
    put(catalogue, "one", [filed("a", "red"), filed("b", "green")])
    put(catalogue, "two", [filed("a", "red")])
    assert [(each.filed.path, each.media[0].label) for each in at_risk(catalogue, 2)] == [(b"b", "one")]
    move(catalogue, find_medium(catalogue, "one").id, "home")
    move(catalogue, find_medium(catalogue, "two").id, "home")
    assert len(list(at_risk(catalogue, 2, places=2))) == 3
    move(catalogue, find_medium(catalogue, "two").id, "office")
    assert len(list(at_risk(catalogue, 2, places=2))) == 1
    assert [(each.volume.name, each.files, each.n_bytes) for each in exposed(catalogue, 2)] == [("one", 1, 5)]


def test_an_unchecked_disc_is_no_copy(catalogue: Catalogue) -> None:
    put(catalogue, "one", [filed("a")])
    disc = find_medium(catalogue, "one").id
    assert list(at_risk(catalogue, 1, checked_since_ns=TIME)) != []
    add_health(catalogue, disc, MediumCheck(TIME - YEAR, "intact"))
    assert list(at_risk(catalogue, 1, checked_since_ns=TIME)) != []
    add_health(catalogue, disc, MediumCheck(TIME + 1, "repairable"))
    assert list(at_risk(catalogue, 1, checked_since_ns=TIME)) == []
    add_health(catalogue, disc, MediumCheck(TIME + 2, "beyond"))
    assert find_medium(catalogue, "one").state is MediumState.SUSPECT
    assert list(at_risk(catalogue, 1)) != []


def test_whole_here_and_in_parts_elsewhere(catalogue: Catalogue) -> None:
    """The counts are the same with and without details."""
    both = sha("film")
    for number in (1, 2):
        part = filed("film", size=10, sha256=both, first_part=number - 1, parts_here=1, parts=2)
        put(catalogue, f"x {number}", [part], set_name="x", number=number, last=number == 2)
    put(catalogue, "whole", [filed("film", sha256=both), filed("other", sha256=sha("other"))])
    for medium in media(catalogue):
        told, counted = loss_of(catalogue, medium), loss_of(catalogue, medium, details=False)
        assert told.counts == counted.counts
        assert told.counts[Outlook.GONE] == int(medium.label == "whole")
