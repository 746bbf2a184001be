"""`disc burn` and `disc check` on emulated drives: what is said about the medium before, and about the disc after."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from kit.archives import archive
from kit.command import ENVIRONMENT, Done, run
from kit.damage import first_sector, scatter
from kit.discs import MIB, SECTOR, build
from kit.memory import fast_directory
from kit.sets import make_volumes
from kit.terminal import at_terminal
from kit.trees import plant_for_discs

import pybackup
from pybackup.archive.find import archives_at, volumes_in
from pybackup.check.verify import verify
from pybackup.cli.main import main
from pybackup.container.read import body_length
from pybackup.container.scan import scan
from pybackup.disc import burn as disc_burn
from pybackup.disc.check import Advice, check_discs
from pybackup.disc.plan_build import BuildOptions
from pybackup.errors import EnvironmentFailed, UsageError
from pybackup.host.drives import ABSENT, why_no_drive, why_not_opened
from pybackup.host.storage import ArchiveFile
from pybackup.layout.index import TREE
from pybackup.layout.note import Role
from pybackup.media.burner import LoadedMedium, burn_command, check_fit, inspect
from pybackup.mend.health import State
from pybackup.model.listing import Way
from pybackup.monitor import Monitor
from pybackup.parity.stream.find import glance


@pytest.fixture(scope="module")
def image() -> Iterator[Path]:
    with fast_directory() as base:
        archive([plant_for_discs(base / "tree")], base / "a.xtar")
        yield Path(os.fsdecode(build(base / "a.xtar", base / "images").path))


@pytest.fixture
def drive() -> Iterator[Path]:
    with fast_directory() as base:
        yield base / "drive"


def burn(image: Path, drive: Path, *options: str) -> Done:
    return run("disc", "burn", image, "--device", f"stdio:{drive}", *options)


def test_burn_and_read_back(image: Path, drive: Path) -> None:
    done = burn(image, drive, "--verify", "--json", "--speed", "8")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["read_back"]["state"] == "intact"
    assert "speed=8" in told["command"]
    data = image.read_bytes()
    burnt = drive.read_bytes()
    assert burnt.startswith(data)
    # The burner adds padding for drives that read ahead.
    assert not any(burnt[len(data) :])
    assert len(burnt) >= len(data) + 150 * SECTOR
    assert run("verify", drive, "--quiet").returncode == 0
    assert run("disc", "check", drive, "--quiet").stdout == b""


def test_several_images_are_burnt_onto_a_disc_each(room: Path) -> None:
    make_volumes(plant_for_discs(room / "tree", n_bytes=3 * MIB), room / "volumes", [2 * MIB])
    images = [Path(os.fsdecode(build(volume, room / "images").path)) for volume in sorted((room / "volumes").iterdir())]
    drive = room / "drive"
    assert len(images) == 2

    def change(number: int) -> None:
        """Put a disc that cannot be burnt into the drive first; after that, take the discs out."""
        if number == 0:
            drive.mkdir()
        elif number == 1:
            drive.rmdir()
        elif number == 2:
            drive.rename(room / "first")

    mark = b"leave it out): "
    words = ("disc", "burn", room / "images", "--device", f"stdio:{drive}", "--verify")
    status, shown = at_terminal(*words, answers=["", "", ""], before=change, mark=mark)
    assert status == 0, shown
    assert shown.count(f"{images[0].name}: put a blank disc into") == 2
    for disc, image in zip((room / "first", drive), images, strict=True):
        assert disc.read_bytes().startswith(image.read_bytes())
    drive.unlink()
    status, shown = at_terminal(*words, answers=["-", ""], mark=mark)
    assert status == 1
    assert f"{images[0].name}: not burnt" in shown
    assert drive.read_bytes().startswith(images[1].read_bytes())


def test_a_bad_image_or_volume_stops_no_other(room: Path) -> None:
    """Regression: the first bad image ended the run, or a disc was asked for again and again for it."""
    make_volumes(plant_for_discs(room / "tree", n_bytes=3 * MIB), room / "volumes", [2 * MIB])
    volumes = sorted((room / "volumes").iterdir())
    images = [Path(os.fsdecode(build(volume, room / "images").path)) for volume in volumes]
    scatter(images[0], 0.02)
    (room / "images/a.iso").write_bytes(b"no image" * 9999)
    drive, mark = room / "drive", b"leave it out): "
    words = ("disc", "burn", room / "images/a.iso", room / "images", "--device", f"stdio:{drive}")
    status, shown = at_terminal(*words, answers=["", ""], mark=mark)
    assert status == 1, shown
    assert "a.iso: put" not in shown
    assert "a.iso: refused: " in shown.split("2 problems:")[1]
    assert f"{images[0].name}: damaged: " in shown.split("2 problems:")[1]
    assert drive.read_bytes().startswith(images[1].read_bytes())

    volumes[0].write_bytes(bytes(9000))
    done = run("disc", "label", *volumes, "--to", room / "labels")
    assert done.returncode == 1
    assert volumes[0].name.encode() in done.stderr.split(b"1 problem:")[1]
    assert {path.name for path in (room / "labels").iterdir()} == {"docs-002-disc.svg", "docs-002-case.svg"}
    assert run("disc", "label", volumes[0], "--to", room / "labels").returncode in (2, 4)


def test_nobody_is_there_to_change_discs(image: Path, drive: Path) -> None:
    done = run("disc", "burn", image, image, "--device", f"stdio:{drive}")
    assert done.returncode == 2
    assert b"2 images, but nobody can be asked to change discs" in done.stderr
    assert not drive.exists()


def test_a_dry_run_burns_nothing(image: Path, drive: Path) -> None:
    done = burn(image, drive, "--dry-run")
    assert done.returncode == 0
    assert b"xorriso -as cdrecord" in done.stderr
    assert not drive.exists()


@pytest.mark.parametrize(("part", "status", "said"), [(0.03, 3, "of it is left"), (0.3, 4, "does not make up")])
def test_a_bad_burn_is_told(
    part: float,
    status: int,
    said: str,
    image: Path,
    drive: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def burn_badly(plan: disc_burn.BurnPlan, monitor: Monitor) -> None:
        drive.write_bytes(image.read_bytes())
        scatter(drive, part)

    monkeypatch.setattr(disc_burn, "perform_burn", burn_badly)
    arguments = ["disc", "burn", os.fspath(image), "--device", f"stdio:{drive}", "--verify", "--json"]
    assert main(arguments) == status
    told, heard = capsys.readouterr()
    found = json.loads(told)["read_back"]
    right, burnt = image.read_bytes(), drive.read_bytes()
    assert found["different"] == sum(
        right[at : at + SECTOR] != burnt[at : at + SECTOR] for at in range(0, len(right), SECTOR)
    )
    assert (found["margin"] < 0) == (status == 4)
    assert said in heard


def test_a_damaged_image_is_not_burnt(image: Path, drive: Path) -> None:
    hurt = drive.parent / "hurt.iso"
    hurt.write_bytes(image.read_bytes())
    scatter(hurt, 0.01)
    done = burn(hurt, drive)
    assert done.returncode == 4
    assert b"is damaged" in done.stderr
    assert not drive.exists()


def test_what_the_drive_says(drive: Path) -> None:
    found = inspect(b"stdio:" + os.fsencode(drive))
    assert found.is_blank
    assert found.n_bytes is not None
    assert found.n_bytes > MIB


def test_a_drive_that_is_not_there_is_said_in_our_words(image: Path) -> None:
    """Regression: the message was that of xorriso, or `no such file`."""
    done = run("disc", "burn", image, "--device", "/dev/sr99")
    assert done.returncode == 5
    words = f"pybackup: /dev/sr99: {ABSENT}".encode()
    assert b"'ls /dev/sr*'" in words
    assert done.stderr.splitlines() == [words]
    done = run("disc", "check", "/dev/sr99")
    assert (done.returncode, done.stderr.splitlines()) == (2, [words])
    done = run("disc", "check", "here.iso")
    assert done.stderr.splitlines() == [b"pybackup: here.iso: no such file"]


@pytest.mark.parametrize("name", ["a file", "a/file"])
def test_what_is_no_drive_is_not_written_over(
    name: str, image: Path, drive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """xorriso takes the name of a plain file for an emulated drive: a typing mistake would overwrite the file."""
    monkeypatch.chdir(drive.parent)
    Path(name).parent.mkdir(exist_ok=True)
    Path(name).write_bytes(b"precious")
    with pytest.raises(EnvironmentFailed, match=f"^{name}: is no drive; .*write stdio:{name}$"):
        inspect(os.fsencode(name))
    assert Path(name).read_bytes() == b"precious"
    with pytest.raises(EnvironmentFailed, match=r"^/dev/null: no drive that can burn: is a disc in it"):
        inspect(b"/dev/null")


def test_what_to_check_where_a_drive_cannot_be_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    def said(number: int, path: bytes = b"/dev/null") -> str:
        return why_not_opened(path, OSError(number, "in the words of the system"))

    assert said(errno.EACCES) == (
        "no permission: 'ls -l /dev/null' shows which group may use this drive, often cdrom; join it, or be root"
    )
    assert said(errno.ENOMEDIUM).startswith("no disc is in the drive")
    assert said(errno.ENXIO) == said(errno.ENOENT) == ABSENT
    assert why_no_drive(b"/dev/null") == ""
    assert said(errno.EIO) == said(errno.EACCES, b"here.iso") == "in the words of the system"
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert why_no_drive(b"/dev/null") == said(errno.EACCES)


def test_a_medium_has_to_be_blank_and_large_enough() -> None:
    blank = LoadedMedium("CD-R", "is blank", 300 * SECTOR)
    check_fit(300 * SECTOR, blank, b"/dev/sr0", overwrite=False)
    with pytest.raises(UsageError, match=r"takes 614,400"):
        check_fit(300 * SECTOR + 1, blank, b"/dev/sr0", overwrite=False)
    written = LoadedMedium("CD-RW", "is written , is closed", None)
    with pytest.raises(UsageError, match="put in a blank one"):
        check_fit(SECTOR, written, b"/dev/sr0", overwrite=False)
    check_fit(SECTOR, written, b"/dev/sr0", overwrite=True)
    # The data on an overwritable medium is protected as that on any other.
    for kind in ("DVD+RW", "BD-RE", "stdio file, overwriteable"):
        with pytest.raises(UsageError, match="put in a blank one; overwrite burns over this one"):
            check_fit(SECTOR, LoadedMedium(kind, "is written , is closed", None), b"/dev/sr0", overwrite=False)


def test_there_is_padding_only_where_there_is_room_for_it() -> None:
    def command(free: int) -> list[bytes]:
        return burn_command(
            b"-a.iso", b"/dev/sr0", image_bytes=100 * SECTOR, medium_bytes=free * SECTOR, speed=None, overwrite=True
        )

    assert b"padsize=150s" in command(250)
    assert b"padsize=0s" in command(249)
    assert command(100)[-1] == b"./-a.iso"
    assert b"blank=as_needed" in command(100)


def test_xorriso_is_missing(image: Path, drive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ENVIRONMENT, "PATH", os.fspath(drive.parent))
    done = burn(image, drive)
    assert done.returncode == 5
    assert b"apt install xorriso" in done.stderr


def check(*paths: Path) -> list[tuple[str, Advice]]:
    found = check_discs(archives_at([os.fsencode(path) for path in paths]), Monitor())
    return [(checked.state.value, checked.advice) for checked in found]


def test_check_takes_directories(image: Path) -> None:
    done = run("disc", "check", image.parent)
    assert done.returncode == 0
    assert f"{image}: intact" in done.stdout.decode()


def test_check_advises(image: Path, drive: Path) -> None:
    copies = []
    for part in (0.001, 0.01, 0.05, 0.2):
        copies.append(drive.parent / f"{part}.iso")
        copies[-1].write_bytes(image.read_bytes())
        scatter(copies[-1], part)
    assert check(image, *copies) == [
        ("intact", Advice.KEEP),
        ("repairable", Advice.WATCH),
        ("repairable", Advice.RENEW),
        ("repairable", Advice.REPAIR),
        ("beyond", Advice.RESCUE),
    ]
    done = run("disc", "check", "--quiet", image, *copies[:3])
    assert done.returncode == 3
    assert os.fsencode(image) not in done.stdout
    assert done.stdout.count(b"advice:") == 3


def test_content_that_is_whole_on_an_image_beyond_repair_is_to_be_archived_anew(image: Path, drive: Path) -> None:
    """The advice was that 'repair' gave the image back."""
    with ArchiveFile(os.fsencode(image)) as file:
        geometry = glance(file)
    assert geometry is not None
    hurt = bytearray(image.read_bytes())
    # The program's own source lies in front of the archive.
    first, sectors = 40, geometry.parity_shards + 50
    hurt[first * SECTOR : (first + sectors) * SECTOR] = b"\xa5" * (sectors * SECTOR)
    drive.write_bytes(hurt)
    assert check(drive) == [("repairable", Advice.ANEW)]
    told = run("disc", "check", drive).stdout.decode()
    assert "advice: make a new image and burn it now: 'pybackup extract' restores all of it" in told
    assert "there is more damage than parity" in told
    assert run("extract", drive, "--to", drive.parent / "back").returncode == 0


def test_check_counts(image: Path, drive: Path) -> None:
    """The number of further bad sectors said to be repairable is exact: one more in the worst group is too many."""
    with ArchiveFile(os.fsencode(image)) as file:
        geometry = glance(file)
    assert geometry is not None
    hurt = bytearray(image.read_bytes())
    hurt[: 20 * SECTOR] = bytes(20 * SECTOR)
    drive.write_bytes(hurt)
    (checked,) = check_discs(archives_at([os.fsencode(drive)]), Monitor())
    assert checked.verdict is not None
    assert checked.verdict.health is not None
    # The sectors in front of the file system and one free sector in it are zeros in the undamaged image too.
    bad = int(checked.verdict.health.bad.sum())
    assert 0 < bad < 5
    assert checked.remaining is not None
    assert checked.remaining.likely == geometry.parity_shards - bad
    told = json.loads(run("disc", "check", "--json", drive).stdout)
    assert told["survives_more"]["scattered_999"] == geometry.parity_shards - bad
    assert told["advice"] == checked.advice


def test_check_goes_on_behind_a_disc_that_is_nothing_of_ours(image: Path, drive: Path) -> None:
    drive.write_bytes(b"no archive" * 1000)
    done = run("disc", "check", drive, image)
    assert done.returncode == 4
    assert any(line.startswith(f"{image}: intact") for line in done.stdout.decode().splitlines())
    assert json.loads(run("disc", "check", "--json", drive).stdout)["state"] == "beyond"


def test_a_disc_that_was_written_again_with_less(drive: Path) -> None:
    """Regression: the end of an older, longer image decided what to expect, and a good disc was called damaged."""
    with fast_directory() as base:
        archive([plant_for_discs(base / "tree", n_bytes=MIB // 4, seed=2)], base / "less.xtar")
        less = Path(os.fsdecode(build(base / "less.xtar", base / "images").path))
        archive([plant_for_discs(base / "more", n_bytes=6 * MIB)], base / "more.xtar")
        image = Path(os.fsdecode(build(base / "more.xtar", base / "images").path))
        assert less.stat().st_size < image.stat().st_size // 2
        assert burn(image, drive).returncode == 0
        done = burn(less, drive, "--verify", "--overwrite")
        assert done.returncode == 0, done.stderr
        assert drive.stat().st_size > image.stat().st_size
        checked = run("disc", "check", drive)
        assert checked.returncode == 0
        assert checked.stdout.startswith(f"{drive}: intact\n".encode())
        assert b"left of a longer one that was there before" in checked.stderr
        assert run("verify", drive, "--quiet").returncode == 0
        scatter(drive, 0.02)
        assert run("disc", "check", drive).returncode == 3
        assert run("repair", drive, "-o", base / "mended").returncode == 0
        assert (base / "mended").read_bytes() == less.read_bytes()
        # What follows the shorter image is never cut off silently.
        assert run("repair", drive, "--in-place").returncode == 2


@pytest.mark.parametrize("what", ["archive", "other", "empty"])
def test_what_is_no_image_is_burnt_by_force_alone(what: str, drive: Path, tmp_path: Path) -> None:
    """Regression: anything was burnt, with a note and status 0."""
    wrong = tmp_path / "wrong"
    if what == "archive":
        archive([plant_for_discs(tmp_path / "tree")], wrong)
    else:
        wrong.write_bytes(b"\x1f\x8b something else" * 1000 if what == "other" else b"")
    said = {"archive": b"is an archive, not a disc image", "other": b"did not make it", "empty": b"is empty"}[what]
    done = burn(wrong, drive)
    assert done.returncode == 2
    assert said in done.stderr
    assert not drive.exists()
    done = burn(wrong, drive, "--force", "--no-eject")
    assert said in done.stderr
    assert done.returncode == (2 if what == "empty" else 0)
    assert drive.exists() == (what != "empty")


def written_by_others(drive: Path, at: int) -> bytes:
    """Return a drive file with data at an offset where xorriso does not look."""
    drive.write_bytes(bytes(at) + b"somebody's photo" * 100_000 + bytes(6 * MIB))
    return drive.read_bytes()


@pytest.mark.parametrize("at", [0, 5 * MIB])
def test_what_is_on_a_medium_is_not_burnt_over(at: int, image: Path, drive: Path) -> None:
    """A drive calls an overwritable medium blank if its first sectors are."""
    before = written_by_others(drive, at)
    for option in ("--dry-run", "--verify"):
        done = burn(image, drive, option)
        assert done.returncode == 2
        assert b"--overwrite burns over this one" in done.stderr
        assert drive.read_bytes() == before
    done = burn(image, drive, "--verify", "--overwrite")
    assert done.returncode == 0, done.stderr
    assert drive.read_bytes().startswith(image.read_bytes())


def test_a_disc_of_ours_is_recognised_by_its_content(room: Path) -> None:
    make_volumes(plant_for_discs(room / "tree", n_bytes=3 * MIB), room / "volumes", [2 * MIB])
    images = [Path(os.fsdecode(build(volume, room / "images").path)) for volume in sorted((room / "volumes").iterdir())]
    drive = room / "drive"
    assert burn(images[0], drive).returncode == 0
    again, other = burn(images[0], drive), burn(images[1], drive)
    assert (again.returncode, other.returncode) == (2, 2)
    assert b"is docs 1 already, a copy of this image" in again.stderr
    assert b"is docs 1, a backup disc" in other.stderr
    scatter(drive, 0.02)
    assert burn(images[1], drive).returncode == 2
    assert burn(images[1], drive, "--overwrite").returncode == 0


@pytest.mark.parametrize("option", ["--verify", "--overwrite"])
def test_enter_without_changing_the_disc_burns_nothing(option: str, room: Path) -> None:
    """Regression: image 2 was burnt over image 1, and the read-back found nothing wrong."""
    make_volumes(plant_for_discs(room / "tree", n_bytes=3 * MIB), room / "volumes", [2 * MIB])
    images = [Path(os.fsdecode(build(volume, room / "images").path)) for volume in sorted((room / "volumes").iterdir())]
    drive = room / "drive"
    words = ("disc", "burn", room / "images", "--device", f"stdio:{drive}", option)
    mark = b"leave it out): "
    status, shown = at_terminal(*words, answers=["", "", "yes", "q"], mark=mark)
    assert status == 1
    assert drive.read_bytes().startswith(images[0].read_bytes())
    assert "has just been burnt" in shown if option == "--overwrite" else "is docs 1, a backup disc" in shown
    assert "not understood: yes" in shown
    assert f"stopped; not burnt: {images[1]}" in shown.replace("\r", "")


@pytest.mark.parametrize("answer", ["q", "Q", "\x04", "\x03"])
def test_it_stops_when_it_is_told_to(answer: str, room: Path) -> None:
    make_volumes(plant_for_discs(room / "tree", n_bytes=3 * MIB), room / "volumes", [2 * MIB])
    for volume in sorted((room / "volumes").iterdir()):
        build(volume, room / "images")
    drive = room / "drive"
    words = ("disc", "burn", room / "images", "--device", f"stdio:{drive}")
    status, shown = at_terminal(*words, answers=[answer], mark=b"leave it out): ")
    assert status == (130 if answer == "\x03" else 1)
    assert ("interrupted" if answer == "\x03" else "stopped; not burnt: ") in shown
    assert shown.count("put a blank disc") == 1
    assert not drive.exists()


INTERRUPTED = """
import os, sys
from pybackup.layout.index import TREE
from pybackup.layout.note import Role
from pybackup.media.burner import burn, burn_command
image, pipe = map(os.fsencode, sys.argv[1:])
command = burn_command(image, b"stdio:" + pipe, image_bytes=9, medium_bytes=None, speed=None, overwrite=False)
print("ready", flush=True)
burn(command, pipe, lambda count: None)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_xorriso_does_not_outlive_an_interrupted_run(number: int, image: Path, room: Path) -> None:
    """In this test xorriso waits for somebody to read the pipe that it burns to."""
    pipe = room / "pipe"
    os.mkfifo(pipe)
    script = INTERRUPTED
    if number == signal.SIGTERM:
        script = f"from pyactivity.ending import heed\nheed('burn')\n{INTERRUPTED}"
    command = [sys.executable, "-c", script, os.fspath(image), os.fspath(pipe)]
    with subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as run_of_ours:
        assert run_of_ours.stdout is not None
        assert run_of_ours.stdout.readline() == b"ready\n"
        while not burning(pipe):
            time.sleep(0.01)
        run_of_ours.send_signal(number)
        assert run_of_ours.wait(20) != 0
    assert burning(pipe) == []


