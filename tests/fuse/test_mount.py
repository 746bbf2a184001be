"""Mounted archives, compared with the archived trees by programs that read any file system."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import random
import shutil
import signal
import stat
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from kit.archives import archive
from kit.command import run
from kit.mounted import mounted
from kit.planting import odd_names
from kit.snapshot import snapshot

import pybackup
from pybackup.monitor import Monitor

pytestmark = pytest.mark.skipif(
    not os.path.exists("/dev/fuse") or os.geteuid() != 0, reason="mounting takes /dev/fuse, and rights that root has"
)


def plant(top: Path) -> Path:
    """Make small files, a file of several segments, a sparse one, both kinds of links, attributes, and odd names."""
    (top / "sub/deeper").mkdir(parents=True)
    for number in range(30):
        (top / f"sub/{number}.txt").write_text(f"text {number}\n" * 50)
    (top / "large.bin").write_bytes(random.Random(3).randbytes(5 << 20))
    with open(top / "sparse", "wb") as sparse:
        sparse.seek(3 << 20)
        sparse.write(b"end")
    os.link(top / "sub/1.txt", top / "again")
    (top / "link").symlink_to("sub/2.txt")
    os.setxattr(top / "sub/3.txt", "user.note", b"kept")
    os.chown(top / "sub/4.txt", 1234, 4321)
    (top / "sub/5.txt").chmod(0o4711)
    os.utime(top / "sub/6.txt", ns=(1, 1_234_567_890_123_456_789))
    os.mkfifo(top / "fifo")
    odd_names(top / "sub/deeper")
    return top


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    base = tmp_path_factory.mktemp("mount")
    archive([plant(base / "tree")], base / "a.xtar", segment_bytes=1 << 20)
    return base / "tree", base / "a.xtar"


def test_a_mount_is_the_tree(made: tuple[Path, Path], tmp_path: Path) -> None:
    tree, path = made
    with mounted(tmp_path / "m", path, "--json") as mount:
        assert snapshot(os.fsencode(mount.directory / "tree")) == snapshot(os.fsencode(tree))
        done = subprocess.run(["diff", "-r", "--no-dereference", tree, mount.directory / "tree"], capture_output=True)
        assert (done.returncode, done.stdout) in ((0, b""), (1, done.stdout if b"fifo" in done.stdout else b""))
        with pytest.raises(OSError, match=os.strerror(errno.EROFS)):
            (mount.directory / "tree/new").write_text("x")
        with pytest.raises(FileNotFoundError):
            (mount.directory / "tree/none").read_bytes()
        assert (mount.directory / "tree/again").samefile(mount.directory / "tree/sub/1.txt")
        assert not (mount.directory / "tree/again").samefile(mount.directory / "tree/sub/2.txt")
        subprocess.run(["umount", mount.directory], check=True)
        told, _ = mount.process.communicate(timeout=60)
    assert json.loads(told) == {"directory": {"text": str(tmp_path / "m")}, "problems": []}
    assert mount.process.returncode == 0


def test_any_part_by_several_readers(made: tuple[Path, Path], tmp_path: Path) -> None:
    tree, path = made
    whole = (tree / "large.bin").read_bytes()
    source = random.Random(7)
    places = [(source.randrange(len(whole)), source.randrange(1 << 20)) for _ in range(60)]
    with mounted(tmp_path / "m", path) as mount:
        file = os.open(mount.directory / "tree/large.bin", os.O_RDONLY)
        with ThreadPoolExecutor(4) as readers:
            got = readers.map(lambda place: os.pread(file, place[1], place[0]), places)
            assert [*got] == [whole[at : at + count] for at, count in places]
        os.close(file)


def test_what_is_lost_cannot_be_read_and_all_else_can(made: tuple[Path, Path], tmp_path: Path) -> None:
    tree, path = made
    data = bytearray(path.read_bytes())
    start = data.find((tree / "large.bin").read_bytes()[3 << 20 :][:64])
    data[start : start + 4096] = bytes(4096)
    hurt = tmp_path / "hurt.xtar"
    hurt.write_bytes(data)
    whole = (tree / "large.bin").read_bytes()
    with mounted(tmp_path / "m", hurt) as mount:
        with open(mount.directory / "tree/large.bin", "rb", buffering=0) as file:
            assert os.pread(file.fileno(), 1 << 20, 0) == whole[: 1 << 20]
            with pytest.raises(OSError, match=os.strerror(errno.EIO)):
                os.pread(file.fileno(), 10, (3 << 20) + 5)
            assert os.pread(file.fileno(), 1000, 4 << 20) == whole[4 << 20 :][:1000]
        assert (mount.directory / "tree/sub/7.txt").read_text() == (tree / "sub/7.txt").read_text()
        status, said = mount.end()
    assert status == 1
    assert "tree/large.bin: lost" in said


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_a_mount_whose_process_is_ended_is_gone(made: tuple[Path, Path], tmp_path: Path, by: int) -> None:
    with mounted(tmp_path / "m", made[1], "--quiet") as mount:
        assert os.listdir(mount.directory) == ["tree"]
        assert mount.end(by)[0] == 0
        assert not os.path.ismount(mount.directory)


def test_the_runs_of_a_chain_by_their_time(tmp_path: Path) -> None:
    tree = tmp_path / "docs"
    tree.mkdir()
    (tree / "a").write_text("one")
    catalogue = f"sqlite:///{tmp_path}/c.sqlite"
    run("catalogue", "init", "--catalogue", catalogue)
    days = []
    for day in range(3):
        (tree / f"day {day}").write_text(str(day))
        output = tmp_path / f"{day}.xtar"
        pybackup.create([tree], output, chain="docs", catalogue=catalogue, workers=1, monitor=Monitor())
        days.append(snapshot(os.fsencode(tree)))
        (tree / "a").write_text(f"changed {day}")
    shutil.move(tmp_path / "0.xtar", tmp_path / "first.xtar")
    names = [tmp_path / name for name in ("2.xtar", "first.xtar", "1.xtar")]
    with mounted(tmp_path / "m", *names) as mount:
        runs = sorted(set(os.listdir(mount.directory)) - {"latest"})
        assert [snapshot(os.fsencode(mount.directory / name / "docs")) for name in runs] == days
        assert os.readlink(mount.directory / "latest") == runs[-1]
    with mounted(tmp_path / "by name", "docs", "--catalogue", catalogue) as mount:
        assert (mount.directory / "latest/docs/day 2").read_text() == "2"
        with pytest.raises(OSError, match=os.strerror(errno.EIO)):
            (mount.directory / f"{runs[0]}/docs/a").read_bytes()
        status, said = mount.end()
    assert (status, "is not at hand" in said) == (1, True)


def test_devices_and_room_are_those_of_the_tree(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    try:
        os.mknod(tree / "device", 0o600 | stat.S_IFBLK, os.makedev(259, 70000))
    except PermissionError:
        pytest.skip("no device can be made here")
    with open(tree / "sparse", "wb") as sparse:
        sparse.seek(3 << 20)
        sparse.write(b"end")
    archive([tree], tmp_path / "a.xtar")
    with mounted(tmp_path / "m", tmp_path / "a.xtar") as mount:
        assert (mount.directory / "tree/device").stat().st_rdev == os.makedev(259, 70000)
        assert (mount.directory / "tree/sparse").stat().st_size == 3 << 20 | 3
        assert (mount.directory / "tree/sparse").stat().st_blocks < 100


@pytest.mark.parametrize(("words", "asked"), [((), False), (("--allow-other",), True)])
def test_modes_bind_only_where_others_read_too(
    made: tuple[Path, Path], tmp_path: Path, words: tuple[str, ...], asked: bool
) -> None:
    with mounted(tmp_path / "m", made[1], *words) as mount:
        options = next(line for line in Path("/proc/mounts").read_text().splitlines() if str(mount.directory) in line)
    assert ("default_permissions" in options, "allow_other" in options) == (asked, asked)


def test_what_a_killed_process_leaves_is_told(made: tuple[Path, Path], tmp_path: Path) -> None:
    with mounted(tmp_path / "m", made[1]) as mount:
        mount.process.kill()
        mount.process.wait()
        # The kernel caches the status of the top for a while.
        while os.path.isdir(mount.directory):
            time.sleep(0.05)
        done = run("mount", made[1], mount.directory)
        assert (done.returncode, b"unmount it" in done.stderr) == (2, True)


def test_what_a_killed_process_leaves_is_unmounted_as_any_mount(made: tuple[Path, Path], tmp_path: Path) -> None:
    with mounted(tmp_path / "m", made[1]) as mount:
        mount.process.kill()
        mount.process.wait()
        subprocess.run(["fusermount3", "-u", mount.directory], check=True)
        assert not os.path.ismount(mount.directory)
        assert os.listdir(mount.directory) == []
    (tmp_path / "m").rmdir()
    with mounted(tmp_path / "m", made[1]) as mount:
        assert (mount.directory / "tree/sub/7.txt").read_text() == (made[0] / "sub/7.txt").read_text()


def test_all_of_it_by_four_readers_in_random_order(made: tuple[Path, Path], tmp_path: Path) -> None:
    tree, path = made
    files = [each.relative_to(tree) for each in sorted(tree.rglob("*")) if each.is_file() and not each.is_symlink()]
    orders = [random.Random(reader).sample(files, len(files)) for reader in range(4)]
    wanted = {name: hashlib.md5((tree / name).read_bytes()).hexdigest() for name in files}
    with mounted(tmp_path / "m", path) as mount:
        readers = []
        for order in orders:
            words = ["md5sum", "-b", "--", *(os.fspath(mount.directory / "tree" / name) for name in order)]
            readers.append(subprocess.Popen(words, stdout=subprocess.PIPE))
        for order, reader in zip(orders, readers, strict=True):
            out, _ = reader.communicate(timeout=60)
            assert reader.returncode == 0
            # A name with a backslash or a newline has a backslash before its sum.
            sums = [line.lstrip(b"\\").split()[0].decode() for line in out.splitlines()]
            assert sums == [wanted[name] for name in order]


def test_what_was_left_out_as_known_is_read_from_where_it_is(tmp_path: Path) -> None:
    tree, catalogue = tmp_path / "docs", f"sqlite:///{tmp_path}/c.sqlite"
    tree.mkdir()
    (tree / "known").write_bytes(random.Random(2).randbytes(300_000))
    (tree / "new").write_text("new")
    run("catalogue", "init", "--catalogue", catalogue)
    quiet = Monitor()
    pybackup.create([tree / "known"], tmp_path / "other.xtar", workers=1, monitor=quiet)
    assert run("catalogue", "add", tmp_path / "other.xtar", "--catalogue", catalogue).returncode == 0
    how: dict[str, Any] = {"chain": "docs", "catalogue": catalogue, "skip_known": True, "workers": 1, "monitor": quiet}
    pybackup.create([tree], tmp_path / "run.xtar", **how)
    assert (tmp_path / "run.xtar").stat().st_size < 100_000
    wanted = snapshot(os.fsencode(tree))
    for number, names in enumerate((["run.xtar", "other.xtar"], ["other.xtar", "run.xtar"], ["docs"])):
        words = [tmp_path / name if "." in name else name for name in names]
        with mounted(tmp_path / f"m{number}", *words, "--catalogue", catalogue) as mount:
            assert snapshot(os.fsencode(mount.directory / "docs")) == wanted
    with mounted(tmp_path / "alone", tmp_path / "run.xtar", "--catalogue", "none") as mount:
        assert (mount.directory / "docs/new").read_text() == "new"
        with pytest.raises(OSError, match=os.strerror(errno.EIO)):
            (mount.directory / "docs/known").read_bytes()
        status, said = mount.end()
    assert (status, "docs/known: lost" in said, "other" in said) == (1, True, True), said


def test_of_archives_without_times_the_last_state_is_shown(tmp_path: Path) -> None:
    tree, made = tmp_path / "docs", [tmp_path / "0.xtar", tmp_path / "1.xtar"]
    tree.mkdir()
    (tree / "old").write_text("old")
    pybackup.create([tree], made[0], workers=1, monitor=Monitor())
    (tree / "new").write_text("new")
    pybackup.create([tree], made[1], since_archive=made[:1], workers=1, monitor=Monitor())
    with mounted(tmp_path / "m", *made) as mount:
        assert snapshot(os.fsencode(mount.directory / "docs")) == snapshot(os.fsencode(tree))


def test_what_cannot_be_mounted(made: tuple[Path, Path], tmp_path: Path) -> None:
    done = run("mount", made[1], tmp_path / "none")
    assert (done.returncode, b"no such directory" in done.stderr) == (2, True)
    assert b"until it is unmounted" not in done.stderr
    done = run("mount", tmp_path / "none.xtar", tmp_path)
    assert done.returncode == 2
    done = run("mount", made[1], made[0] / "large.bin", tmp_path)
    assert done.returncode != 0
    assert not os.path.ismount(tmp_path)
