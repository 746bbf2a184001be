"""Images and labels get distinct names, whatever the volumes are called, and replace nothing."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.archives import archive
from kit.command import run
from kit.discs import MIB
from kit.memory import fast_directory
from kit.sets import make_volumes
from kit.trees import plant_for_discs

from pybackup.disc.names import DiscNames, name_for_media

PLAIN = re.compile(r"[A-Za-z0-9_+][A-Za-z0-9._+-]*")


@pytest.fixture(scope="module")
def volume() -> Iterator[Path]:
    with fast_directory() as base:
        archive([plant_for_discs(base / "tree", n_bytes=MIB // 8)], base / "a.xtar")
        yield base / "a.xtar"


@given(st.text(min_size=1, max_size=80), st.text(min_size=1, max_size=80), st.sampled_from(["", "001", "R02"]))
def test_other_names_are_other_names_on_a_medium(one: str, two: str, tag: str) -> None:
    first, second = (name_for_media(text.encode("utf-8", "surrogatepass"), tag) for text in (one, two))
    # Names that differ only in a space and an underline are told apart by `DiscNames`.
    assert (first == second) == (one.replace(" ", "_") == two.replace(" ", "_"))
    for name in (first, second):
        assert PLAIN.fullmatch(name)
        assert len(name) <= 48
        assert name.endswith(f"-{tag}" if tag else "")


def test_a_name_that_every_medium_has_stays() -> None:
    assert name_for_media(b"docs-2024+a.b", "003") == "docs-2024+a.b-003"


def test_no_two_names_of_a_run_are_the_same() -> None:
    names = DiscNames()
    taken = [names.take(name) for name in ("docs", "docs", "DOCS", "docs-2", "docs")]
    assert taken == ["docs", "docs-2", "DOCS-3", "docs-2-2", "docs-4"]


HARD = [
    "döcs",
    "dücs",
    "日本",
    "中国",
    "-a",
    "--",
    "a?",
    "a!",
    "a" * 60 + "1",
    "a" * 60 + "2",
    b"\xff\xfe",
    b"\xff\xfd",
]


def test_volumes_of_any_names_get_images_and_labels_of_their_own(volume: Path, room: Path) -> None:
    volumes = []
    for name in HARD:
        volumes.append(room / os.fsdecode(name + b".xtar" if isinstance(name, bytes) else f"{name}.xtar"))
        shutil.copy(volume, volumes[-1])
    for directory in ("one", "two"):
        (room / directory).mkdir()
        volumes.append(room / directory / "same.xtar")
        shutil.copy(volume, volumes[-1])
    done = run("disc", "build", *volumes, "--to", room / "images")
    assert done.returncode == 0, done.stderr
    images = sorted(path.name for path in (room / "images").iterdir())
    assert len(images) == len(volumes)
    assert {"same.iso", "same-2.iso"} <= set(images)
    done = run("disc", "label", *volumes, "--to", room / "labels")
    assert done.returncode == 0, done.stderr
    labels = sorted(path.name for path in (room / "labels").iterdir())
    assert len(labels) == 2 * len(volumes)
    assert all(PLAIN.fullmatch(name) for name in (*images, *labels))


def test_the_volumes_of_a_set_of_a_long_name(room: Path) -> None:
    """Regression: the tag was cut off, so that all volumes had the same image name."""
    make_volumes(plant_for_discs(room / "tree"), room / "volumes", [MIB, 2 * MIB], name="n" * 190)
    done = run("disc", "build", room / "volumes", "--to", room / "images", "--medium", "cd700")
    assert done.returncode == 0, done.stderr
    names = sorted(path.name for path in (room / "images").iterdir())
    assert len(names) > 1
    assert [re.search(r"-(\d+)\.iso$", name)[1] for name in names] == [  # type: ignore[index]
        f"{number:03d}" for number in range(1, len(names) + 1)
    ]


@pytest.mark.parametrize("verb", ["build", "label"])
def test_what_exists_is_replaced_when_it_is_said(verb: str, volume: Path, room: Path) -> None:
    words = ("disc", verb, volume, "--to", room / "made")
    assert run(*words).returncode == 0
    before = {path: path.stat().st_mtime_ns for path in (room / "made").iterdir()}
    again = run(*words)
    assert again.returncode == 2
    assert b": exists" in again.stderr
    assert b"--overwrite" in again.stderr
    assert {path: path.stat().st_mtime_ns for path in (room / "made").iterdir()} == before
    assert run(*words, "--overwrite").returncode == 0
    assert {path.stat().st_mtime_ns for path in (room / "made").iterdir()}.isdisjoint(before.values())


@pytest.mark.parametrize("verb", ["build", "label"])
def test_of_what_does_not_exist_no_directory_is_left(verb: str, volume: Path, room: Path) -> None:
    assert run("disc", verb, room / "no.xtar", "--to", room / "made").returncode == 2
    (room / "bad.xtar").write_bytes(volume.read_bytes()[:5000])
    assert run("disc", verb, room / "bad.xtar", "--to", room / "made").returncode == 4
    assert not (room / "made").exists()


def test_a_volume_that_cannot_be_built_stops_no_other(volume: Path, room: Path) -> None:
    (room / "bad.xtar").write_bytes(volume.read_bytes()[:5000])
    done = run("disc", "build", room / "no.xtar", room / "bad.xtar", volume, "--to", room / "made")
    assert done.returncode == 4
    assert [path.name for path in (room / "made").iterdir()] == ["a.iso"]
    assert b"no.xtar: no such" in done.stderr
    assert b"bad.xtar: " in done.stderr


@pytest.mark.parametrize("name", [b"\xff\xfe", b"caf\xe9", b"-\xff", b"\xed\xa0\x80"])
def test_names_that_are_no_utf_8_are_built_labelled_and_checked(room: Path, name: bytes) -> None:
    """As the name of an archive, and of a set: the label shows escapes, never half of a surrogate pair."""
    tree = plant_for_discs(room / os.fsdecode(b"tree" + name), n_bytes=200_000)
    single, volumes = room / os.fsdecode(name + b".xtar"), room / "volumes"
    assert run("create", tree, "-o", single, "--workers", "1").returncode == 0
    made = run("create", tree, "--volumes", volumes, "--volume-size", "2M", "--workers", "1")
    assert made.returncode == 0, made.stderr
    assert b"\\udc" not in made.stdout
    for number, given_files in enumerate((single, volumes)):
        images = room / f"images{number}"
        for verb in (["disc", "build"], ["disc", "label"]):
            done = run(*verb, given_files, "--to", images)
            assert (done.returncode, done.stderr.count(b"Traceback")) == (0, 0), done.stderr
        built = sorted(images.glob("*.iso"))
        assert built
        for image in built:
            assert PLAIN.fullmatch(image.name)
            checked = run("disc", "check", image)
            assert checked.returncode == 0, checked.stderr
            assert b"\\udc" not in checked.stdout