def burning(device: Path) -> list[int]:
    """Return the ids of the xorriso processes that burn to a device."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if words[0].endswith(b"xorriso") and b"dev=stdio:" + os.fsencode(device) in words:
                found.append(int(entry.name))
    return found


def test_an_image_beyond_repair_whose_start_is_gone(drive: Path, tmp_path: Path) -> None:
    """Regression: `verify` found no archive, and `extract` looked for members at their offsets in the bare archive."""
    tree = plant_for_discs(tmp_path / "tree")
    for number in range(200):
        (tree / f"letters/{number}.dat").write_bytes(os.urandom(700))
    archive([tree], tmp_path / "a.xtar")
    image = Path(os.fsdecode(build(tmp_path / "a.xtar", tmp_path / "images").path))
    scatter(image, 0.25, seed=8, first=first_sector(image))  # with this seed one of the tree indexes is left
    image.write_bytes(bytes(65_536) + image.read_bytes()[65_536:])
    found = Monitor()
    verdict = verify(os.fsencode(image), workers=1, monitor=found)
    salvaged = pybackup.salvage(image, tmp_path / "salvaged", workers=1, monitor=Monitor()).restored
    assert verdict.state is State.BEYOND
    assert set(verdict.files_damaged) == {one.path for one in salvaged.not_intact}
    assert 10 < len(verdict.files_damaged) < verdict.files
    done = pybackup.extract(image, tmp_path / "out", workers=1, monitor=found)
    assert done.files == verdict.files - len(verdict.files_damaged) > 50
    assert not list(tmp_path.glob("out/**/*.partial"))
    for path in (path for path in (tmp_path / "out/tree").rglob("*") if path.is_file() and not path.is_symlink()):
        assert path.read_bytes() == (tree / path.relative_to(tmp_path / "out/tree")).read_bytes()


@pytest.mark.parametrize("lost_roles", [{Role.CONTENT}, {Role.CONTENT, Role.LOCATOR}])
def test_an_image_with_only_container_indexes_left_is_verified_as_it_is_salvaged(
    lost_roles: set[Role], tmp_path: Path
) -> None:
    """Regression: `verify` took the offsets in the bare archive that these indexes hold for offsets in the image."""
    tree = plant_for_discs(tmp_path / "tree")
    archive([tree], tmp_path / "a.xtar")
    image = Path(os.fsdecode(build(tmp_path / "a.xtar", tmp_path / "images").path))
    (volume,) = volumes_in(os.fsencode(image))
    with ArchiveFile(os.fsencode(image)) as file:
        left = scan(file)
        n_bytes = body_length(file, volume.offset)
    assert n_bytes is not None
    data = bytearray(image.read_bytes())
    lost = [(0, volume.offset), (volume.offset + n_bytes, len(data))]  # the directory of the image, and all parity
    lost += [(at, at + head.total_bytes) for at, head in left.indexes if head.scope == TREE]
    lost += [(found.offset, found.offset + len(found.data)) for found in left.notes]
    lost += [(found.offset, found.offset + SECTOR) for found in left.headers if found.note.role in lost_roles]
    for start, end in lost:
        data[start:end] = bytes(end - start)
    image.write_bytes(data)
    verdict = verify(os.fsencode(image), workers=1, monitor=Monitor())
    salvaged = pybackup.salvage(image, tmp_path / "salvaged", workers=1, monitor=Monitor()).restored
    assert verdict.way is not Way.TREE
    assert set(verdict.files_damaged) == {one.path for one in salvaged.not_intact}
    assert 0 < len(verdict.files_damaged) < verdict.files / 2


def test_discs_that_are_not_among_those_that_are_checked_are_named(tmp_path: Path) -> None:
    volumes = make_volumes(plant_for_discs(tmp_path / "tree"), tmp_path / "set", [MIB, 2 * MIB])
    for volume in volumes:
        build(volume, tmp_path / "images", BuildOptions(medium_bytes=4 * MIB))
    (tmp_path / "images/docs-002.iso").unlink()
    done = run("disc", "check", tmp_path / "images")
    assert (done.returncode, done.stderr) == (0, b"pybackup: note: of docs these volumes are not here: docs 2\n")
    assert re.search(rb"can still repair: any \d+ more bad sectors \(.*\); \d+ more bad sectors \(", done.stdout)
    again = run("disc", "build", tmp_path / "images/docs-001.iso", "--to", tmp_path / "again")
    assert again.returncode == 2
    assert b"an image of a disc, with a volume in it; name the volume it was made of" in again.stderr
