"""Discs on a shelf as sets of tuples, and what losing one of them costs by these."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from pybackup.catalogue.connect import Catalogue
from pybackup.catalogue.health import add_health
from pybackup.catalogue.loss import Outlook, loss_of
from pybackup.catalogue.media import media, set_state
from pybackup.model.catalogued import Medium, MediumCheck, MediumState, MediumType, NewMedium
from pybackup.model.filed import Filed

from .shelf import TIME, filed, put, sha

YEAR = 365 * 86_400 * 10**9


@dataclass(frozen=True)
class Disc:
    """One medium of the model."""

    label: str
    volume: str
    state: MediumState
    checked: bool
    place: str


@dataclass(frozen=True)
class Volume:
    """What one volume holds: files as (path, content, part, parts); content None where it is not known."""

    name: str
    of: str
    number: int
    recovery: bool
    last: bool
    files: tuple[tuple[str, str | None, int, int], ...]


@dataclass(frozen=True)
class Shelf:
    """All there is."""

    volumes: tuple[Volume, ...]
    discs: tuple[Disc, ...]

    def counting(self, checked: bool, without: str = "") -> list[Disc]:
        return [
            disc
            for disc in self.discs
            if disc.state is MediumState.OK and (disc.checked or not checked) and disc.label != without
        ]

    def sources(self, key: object, counting: list[Disc]) -> tuple[int, int]:
        """Return the copies of a content and their places: whole ones, and divided ones with all of their parts."""
        on = Counter(disc.volume for disc in counting)
        places = {disc.volume: {each.place for each in counting if each.volume == disc.volume} for disc in counting}
        whole = {v.name for v in self.volumes for file in v.files if key_of(v, file) == key and not file[3]}
        copies = sum(on[name] for name in whole)
        where = len(set().union(*(places.get(name, set()) for name in whole)))
        for of in {v.of for v in self.volumes if v.of}:
            parts: dict[int, set[str]] = {}
            n_parts = 0
            for v in self.volumes:
                for file in v.files:
                    if v.of == of and file[3] and key_of(v, file) == key:
                        parts.setdefault(file[2], set()).update(d.label for d in counting if d.volume == v.name)
                        n_parts = file[3]
            if n_parts:
                held = [parts.get(part, set()) for part in range(n_parts)]
                copies += min(map(len, held))
                in_places = [{d.place for d in counting if d.label in labels} for labels in held]
                where = max(where, min(map(len, in_places)))
        return copies, where

    def can_rebuild(self, volume: Volume, counting: list[Disc]) -> bool:
        there = {disc.volume for disc in counting}
        of_set = [v for v in self.volumes if v.of and v.of == volume.of]
        data = [v for v in of_set if not v.recovery]
        if volume.recovery or not data or not any(v.last for v in data):
            return False
        last = max(v.number for v in data)
        lost = sum(not any(v.number == number and v.name in there for v in data) for number in range(1, last + 1))
        recovery = sum(v.name in there for v in of_set if v.recovery)
        return 0 < recovery >= lost


def key_of(volume: Volume, file: tuple[str, str | None, int, int]) -> object:
    path, content, _, parts = file
    if content is not None:
        return content
    return (volume.of, path, parts) if parts else (volume.name, path)


def enter_all(catalogue: Catalogue, shelf: Shelf) -> dict[str, Medium]:
    for volume in shelf.volumes:
        entries = [entry_of(file) for file in volume.files]
        for disc in shelf.discs:
            if disc.volume == volume.name:
                on = NewMedium(MediumType.DISC, disc.label, place=disc.place, another=True)
                identity = volume.name.encode()
                more = {
                    "set_name": volume.of,
                    "number": volume.number,
                    "recovery": volume.recovery,
                    "last": volume.last,
                }
                put(catalogue, volume.name, entries, medium=on, identity=identity, **more)  # type: ignore[arg-type]
    known = {each.label: each.id for each in media(catalogue)}
    for disc in shelf.discs:
        if disc.checked:
            add_health(catalogue, known[disc.label], MediumCheck(TIME, "intact"))
        if disc.state is not MediumState.OK:
            set_state(catalogue, known[disc.label], disc.state)
    return {known.label: known for known in media(catalogue)}


def entry_of(file: tuple[str, str | None, int, int]) -> Filed:
    path, content, part, parts = file
    sha256 = sha(content) if content else None
    if not parts:
        return filed(path, size=10, sha256=sha256)
    return filed(path, size=10, sha256=sha256, first_part=part, parts_here=1, parts=parts)


def check_loss(catalogue: Catalogue, shelf: Shelf, disc: Disc, known: Medium, checked: bool) -> None:
    volume = next(volume for volume in shelf.volumes if volume.name == disc.volume)
    loss = loss_of(catalogue, known, checked_since_ns=TIME - YEAR if checked else None)
    quick = loss_of(catalogue, known, details=False, checked_since_ns=TIME - YEAR if checked else None)
    assert (quick.counts, quick.outlook) == (loss.counts, ())
    counting = shelf.counting(checked, without=disc.label)
    assert sorted(each.label for each in loss.copies) == sorted(d.label for d in counting if d.volume == volume.name)
    gone = {file for file in volume.files if not shelf.sources(key_of(volume, file), counting)[0]}
    if loss.copies:
        assert not loss.outlook
        return
    assert {each.filed.path.decode() for each, _ in loss.outlook} == {file[0] for file in gone}
    assert bool(loss.by) == shelf.can_rebuild(volume, counting)
    wanted = {Outlook.REBUILDABLE} if loss.by else {Outlook.DOUBTFUL, Outlook.GONE}
    assert {outlook for _, outlook in loss.outlook} <= wanted
    assert loss.counts[Outlook.ELSEWHERE] == len(volume.files) - len(gone)
