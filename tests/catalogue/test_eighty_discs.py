"""Eighty small discs in a cupboard: sets with recovery volumes, second copies, burnt twice, some lost or suspect.

What is lost, what is at risk and where each file is, compared with a model of sets of tuples that knows no database.
"""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from pybackup.catalogue.connect import open_catalogue
from pybackup.catalogue.find import find_contents, find_path
from pybackup.catalogue.loss import Outlook, loss_of
from pybackup.catalogue.media import set_state
from pybackup.catalogue.risk import at_risk
from pybackup.model.catalogued import MediumState

from .databases import SqliteFiles
from .shelf import sha
from .shelves import Disc, Shelf, Volume, check_loss, enter_all, key_of

DISCS = 80
STATES = [*[MediumState.OK] * 7, *MediumState]
PLACES = ["cupboard", "sister", "bank"]
File = tuple[str, str | None, int, int]


def a_set(chance: random.Random, name: str) -> list[Volume]:
    """Volumes of a set: own files, second copies of some on other discs of it, one that goes on, recovery volumes."""
    n_data = chance.randint(2, 6)
    files: list[list[File]] = [
        [(f"{name}/{number}/{at}.jpg", f"{name} {chance.randint(0, 40)}", 0, 0) for at in range(chance.randint(1, 5))]
        for number in range(n_data)
    ]
    for number in range(n_data):
        for path, content, _, _ in list(files[number][: chance.randint(0, 2)]):
            files[(number + 1) % n_data].append((f"second/{path}", content, 0, 0))
    if chance.random() < 0.5:
        for number in range(n_data):
            files[number].append((f"{name}/film.mkv", f"film {name}", number, n_data))
    # Of some the last disc was never seen: how many there are, nobody knows.
    last = chance.random() < 0.8
    volumes = [
        Volume(f"{name} {number + 1}", name, number + 1, False, last and number == n_data - 1, tuple(files[number]))
        for number in range(n_data)
    ]
    return volumes + [Volume(f"{name} R{at + 1}", name, at + 1, True, False, ()) for at in range(chance.randint(0, 2))]


def cupboard(chance: random.Random) -> Shelf:
    """Return the discs of the cupboard."""
    volumes: list[Volume] = []
    discs: list[Disc] = []
    while len(discs) < DISCS:
        if chance.random() < 0.3:
            path = f"alone {len(volumes)}"
            content = chance.choice([None, "common", path])
            made = [Volume(path, "", 1, False, False, ((f"{path}/file", content, 0, 0),))]
        else:
            made = a_set(chance, f"set{len(volumes)}")
        for volume in made:
            volumes.append(volume)
            for copy in range(chance.choice([1, 1, 1, 2])):
                state, place = chance.choice(STATES), chance.choice(PLACES)
                discs.append(Disc(f"{volume.name}#{copy}", volume.name, state, chance.random() < 0.7, place))
    return Shelf(tuple(volumes), tuple(discs))


@settings(max_examples=2, deadline=None)
@given(st.integers(0, 2**32), st.booleans())
def test_the_cupboard_is_what_the_model_says(sqlite_files: SqliteFiles, seed: int, checked: bool) -> None:
    chance = random.Random(seed)
    shelf = cupboard(chance)
    assert len(shelf.discs) >= DISCS
    since = 1 if checked else None
    with open_catalogue(sqlite_files.empty()) as catalogue:
        known = enter_all(catalogue, shelf)
        counting = shelf.counting(checked)
        keys = {key_of(volume, file) for volume in shelf.volumes for file in volume.files}
        held = {key: shelf.sources(key, counting) for key in keys}
        for copies, places in ((1, 1), (2, 1), (3, 1), (2, 2)):
            few = {
                (volume.name, file[0])
                for volume in shelf.volumes
                for file in volume.files
                if held[key_of(volume, file)][0] < copies or held[key_of(volume, file)][1] < places
            }
            told = [
                (each.volume.name, each.filed.path.decode())
                for each in at_risk(catalogue, copies, places=places, checked_since_ns=since)
            ]
            assert sorted(told) == sorted(few)
        for disc in chance.sample(shelf.discs, 20):
            check_loss(catalogue, shelf, disc, known[disc.label], checked)
        labels = {volume.name: {d.label for d in shelf.discs if d.volume == volume.name} for volume in shelf.volumes}
        contents = sorted({file[1] for volume in shelf.volumes for file in volume.files if file[1]})
        for content in contents:
            where = {
                (file[0], label)
                for volume in shelf.volumes
                for file in volume.files
                if file[1] == content
                for label in labels[volume.name]
            }
            found = {
                (each.filed.path.decode(), medium.label)
                for each in find_contents(catalogue, [sha(content)])
                for medium in each.media
            }
            assert found == where
        paths = {file[0] for volume in shelf.volumes for file in volume.files}
        for path in sorted(paths)[::7]:
            on = {medium.label for each in find_path(catalogue, path.encode()) for medium in each.media}
            # A path may be the end of another one: of a second copy.
            assert on == {
                label
                for volume in shelf.volumes
                for file in volume.files
                if file[0] == path or file[0].endswith("/" + path)
                for label in labels[volume.name]
            }


@settings(max_examples=2, deadline=None)
@given(st.integers(0, 2**32))
def test_losing_them_one_after_the_other(sqlite_files: SqliteFiles, seed: int) -> None:
    """Each loss is counted as things are then: media lost earlier no longer make up for it."""
    chance = random.Random(seed)
    shelf = cupboard(chance)
    with open_catalogue(sqlite_files.empty()) as catalogue:
        known = enter_all(catalogue, shelf)
        there = set(shelf.counting(checked=False))
        for disc in chance.sample(sorted(there, key=lambda each: each.label), 12):
            there.discard(disc)
            loss = loss_of(catalogue, known[disc.label])
            volume = next(each for each in shelf.volumes if each.name == disc.volume)
            gone = {file[0] for file in volume.files if not shelf.sources(key_of(volume, file), list(there))[0]}
            again = any(each.volume == disc.volume for each in there) or shelf.can_rebuild(volume, list(there))
            told = {each.filed.path.decode() for each, outlook in loss.outlook if outlook is not Outlook.REBUILDABLE}
            assert told == (set() if again else gone)
            set_state(catalogue, known[disc.label].id, MediumState.LOST)
