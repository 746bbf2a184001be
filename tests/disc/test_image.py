"""Disc images: all readers see the same files, a volume always gives the same image, and damage can be repaired."""

from __future__ import annotations

import gzip
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kit.archives import archive
from kit.damage import scatter
from kit.discs import MIB, SECTOR, build, tool
from kit.manifest import differences, manifest
from kit.memory import fast_directory
from kit.sets import make_volumes
from kit.trees import plant_for_discs

from pybackup.check.verify import verify
from pybackup.disc import copy as disc_copy
from pybackup.disc import parity as disc_parity
from pybackup.disc.copy import CopySteps, copying
from pybackup.disc.own_source import own_source
from pybackup.disc.plan_build import BuildOptions, plan_build
from pybackup.disc.volume import open_volume
from pybackup.errors import Damaged, EnvironmentFailed, Exists, UsageError
from pybackup.host.output import Output
from pybackup.host.second_process import SecondProcess
from pybackup.host.storage import ArchiveFile, InPlace
from pybackup.jobs.repair import repair
from pybackup.jobs.salvage import salvage
from pybackup.layout import ustar
from pybackup.media import texts
from pybackup.media.iso import MAX_EXTENT_BYTES, DiscFile, lay_out
from pybackup.mend.health import State
from pybackup.monitor import Monitor
from pybackup.parity.stream.amount import parse_amount
from pybackup.parity.stream.find import glance
from pybackup.parity.stream.protect import protect
from pybackup.parity.stream.volume import Sectors, VolumeWriter
from pybackup.restore.plan import RestoreOptions
from pybackup.tree.place import PlaceOptions

NAMES = {
    "CATALOGUE.SQLITE",
    "FORMAT.TXT",
    "INDEX.TXT.gz",
    "PARITY.XPR",
    "README.TXT",
    "RESCUE.PY",
    "SHA256SUMS",
    "a.xtar",
    own_source().name,
}


class Field:
    """A tree, its archive, the image of that archive, and a directory for further files."""

    def __init__(self, base: Path, n_bytes: int = 2 * MIB) -> None:
        self.base = base
        self.tree = plant_for_discs(base / "tree", n_bytes=n_bytes)
        self.volume = base / "a.xtar"
        archive([self.tree], self.volume, segment_bytes=MIB)
        self.image = base / "images/a.iso"
        build(self.volume, self.image.parent)


@pytest.fixture(scope="module")
def field() -> Iterator[Field]:
    with fast_directory() as base:
        yield Field(base)


@pytest.fixture(scope="module")
def large() -> Iterator[Field]:
    """A field with a volume so large that its parity can be extended to that of the image."""
    with fast_directory() as base, pytest.MonkeyPatch.context() as patch:
        patch.setattr(disc_parity, "_MOST_ADDED_PARTS", 10)
        yield Field(base, 18 * MIB)


def by_7z(image: Path, to: Path) -> None:
    tool("7z", "x", f"-o{to}", image)


def by_bsdtar(image: Path, to: Path) -> None:
    tool("bsdtar", "-xf", image, "-C", to)


def by_xorriso(image: Path, to: Path) -> None:
    tool("xorriso", "-osirrox", "on", "-indev", f"stdio:{image}", "-extract", "/", to)


def by_isoinfo(image: Path, to: Path) -> None:
    for option in ("-R", "-J"):
        listed = tool("isoinfo", option, "-f", "-i", image).decode().split()
        assert {name.removeprefix("/") for name in listed} == NAMES
    for name in listed:
        (to / name.removeprefix("/")).write_bytes(tool("isoinfo", "-R", "-x", name, "-i", image))


