"""Which volume is meant where copies hold several, and what must not be taken for another."""

from __future__ import annotations

import os
import random
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from kit.archives import archive
from kit.protected import mended

from pybackup.check.verify import verify
from pybackup.errors import Damaged, UsageError
from pybackup.jobs.salvage import Salvaged, salvage
from pybackup.make.sidecar import protect_file
from pybackup.model.verdict import Fate
from pybackup.monitor import Monitor
from pybackup.parity.stream.amount import parse_amount
from pybackup.parity.stream.geometry import ParityOptions
from pybackup.restore.plan import RestoreOptions
from pybackup.sector import SECTOR

Files = dict[str, bytes]


@pytest.fixture
def files() -> Files:
    source = random.Random(7)
    return {f"f{number}": source.randbytes(60_000) for number in range(5)} | {"zeros": bytes(200_000)}


@pytest.fixture
def make(room: Path) -> Callable[[str, Files], Path]:
    """Archives of trees called ``tree``."""

    def made(name: str, content: Files) -> Path:
        tree = room / f"of-{name}" / "tree"
        tree.mkdir(parents=True, exist_ok=True)
        for file, data in content.items():
            (tree / file).write_bytes(data)
            os.utime(tree / file, (1_700_000_000, 1_700_000_000))
        archive([tree], room / name)
        return room / name

    return made


def ruined(path: Path, first: int, count: int) -> Path:
    data = bytearray(path.read_bytes())
    data[first * SECTOR : (first + count) * SECTOR] = random.Random(first).randbytes(count * SECTOR)
    hurt = path.with_name(f"hurt-{path.name}")
    hurt.write_bytes(data)
    return hurt


def iso(room: Path, *content: Path) -> Path:
    tree = room / "iso"
    tree.mkdir()
    for path in content:
        (tree / path.name).write_bytes(path.read_bytes())
    command = ["genisoimage", "-quiet", "-R", "-o", str(room / "disc.iso"), str(tree)]
    subprocess.run(command, check=True, capture_output=True)
    return room / "disc.iso"


def salvaged(image: Path, to: Path) -> tuple[Salvaged, Monitor]:
    monitor = Monitor()
    options = RestoreOptions(workers=1)
    return salvage([os.fsencode(image)], os.fsencode(to), options=options, monitor=monitor), monitor


def test_two_versions_are_not_merged(room: Path, make: Callable[[str, Files], Path], files: Files) -> None:
    """Nearly all of their sectors are alike."""
    first = ruined(make("v1", files), 60, 2)
    second = ruined(make("v2", files | {"f0": b"new"}), 80, 2)
    before = first.read_bytes()
    for output in (None, room / "out"):
        with pytest.raises(UsageError, match="is another volume than"):
            mended([first, second], output)
    assert first.read_bytes() == before
    assert not (room / "out").exists()
    # Each of them alone comes back.
    assert mended([first], room / "whole").complete
    assert (room / "whole").read_bytes() == (room / "v1").read_bytes()


def test_a_sidecar_of_an_earlier_version_reverts_nothing(
    room: Path, make: Callable[[str, Files], Path], files: Files
) -> None:
    path = make("a", files)
    protect_file(os.fsencode(path), os.fsencode(path) + b".xpar", ParityOptions(sidecar=True), monitor=Monitor())
    make("a", files | {"f1": b"changed"})
    newer = path.read_bytes()
    monitor = Monitor()
    assert verify(os.fsencode(path), monitor=monitor).state == "intact"
    assert mended([path], None).complete
    assert path.read_bytes() == newer
    hurt = bytearray(newer)
    hurt[40 * SECTOR : 42 * SECTOR] = bytes(2 * SECTOR)
    path.write_bytes(hurt)
    assert mended([path], None).complete
    assert path.read_bytes() == newer


def test_a_sidecar_of_another_file_replaces_nothing(room: Path, files: Files) -> None:
    mine, other = room / "mine", room / "other"
    mine.write_bytes(files["f0"])
    other.write_bytes(files["f1"])
    amount = parse_amount("120%")
    protect_file(bytes(other), bytes(mine) + b".xpar", ParityOptions(amount, sidecar=True), monitor=Monitor())
    with pytest.raises(UsageError, match="hardly anything of it"):
        mended([mine], None)
    assert mine.read_bytes() == files["f0"]


