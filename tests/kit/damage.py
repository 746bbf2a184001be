"""Damage: to sectors, to bytes, and to the structures of an archive."""

from __future__ import annotations

import os
import random
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path

from pybackup.archive.find import volumes_in
from pybackup.sector import SECTOR

from .specimen import Place, Specimen


def overwritten(data: bytes, numbers: Iterable[int], chance: random.Random | None = None) -> bytes:
    """The bytes with these sectors zeroed, or filled with garbage."""
    changed = bytearray(data)
    for number in numbers:
        part = len(changed[number * SECTOR : (number + 1) * SECTOR])
        changed[number * SECTOR : number * SECTOR + part] = chance.randbytes(part) if chance else bytes(part)
    return bytes(changed)


def zero_sectors(path: Path, sectors: Iterable[int]) -> None:
    """Zero sectors of a file, each of which it has."""
    with path.open("r+b") as file:
        for number in sectors:
            file.seek(number * SECTOR)
            file.write(bytes(SECTOR))


def scatter(path: Path, part: float, seed: int = 5, first: int = 0) -> None:
    """Zero a part of the sectors of a file, anywhere from the ``first`` one on.

    Of an image, from where its archive begins: what is hit of that does not depend on how long all before it is.
    """
    data = bytearray(path.read_bytes())
    total = len(data) // SECTOR - first
    for number in random.Random(seed).sample(range(total), int(total * part)):
        data[(first + number) * SECTOR : (first + number + 1) * SECTOR] = bytes(SECTOR)
    path.write_bytes(data)


def first_sector(image: Path) -> int:
    """Return the number of the sector in which the archive of an image begins."""
    (volume,) = volumes_in(os.fsencode(image))
    return volume.offset // SECTOR


def invert(path: Path, at: int, count: int = 1) -> None:
    """Flip all bits of some bytes of a file."""
    data = bytearray(path.read_bytes())
    data[at : at + count] = bytes(byte ^ 0xFF for byte in data[at : at + count])
    path.write_bytes(data)


PLACES: dict[str, tuple[str, int]] = {
    "first header": ("locator", 0),
    "readme": ("readme", 0),
    "content header": ("content header", 0),
    "stream": ("stream", 0),
    "7z tail": ("7z tail", 0),
    "bundle header": ("bundle header", 0),
    "notes": ("notes", 0),
    "padding": ("padding", 1),
    "container header": ("container header", -1),
    "own index head": ("own index head", 0),
    "own index body": ("own index body", 0),
    "own index parity": ("own index parity", 0),
    "own index foot": ("own index foot", 0),
    "structure": ("structure", 0),
    "links": ("links", 0),
    "tree index head": ("tree index head", 0),
    "tree index body": ("tree index body", 0),
    "tree index parity": ("tree index parity", 0),
    "tree index foot": ("tree index foot", 0),
    "end": ("end", -1),
}


def flip(data: bytes, place: Place) -> bytes:
    changed = bytearray(data)
    changed[(place.start + place.end) // 2] ^= 0x10
    return bytes(changed)


def ruin(data: bytes, place: Place) -> bytes:
    noise = random.Random(place.start).randbytes(place.end - place.start)
    return data[: place.start] + noise + data[place.end :]


def zero(data: bytes, place: Place) -> bytes:
    return data[: place.start] + bytes(place.end - place.start) + data[place.end :]


def truncate(data: bytes, place: Place) -> bytes:
    return data[: place.start]


def delete(data: bytes, place: Place) -> bytes:
    return data[: place.start] + data[place.start + 17 :]


def insert(data: bytes, place: Place) -> bytes:
    return data[: place.start] + b"\x55" * 17 + data[place.start :]


def swap(data: bytes, place: Place) -> bytes:
    first = place.start - place.start % SECTOR
    second = first + SECTOR if first + 2 * SECTOR <= len(data) else first - SECTOR
    first, second = min(first, second), max(first, second)
    one, two = data[first : first + SECTOR], data[second : second + SECTOR]
    return data[:first] + two + one + data[second + SECTOR :]


def unreadable(data: bytes, place: Place) -> bytes:
    return data


DAMAGES: dict[str, Callable[[bytes, Place], bytes]] = {
    damage.__name__: damage for damage in (flip, ruin, zero, truncate, delete, insert, swap, unreadable)
}


def changed_files(small: Specimen, data: bytes, damage: str, place: Place) -> set[bytes]:
    """Files of which bytes were hit."""
    if damage == "unreadable":
        start = place.start - place.start % SECTOR
        return small.touched(start, start + SECTOR)
    hit = [at for at, (one, two) in enumerate(zip(data, small.data, strict=True)) if one != two]
    return small.touched(hit[0], hit[-1] + 1) if hit else set()


def deceiving(sector: bytes) -> bytes:
    """A sector with six wrong bytes whose sum says that one of them, put right, would make it good."""
    # A byte followed by the CRC of it, all taken as differences: what no CRC-32 sees.
    unseen = b"\x5a"
    unseen += (zlib.crc32(unseen) ^ zlib.crc32(b"\0")).to_bytes(4, "little")
    changed = bytearray(sector)
    for place, value in enumerate(unseen, 100):
        changed[place] ^= value
    assert zlib.crc32(changed) == zlib.crc32(sector)
    changed[1500] ^= 0x21
    return bytes(changed)
