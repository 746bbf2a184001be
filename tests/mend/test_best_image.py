"""The best image of a volume: the file itself where it is whole, else a temporary that is gone afterwards."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from kit.damage import overwritten
from kit.protected import SMALL_GROUPS, with_own_stream
from kit.small_sets import small_set
from kit.specimen import make_archive
from kit.trees import plant_every_kind

from pybackup.container.read import read_locator
from pybackup.host.joined import open_place
from pybackup.mend.best_image import Image, best_image
from pybackup.mend.copies import open_copies
from pybackup.model.soundness import FAR_BYTES, Soundness
from pybackup.monitor import Noted

WHOLE = "docs-001.xtar"


@pytest.fixture
def bare(room: Path) -> bytes:
    """An archive without checksums of its sectors."""
    data = make_archive(plant_every_kind(room), room / "bare.xtar")
    (room / "bare.xtar").unlink()
    return data


class _Made:
    """What was made of some copies, while it was there."""

    def __init__(self, room: Path, *copies: bytes, words: str = "") -> None:
        paths = [room / f"copy{number}" for number in range(len(copies))]
        for path, data in zip(paths, copies, strict=True):
            path.write_bytes(data)
        self.heard = Noted()
        self.copies = [os.fsencode(path) for path in paths]
        with (
            open_copies(self.copies) as given,
            best_image(given, os.fsencode(room / "work"), self.heard, words=words) as image,
        ):
            self.image: Image = image
            with open_place(image.place) as file:
                self.content = file.read_at(0, file.size)
                self.begins = read_locator(file) is not None
        self.left = list((room / "work").iterdir()) if (room / "work").exists() else []


def test_a_whole_volume_is_its_own_best_image(room: Path) -> None:
    made = _Made(room, small_set().volumes[WHOLE], words="damaged")
    assert (made.image.path, made.image.offset, made.image.n_bytes) == (made.copies[0], 0, 0)
    assert (made.image.soundness, bool(made.image.repaired)) == (Soundness(), False)
    assert made.heard.notes == []
    assert not (room / "work").exists()


def test_what_parity_mends_is_told_and_gone_afterwards(room: Path) -> None:
    data = small_set().volumes[WHOLE]
    made = _Made(room, overwritten(data, [3, 4]), words="damaged; mending")
    assert made.content == data
    assert made.image.repaired.ranges == ((3 * 2048, 5 * 2048),)
    assert made.image.soundness == Soundness()
    assert made.heard.notes == ["damaged; mending"]
    assert made.image.path not in made.copies
    assert made.left == []


def test_what_is_beyond_parity_is_bad_and_the_rest_is_right(room: Path) -> None:
    data = small_set(parity="none").volumes[WHOLE]
    made = _Made(room, overwritten(data, [3, 4]), overwritten(data, [4, 5]))
    assert made.content == overwritten(data, [4])
    assert made.image.soundness.bad.ranges == ((4 * 2048, 5 * 2048),)
    assert made.image.soundness.is_proved
    assert made.image.repaired.ranges == ((3 * 2048, 4 * 2048),)


def test_without_checksums_the_first_copy_is_taken_and_nothing_is_proved(room: Path, bare: bytes) -> None:
    hurt = bytearray(bare)
    hurt[len(bare) // 2] ^= 1
    made = _Made(room, bytes(hurt), bare)
    assert made.image.path == made.copies[0]
    assert made.image.health is None
    assert made.image.soundness.unproved.ranges == ((0, FAR_BYTES),)
    assert any("copies are not merged" in note for note in made.heard.notes)


@pytest.mark.parametrize("before", [1000, 2048])
def test_an_archive_that_begins_further_on_is_a_part(room: Path, bare: bytes, before: int) -> None:
    made = _Made(room, b"?" * before + bare)
    assert (made.image.offset, made.begins) == (before, True)
    assert made.content == bare


def test_one_whose_start_was_cut_off_is_bad_there(room: Path, bare: bytes) -> None:
    made = _Made(room, bare[8000:])
    assert made.image.offset == -8000
    assert made.image.soundness.bad.within(0, 8000).ranges == ((0, 8000),)
    # The part has the addresses of the whole.
    with (
        open_copies(made.copies) as given,
        best_image(given, os.fsencode(room), Noted()) as image,
        open_place(image.place) as file,
    ):
        assert file.read_at(8000, 500) == bare[8000:8500]
        assert file.read_at(0, 10) == b""


def test_an_archive_with_parity_in_an_image_with_parity(room: Path) -> None:
    inner = small_set().volumes[WHOLE]
    filled = inner + bytes(-len(inner) % 2048)
    outer = with_own_stream(room, SMALL_GROUPS, os.urandom(4 * 2048) + filled).data
    made = _Made(room, overwritten(outer, [1, 2, 6]))
    # What follows is the stream of the image, which protects all of the archive.
    assert made.content.startswith(filled)
    assert (made.image.offset, made.begins) == (4 * 2048, True)
    # From where the archive begins: only what of it was bad.
    assert made.image.repaired.ranges == ((2 * 2048, 3 * 2048),)
    assert made.left == []


@pytest.mark.parametrize("before", [4096, 1000])
def test_an_archive_with_parity_in_an_image_without(room: Path, before: int) -> None:
    inner = small_set().volumes[WHOLE]
    for hurt in ([], [2, 3]):
        made = _Made(room, os.urandom(before) + overwritten(inner, hurt) + os.urandom(2048))
        assert (made.content, made.begins) == (inner, True)
        assert made.image.soundness == Soundness()
        assert made.left == []


def test_nothing_at_all_is_the_file_itself(room: Path) -> None:
    made = _Made(room, b"words" * 1000)
    assert (made.image.path, made.image.health, made.content) == (made.copies[0], None, b"words" * 1000)