@pytest.mark.parametrize("unpack", [by_7z, by_bsdtar, by_xorriso, by_isoinfo])
def test_every_reader_sees_the_same(unpack: Callable[[Path, Path], None], field: Field, room: Path) -> None:

    unpack(field.image, room)
    assert {path.name for path in room.iterdir()} == NAMES
    assert (
        b"FAILED"
        not in subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=room, check=True, capture_output=True).stdout
    )
    body = (room / "a.xtar").read_bytes()
    assert field.volume.read_bytes().startswith(body[:-1024])
    assert not any(body[-1024:])
    assert tool("tar", "-tf", room / "a.xtar").decode().splitlines()[0] == ".pybackup/README.txt"
    assert verify(os.fsencode(room / "a.xtar"), deep=True, workers=1, monitor=Monitor()).state is State.INTACT


def test_the_rescue_script_on_the_disc_restores_the_tree(field: Field, room: Path) -> None:
    (room / "RESCUE.PY").write_bytes(tool("isoinfo", "-R", "-x", "/RESCUE.PY", "-i", field.image))
    command: list[str | Path] = [
        sys.executable,
        "-I",
        "-S",
        room / "RESCUE.PY",
        "extract",
        field.image,
        "--to",
        room / "out",
    ]
    done = subprocess.run(command, capture_output=True, check=False, cwd="/")
    assert done.returncode == 0, done.stderr
    assert differences(manifest(field.tree), manifest(room / "out/tree")) == []


def test_parity_is_over_the_whole_image_and_comes_last(field: Field) -> None:
    with ArchiveFile(os.fsencode(field.image)) as file:
        geometry = glance(file)
        assert geometry is not None
        assert geometry.volume_bytes == file.size
        assert geometry.after_bytes == 0
    at = field.image.read_bytes().rfind(b"PARITY.XPR")
    assert 0 < at < geometry.before_bytes