def test_an_archive_within_an_image(room: Path, make: Callable[[str, Files], Path], files: Files) -> None:
    whole = make("a.xtar", files)
    image = iso(room, whole)
    with pytest.raises(UsageError, match="the archive in it begins at byte"):
        verify(os.fsencode(image), monitor=Monitor())
    hurt = ruined(image, 80, 3)
    before = hurt.read_bytes()
    with pytest.raises(UsageError, match="write it to a file of its own"):
        mended([hurt], None)
    assert hurt.read_bytes() == before
    assert mended([hurt], room / "whole").complete
    assert (room / "whole").read_bytes() == whole.read_bytes()
    done, monitor = salvaged(image, room / "out")
    assert monitor.problems == []
    assert done.restored.counts[Fate.INTACT] == len(files)
    done, _ = salvaged(hurt, room / "again")
    assert done.restored.complete
    assert 0 < done.restored.counts[Fate.REPAIRED] < len(files)
    for name, content in files.items():
        assert (room / "again/tree" / name).read_bytes() == content


def test_an_archive_within_an_image_with_a_sidecar(
    room: Path, make: Callable[[str, Files], Path], files: Files
) -> None:
    image = iso(room, make("a.xtar", files))
    for path in (image, ruined(image, 80, 30)):
        sidecar = bytes(path) + b".xpar"
        if path == image:
            protect_file(bytes(path), sidecar, ParityOptions(sidecar=True), monitor=Monitor())
            stream = Path(os.fsdecode(sidecar)).read_bytes()
            assert verify(bytes(path), monitor=Monitor()).state == "intact"
        else:
            Path(os.fsdecode(sidecar)).write_bytes(stream)
            assert verify(bytes(path), monitor=Monitor()).state == "repairable"
        done, monitor = salvaged(path, room / f"out-{path.name}")
        assert monitor.problems == []
        assert done.restored.complete
        for name, content in files.items():
            assert (room / f"out-{path.name}" / "tree" / name).read_bytes() == content


def test_two_archives_in_one_image_are_both_spoken_of(
    room: Path, make: Callable[[str, Files], Path], files: Files
) -> None:
    small = {"only": b"one file\n" * 1000}
    image = iso(room, make("a.xtar", files), make("b.xtar", small))
    done, monitor = salvaged(image, room / "out")
    assert done.restored.complete
    (problem,) = monitor.problems
    assert "another protected archive" in problem.reason
    assert "tail -c +" in problem.reason
    start = int(problem.reason.split("tail -c +")[1].split("'")[0]) - 1
    (room / "cut").write_bytes(image.read_bytes()[start:])
    done, _ = salvaged(room / "cut", room / "second")
    assert {path.name for path in (room / "second/tree").iterdir()} in ({"only"}, set(files))


def test_what_was_appended_is_told_from_an_image(room: Path, make: Callable[[str, Files], Path], files: Files) -> None:
    whole = make("a.xtar", files).read_bytes()
    for at in (3, 1000, 30_000):
        (room / "m").write_bytes(whole[:at] + b"abc" + whole[at:])
        assert mended([room / "m"], None).complete
        assert (room / "m").read_bytes() == whole


def test_mode_and_link_stay(room: Path, make: Callable[[str, Files], Path], files: Files) -> None:
    path = make("a.xtar", files)
    whole = path.read_bytes()
    path.write_bytes(whole[:5000] + whole[5001:])
    path.chmod(0o600)
    (room / "link").symlink_to("a.xtar")
    assert mended([room / "link"], None).complete
    assert (room / "link").is_symlink()
    assert path.read_bytes() == whole
    assert path.stat().st_mode & 0o777 == 0o600


def test_sums_alone_make_nothing_right(room: Path, files: Files) -> None:
    """Bytes changed by a multiple of CRC-32's polynomial keep every sum: the SHA-256 of the whole tells."""
    bits = f"{0x104C11DB7:033b}"
    multiple = bytes(int(bits[at : at + 8][::-1], 2) for at in range(0, 33, 8))
    path, data = room / "f", bytearray(files["f0"])
    path.write_bytes(data)
    protect_file(bytes(path), bytes(path) + b".xpar", ParityOptions(sidecar=True), monitor=Monitor())
    forged = bytes(byte ^ change for byte, change in zip(data[5000:5005], multiple, strict=True))
    assert zlib.crc32(data[:5000] + forged + data[5005:]) == zlib.crc32(data)
    data[5000:5005] = forged
    path.write_bytes(data)
    with pytest.raises(Damaged, match="not what was protected"):
        mended([path], room / "out")
    assert not (room / "out").exists()