def test_the_same_volume_gives_the_same_image(field: Field, room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        shutil.copy(field.volume, room / "a.xtar")
        built = build(room / "a.xtar", room / "images")
    finally:
        monkeypatch.undo()
        time.tzset()
    assert Path(os.fsdecode(built.path)).read_bytes() == field.image.read_bytes()


def test_texts(field: Field, room: Path) -> None:
    by_bsdtar(field.image, room)
    readme = (room / "README.TXT").read_text("ascii")
    assert 'the only disc of "a"' in readme
    assert "mkdir M OUT" in readme
    assert max(map(len, readme.splitlines())) <= 90
    index = gzip.decompress((room / "INDEX.TXT.gz").read_bytes()).decode().splitlines()
    assert len(index) == 1 + sum(not path.is_dir() or path.is_symlink() for path in field.tree.rglob("*"))
    assert any(line.endswith(" tree/letters/1.txt") for line in index)


def spoil(image: Path, harm: str) -> None:
    with image.open("r+b") as file:
        if harm == "start":
            file.write(bytes(64 << 10))
        elif harm == "directory":
            file.seek(16 * SECTOR)
            file.write(b"\xff" * 16 * SECTOR)
        elif harm == "end":
            file.truncate(image.stat().st_size - 32 * SECTOR)
    if harm == "scattered":
        scatter(image, 0.05)


@pytest.mark.parametrize("which", ["field", "large"])
@pytest.mark.parametrize("harm", ["start", "directory", "end", "scattered"])
def test_what_is_lost_comes_back(harm: str, which: str, room: Path, request: pytest.FixtureRequest) -> None:
    given: Field = request.getfixturevalue(which)
    hurt = room / "hurt.iso"
    shutil.copy(given.image, hurt)
    spoil(hurt, harm)
    assert verify(os.fsencode(hurt), monitor=Monitor()).state is State.REPAIRABLE
    repair([os.fsencode(hurt)], os.fsencode(room / "whole.iso"), monitor=Monitor())
    assert (room / "whole.iso").read_bytes() == given.image.read_bytes()
    options = RestoreOptions(PlaceOptions(), workers=1)
    found = salvage([os.fsencode(hurt)], os.fsencode(room / "out"), options=options, monitor=Monitor())
    assert found.health is not None
    assert differences(manifest(given.tree), manifest(room / "out/tree")) == []


def test_parity_grows_from_that_of_the_volume(large: Field, room: Path) -> None:
    plan = plan_build(os.fsencode(large.volume), os.fsencode(room), BuildOptions())
    assert plan.parity.grown
    assert plan.geometry.origin * SECTOR == plan.layout.offsets["a.xtar"]
    whole = large.image.read_bytes()
    image = room / "encoded.iso"
    start = plan.geometry.before_bytes
    image.write_bytes(whole[:start] + bytes(plan.geometry.stream_bytes) + whole[start + plan.geometry.stream_bytes :])
    with ArchiveFile(os.fsencode(image)) as file, InPlace(os.fsencode(image)) as output:
        protect(Sectors(plan.geometry, file), VolumeWriter(plan.geometry, output), progress=lambda count: None)
    assert image.read_bytes() == whole


@pytest.mark.parametrize("options", [BuildOptions(parity=parse_amount("5%")), BuildOptions(group_sectors=2048)])
def test_other_parity_is_made_anew(options: BuildOptions, large: Field, room: Path) -> None:
    plan = plan_build(os.fsencode(large.volume), os.fsencode(room), options)
    assert not plan.parity.grown
    assert plan.geometry.origin == 0


def test_a_disc_with_little_on_it_gets_the_share_that_was_asked_for(field: Field, room: Path) -> None:
    plan = plan_build(os.fsencode(field.volume), os.fsencode(room), BuildOptions())
    assert not plan.parity.grown
    assert plan.geometry.parity_sectors >= plan.geometry.data_sectors / 10


def test_an_undamaged_image_is_intact(field: Field) -> None:
    assert verify(os.fsencode(field.image), monitor=Monitor()).state is State.INTACT


def test_it_fits_the_disc(field: Field, room: Path) -> None:
    with_program = field.image.stat().st_size
    bare = plan_build(os.fsencode(field.volume), os.fsencode(room), BuildOptions(with_program - 20 * SECTOR))
    # The program may cost at most a twentieth of the parity, and would cost more here.
    assert not bare.parity.cut
    assert own_source().name not in bare.small
    full = bare.layout.n_bytes
    cut = build(field.volume, room / "cut", BuildOptions(medium_bytes=full - 40 * SECTOR))
    assert cut.plan.parity.cut
    assert full - 43 * SECTOR < cut.image_bytes <= full - 40 * SECTOR
    filled = plan_build(
        os.fsencode(field.volume), os.fsencode(room), BuildOptions(full + 100 * SECTOR, parse_amount("fill"))
    )
    assert not filled.parity.cut
    assert full + 98 * SECTOR < filled.layout.n_bytes <= full + 100 * SECTOR
    with pytest.raises(UsageError, match="the disc has room for 1,048,576; medium chooses a larger one"):
        plan_build(os.fsencode(field.volume), os.fsencode(room), BuildOptions(medium_bytes=MIB))


@pytest.mark.parametrize("place", ["body", "parity"])
def test_what_is_damaged_is_not_put_on_a_disc(place: str, large: Field, room: Path) -> None:
    shutil.copy(large.volume, room / "a.xtar")
    with ArchiveFile(os.fsencode(room / "a.xtar")) as file:
        shape = glance(file)
    assert shape is not None
    data = bytearray((room / "a.xtar").read_bytes())
    data[200_000 if place == "body" else shape.before_bytes + shape.front * SECTOR + 9] ^= 1
    (room / "a.xtar").write_bytes(data)
    with pytest.raises(Damaged, match="repair it"):
        build(room / "a.xtar", room / "images")
    assert os.listdir(room / "images") == []


@pytest.fixture
def second_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the image in two processes even on a machine with one processor."""
    monkeypatch.setattr(disc_copy, "is_worth_it", lambda: True)


EVEN_A_SMALL_ONE = CopySteps(least=0)


@pytest.mark.usefixtures("second_process")
def test_a_second_process_gives_the_same_image(large: Field, room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[int] = []
    start = disc_copy._There.__init__

    def counted(self: disc_copy._There, process: SecondProcess, progress: Callable[[int], None]) -> None:
        def told(count: int) -> None:
            served.append(count)
            progress(count)

        start(self, process, told)

    monkeypatch.setattr(disc_copy._There, "__init__", counted)
    build(large.volume, room / "images", steps=EVEN_A_SMALL_ONE)
    assert (room / "images/a.iso").read_bytes() == large.image.read_bytes()
    plan = plan_build(os.fsencode(large.volume), os.fsencode(room), BuildOptions())
    assert sum(served) == plan.volume.body_bytes


@pytest.mark.usefixtures("second_process")
def test_a_volume_of_any_length_by_any_steps(room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of the volume may or may not fall on the end of a sector or of a step."""
    monkeypatch.setattr(disc_parity, "_MOST_ADDED_PARTS", 1)
    left_over = set()
    for number in range(6):
        photo, volume = room / "photo.jpg", room / f"{number}.xtar"
        photo.write_bytes(random.Random(number).randbytes(2_000_000 + 512 * number))
        archive([photo], volume, segment_bytes=MIB)
        plan = plan_build(os.fsencode(volume), os.fsencode(room), BuildOptions())
        assert plan.parity.grown
        body = plan.volume.body_bytes
        left_over.add(plan.volume.file_bytes % SECTOR)
        build(volume, room / "alone")
        whole = (room / f"alone/{number}.iso").read_bytes()
        for step in (body, body - 1, body + 1, 512 * 3, 512 * 100, 512 * 101, 512 * 102, 512 * 103):
            steps = CopySteps(copied=step, told=step, read=max(512, step // 97), least=0)
            build(volume, room / "both", steps=steps)
            image = room / f"both/{number}.iso"
            assert image.read_bytes() == whole, (number, step)
            image.unlink()
    assert left_over == {0, 512, 1024, 1536}


@pytest.mark.usefixtures("second_process")
def test_what_is_hashed_comes_in_pieces_of_any_length(field: Field, room: Path) -> None:
    volume = open_volume(os.fsencode(field.volume))
    with (
        ArchiveFile(volume.path) as file,
        Output(os.fsencode(room / "image")) as output,
        copying(volume, file, output, 0, beside=True, steps=EVEN_A_SMALL_ONE, progress=lambda count: None) as copy,
    ):
        expected = hashlib.sha256(file.read_at(0, volume.body_bytes) + ustar.END)
        assert copy.finish() == expected.digest()
        for length in (*range(70), 2047, 2048, 2049, 0, 1 << 20, 0):
            piece = random.Random(length).randbytes(length)
            copy.update(piece)
            expected.update(piece)
            assert copy.digest() == expected.digest()


@pytest.mark.usefixtures("second_process")
def test_what_fails_in_the_second_process_is_said(large: Field, room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = bytearray(large.volume.read_bytes())
    data[200_000] ^= 1
    (room / "a.xtar").write_bytes(data)
    with pytest.raises(Damaged, match="repair it"):
        build(room / "a.xtar", room / "images", steps=EVEN_A_SMALL_ONE)
    monkeypatch.setattr(disc_copy._Copy, "perform", lambda self, progress: os.kill(os.getpid(), signal.SIGKILL))
    with pytest.raises(EnvironmentFailed, match="process that copies died"):
        build(large.volume, room / "images", steps=EVEN_A_SMALL_ONE)
    assert os.listdir(room / "images") == []


def test_only_an_image_is_replaced(field: Field, room: Path) -> None:
    (room / "a.iso").write_text("my only photo")
    with pytest.raises(UsageError, match="is no disc image"):
        build(field.volume, room)
    shutil.copy(field.image, room / "a.iso")
    before = (room / "a.iso").stat()
    with pytest.raises(Exists, match=r"a\.iso: exists"):
        build(field.volume, room)
    (room / "b.iso").write_text("my only photo")
    shutil.copy(field.volume, room / "b.xtar")
    with pytest.raises(UsageError, match="is no disc image"):
        build(room / "b.xtar", room, BuildOptions(overwrite=True))
    assert (room / "b.iso").read_text() == "my only photo"
    assert (room / "a.iso").stat() == before
    assert build(field.volume, room, BuildOptions(overwrite=True)).image_bytes == field.image.stat().st_size


def test_the_discs_of_a_set(room: Path) -> None:
    tree = plant_for_discs(room / "tree", n_bytes=4 * MIB)
    volumes = make_volumes(tree, room / "volumes", [3 * MIB // 2, 5 * MIB // 2, 2 * MIB], name="my döcs")
    assert len(volumes) > 2
    # Characters that not every file system has are replaced, and a hash of the name is appended.
    mark = hashlib.sha256("my döcs".encode()).hexdigest()[:6]
    for number, volume in enumerate(volumes, 1):
        built = build(volume, room / "images")
        assert built.image_bytes <= (built.plan.medium_bytes or 0)
        image = Path(os.fsdecode(built.path))
        assert image.name == f"my_d_cs-{mark}-{number:03d}.iso"
        readme = tool("isoinfo", "-R", "-x", "/README.TXT", "-i", image).decode()
        last = f" of {number}" if number == len(volumes) else ", perhaps not the last one,"
        assert f'disc {number}{last} of "my döcs"' in readme
        index = gzip.decompress(tool("isoinfo", "-R", "-x", "/INDEX.TXT.gz", "-i", image)).decode()
        discs = {line.split()[0] for line in index.splitlines()[1:]}
        assert discs == {str(known) for known in range(1, number + 1)}
    paths = {line.split(maxsplit=3)[3] for line in index.splitlines()[1:]}
    assert paths == {str(path.relative_to(room)) for path in tree.rglob("*") if path.is_symlink() or not path.is_dir()}


def test_udf_where_a_file_is_longer_than_iso_9660_says(room: Path) -> None:
    sizes = {"a.xtar": MAX_EXTENT_BYTES + 5000, "README.TXT": 100, "PARITY.XPR": 10 * SECTOR}
    ids = {"a.xtar": "VOLUME.XTAR", "PARITY.XPR": "_PARITY.XPR"}
    layout = lay_out(
        [DiscFile(name, ids.get(name, name), size) for name, size in sizes.items()], volume_name="A", seconds=0
    )
    assert layout.has_udf
    assert layout.offsets["PARITY.XPR"] + sizes["PARITY.XPR"] + SECTOR == layout.n_bytes
    with (room / "a.iso").open("wb") as file:
        file.truncate(layout.n_bytes)
        for offset, data in layout.pieces:
            file.seek(offset)
            file.write(data)
    listed = tool("7z", "l", "-slt", room / "a.iso").decode()
    assert "Type = Udf" in listed
    for name, size in sizes.items():
        assert f"Path = {name}\nFolder = -\nSize = {size}" in listed
    found = tool("bsdtar", "-tvf", room / "a.iso").decode().split()
    assert all(str(size) in found for size in sizes.values())
    told = tool("xorriso", "-indev", f"stdio:{room}/a.iso", "-find", "/", "-exec", "lsdl").decode().split()
    assert all(str(size) in told for size in sizes.values())


def test_sums_are_as_sha256sum_has_them(room: Path) -> None:
    (room / "x y").write_bytes(b"abc")
    assert texts.sums_text([("x y", hashlib.sha256(b"abc").digest())]) == tool("sha256sum", room / "x y").replace(
        os.fsencode(room) + b"/", b""
    )
