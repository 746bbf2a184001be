"""Restoring under a target directory: every kind, every policy, and archives that mean harm."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import itertools
import json
import os
import pickle
import pwd
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kit.hearing import Notes

from pybackup.errors import EnvironmentFailed, Refused, UsageError
from pybackup.host import give_name, temporaries
from pybackup.host.paths import open_at
from pybackup.host.write_at import write_at
from pybackup.model.entry import Entry, Kind, Owner
from pybackup.model.problem import Trouble
from pybackup.monitor import Monitor
from pybackup.tree.place import Overwrite, PlaceOptions, Target, check_path, open_staged

ROOT = os.geteuid() == 0
needs_root = pytest.mark.skipif(not ROOT, reason="gives files away")
ACL_ACCESS = "system.posix_acl_access"
ACL_DEFAULT = "system.posix_acl_default"
REPOSITORY = Path(__file__).parents[2]
NS = 1_700_000_000_123_456_789

Open = Callable[..., Target]


@pytest.fixture
def monitor() -> Notes:
    return Notes()


@pytest.fixture
def field(tmp_path: Path) -> Iterator[Path]:
    """The target, beside a directory ``outside`` that nothing may touch; trees of any depth are removed again."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"secret")
    target = tmp_path / "target"
    target.mkdir()
    before = snapshot(outside)
    yield target
    assert snapshot(outside) == before
    subprocess.run(["chmod", "-R", "u+rwx", target], check=True)
    subprocess.run(["rm", "-rf", target], check=True)


@pytest.fixture
def open_target(field: Path, monitor: Notes) -> Iterator[Open]:
    opened: list[Target] = []

    def open_it(root: Path = field, **options: Any) -> Target:
        opened.append(Target(os.fsencode(root), PlaceOptions(**options), monitor))
        return opened[-1]

    yield open_it
    for target in opened:
        target.close()


def opened(field: Path, path: bytes) -> int:
    """A descriptor of a directory below the target, however long its path is."""
    return open_at(None, os.fsencode(field) + b"/" + path, os.O_RDONLY | os.O_DIRECTORY)


def snapshot(directory: Path) -> list[tuple[Any, ...]]:
    """Everything that must not change in a directory, read without following links."""
    found = []
    for path in [directory, *sorted(directory.rglob("*"))]:
        status = path.lstat()
        content = path.read_bytes() if stat.S_ISREG(status.st_mode) else b""
        found.append((path.name, status.st_mode, status.st_uid, status.st_nlink, status.st_mtime_ns, content))
    return found


def file(path: bytes, **fields: Any) -> Entry:
    return Entry(path, Kind.FILE, **{"mtime_ns": NS, "owner": me(), **fields})


def folder(path: bytes, **fields: Any) -> Entry:
    return Entry(path, Kind.DIRECTORY, **{"mode": 0o755, "mtime_ns": NS, "owner": me(), **fields})


def link(path: bytes, target: bytes, kind: Kind = Kind.SYMLINK) -> Entry:
    return Entry(path, kind, mode=0o777, mtime_ns=NS, owner=me(), target=target)


def me() -> Owner:
    return Owner(os.geteuid(), os.getegid())


def temporary_name(directory: Path, number: int = 0) -> bytes:
    """The name that a temporary in a directory has, if the random digits come to a number."""
    digits = b"%016x" % number
    return b".pybackup-%b-%b.tmp" % (digits, temporaries._mark(digits, directory.stat().st_ino))


def leftovers(directory: Path) -> list[str]:
    inode = directory.stat().st_ino
    return [name for name in os.listdir(directory) if temporaries.is_made_in(os.fsencode(name), inode)]


def troubles(monitor: Monitor) -> list[tuple[bytes, Trouble]]:
    return [(problem.path, problem.trouble) for problem in monitor.problems]


# --- what is placed -------------------------------------------------------------------------------------------------


def test_every_kind(field: Path, open_target: Open, monitor: Notes) -> None:
    target = open_target()
    directories = [folder(b"d", mode=0o750), folder(b"d/e", mode=0o500)]
    for entry in directories:
        assert target.make_directory(entry)
    assert target.write_file(file(b"d/e/f", mode=0o640), b"content")
    assert target.write_file(file(b"d/empty"), b"")
    assert target.place_link(link(b"d/link", b"../anywhere"))
    assert target.place_link(link(b"d/hard", b"d/e/f", Kind.HARDLINK))
    assert target.place_link(Entry(b"d/fifo", Kind.FIFO, mode=0o620, mtime_ns=NS, owner=me()))
    for entry in reversed(directories):
        assert target.finish_directory(entry)
    assert not monitor.problems
    assert (field / "d/e/f").read_bytes() == b"content"
    assert (field / "d/empty").read_bytes() == b""
    assert os.readlink(field / "d/link") == "../anywhere"
    assert (field / "d/hard").samefile(field / "d/e/f")
    modes = {"d": 0o40750, "d/e": 0o40500, "d/e/f": 0o100640, "d/fifo": 0o10620}
    assert {name: (field / name).lstat().st_mode for name in modes} == modes
    everything = [field / "d", *(field / "d").rglob("*")]
    assert {path.lstat().st_mtime_ns for path in everything} == {NS}
    assert not leftovers(field / "d")


def test_parents_that_the_archive_does_not_mention_are_private(field: Path, open_target: Open) -> None:
    assert open_target().write_file(file(b"a/b/c"), b"x")
    assert (field / "a/b").stat().st_mode == 0o40700


def test_target_is_made_and_a_file_is_none(field: Path, open_target: Open) -> None:
    assert open_target(field / "new/target").write_file(file(b"f"), b"x")
    with pytest.raises(UsageError, match="is no directory"):
        open_target(field / "new/target/f")


@pytest.mark.parametrize("kind", [Kind.FILE, Kind.DIRECTORY, Kind.SYMLINK, Kind.FIFO])
@pytest.mark.parametrize("mtime_ns", [NS, 1, -1_500_000_001, 0x7FFFFFFF * 10**9 + 999_999_999])
def test_times_to_the_nanosecond(field: Path, open_target: Open, kind: Kind, mtime_ns: int) -> None:
    target, entry = open_target(), Entry(b"x", kind, mode=0o700, mtime_ns=mtime_ns, owner=me(), target=b"nowhere")
    place(target, entry)
    assert (field / "x").lstat().st_mtime_ns == mtime_ns


@pytest.mark.parametrize("mode", [0, 0o444, 0o600, 0o755, 0o1777, 0o4755, 0o2755, 0o6711, 0o7777])
@pytest.mark.parametrize("kind", [Kind.FILE, Kind.DIRECTORY])
@needs_root
def test_modes(field: Path, open_target: Open, kind: Kind, mode: int) -> None:
    place(open_target(), Entry(b"x", kind, mode=mode, owner=Owner(1234, 1235)))
    status = (field / "x").stat()
    assert (stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid) == (mode, 1234, 1235)


@needs_root
def test_set_id_bits_are_kept_only_with_the_owner(field: Path, open_target: Open, monitor: Notes) -> None:
    target = open_target(owner=False)
    capability = {b"security.capability": bytes.fromhex("0000000200040000000000000000000000000000")}
    for name in (b"x", b"y"):
        assert target.write_file(file(name, mode=0o6755, owner=Owner(1234, 1235), xattrs=capability), b"x")
    assert (field / "x").stat().st_mode == 0o100755
    assert os.listxattr(field / "x") == []
    assert (len(monitor.notes), monitor.problems) == (2, [])
    # The number that tells chown to leave the owner is no way to get a set-id file of root.
    assert open_target().write_file(file(b"z", mode=0o4755, owner=Owner(0xFFFFFFFF, 0)), b"x")
    assert (field / "z").stat().st_mode == 0o100755
    assert troubles(monitor) == [(b"z", Trouble.METADATA)]


@needs_root
def test_capabilities_survive_the_change_of_owner(field: Path, open_target: Open) -> None:
    value = bytes.fromhex("0100000200040000000000000000000000000000")
    entry = file(b"x", owner=Owner(1234, 1235), xattrs={b"security.capability": value})
    assert open_target().write_file(entry, b"x")
    assert os.getxattr(field / "x", "security.capability") == value


@needs_root
@pytest.mark.parametrize(("numeric", "expected"), [(False, (77, 1235)), (True, (1234, 1235))])
def test_owners_by_name_first(
    field: Path, open_target: Open, monkeypatch: pytest.MonkeyPatch, numeric: bool, expected: tuple[int, int]
) -> None:
    entry = pwd.struct_passwd(("anna", "", 77, 77, "", "", ""))
    monkeypatch.setattr(pwd, "getpwnam", {"anna": entry}.__getitem__)
    owner = Owner(1234, 1235, b"anna", b"no such group \xff")
    assert open_target(numeric_owner=numeric).write_file(file(b"x", owner=owner), b"x")
    status = (field / "x").stat()
    assert (status.st_uid, status.st_gid) == expected


@needs_root
def test_devices_only_if_asked_for(field: Path, open_target: Open, monitor: Notes) -> None:
    entry = Entry(b"null", Kind.CHARACTER, mode=0o666, device=(1, 3), owner=Owner(1234, 0), mtime_ns=NS)
    assert not open_target().place_link(entry)
    assert troubles(monitor) == [(b"null", Trouble.REFUSED)]
    target = open_target(devices=True)
    assert target.place_link(entry)
    assert target.place_link(Entry(b"block", Kind.BLOCK, mode=0o600, device=(7, 200)))
    status = (field / "null").lstat()
    assert (status.st_mode, status.st_rdev, status.st_uid) == (stat.S_IFCHR | 0o666, os.makedev(1, 3), 1234)
    assert stat.S_ISBLK((field / "block").lstat().st_mode)
    assert not target.place_link(Entry(b"odd", Kind.BLOCK, device=(1 << 70, 0)))


def place(target: Target, entry: Entry) -> bool:
    """Place an entry of any kind."""
    if entry.kind is Kind.FILE:
        return target.write_file(entry, b"x")
    if entry.kind is Kind.DIRECTORY:
        return target.make_directory(entry) and target.finish_directory(entry)
    return target.place_link(entry)


# --- attributes -----------------------------------------------------------------------------------------------------


def test_extended_attributes(field: Path, open_target: Open, monitor: Notes) -> None:
    xattrs = {b"user.one": b"1", "user.ünï".encode(): bytes(range(256))}
    target = open_target()
    for entry in (file(b"f", mode=0o400, xattrs=xattrs), folder(b"d", mode=0o500, xattrs=xattrs)):
        place(target, entry)
        here = field / os.fsdecode(entry.path)
        assert {os.fsencode(name): os.getxattr(here, name) for name in os.listxattr(here)} == xattrs
    assert not monitor.problems


@needs_root
def test_extended_attributes_of_a_link_are_its_own(field: Path, open_target: Open, monitor: Notes) -> None:
    (field / "f").write_bytes(b"x")
    assert open_target().place_link(replace(link(b"l", b"f"), xattrs={b"trusted.x": b"1"}))
    assert os.getxattr(field / "l", "trusted.x", follow_symlinks=False) == b"1"
    assert (os.listxattr(field / "f"), monitor.problems) == ([], [])


@pytest.mark.parametrize("kind", [Kind.FILE, Kind.DIRECTORY, Kind.FIFO])
def test_acls(field: Path, open_target: Open, monitor: Notes, kind: Kind) -> None:
    source = field / "source"
    source.mkdir() if kind is Kind.DIRECTORY else source.touch()
    subprocess.run(["setfacl", "-m", "u:1234:rw,g:1235:r,m::rw", source], check=True)
    if kind is Kind.DIRECTORY:
        subprocess.run(["setfacl", "-d", "-m", "u:1236:rwx", source], check=True)
    xattrs = {os.fsencode(name): os.getxattr(source, name) for name in os.listxattr(source)}
    mode = stat.S_IMODE(source.stat().st_mode)
    place(open_target(), Entry(b"copy", kind, mode=mode, owner=me(), xattrs=xattrs))
    assert not monitor.problems
    assert (field / "copy").lstat().st_mode & 0o7777 == mode
    assert acl_text(field / "copy") == acl_text(source)


def acl_text(path: Path) -> list[str]:
    command = ["getfacl", "--omit-header", "--numeric", "--absolute-names", str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout.splitlines()


def test_no_acl_is_inherited_from_what_was_there(field: Path, open_target: Open, monitor: Notes) -> None:
    subprocess.run(["setfacl", "-d", "-m", "u:1234:rwx", field], check=True)
    target = open_target()
    staged = target.begin_file(file(b"d/staged"))
    assert staged is not None
    assert staged.commit()
    for entry in (file(b"f"), file(b"d/f"), Entry(b"fifo", Kind.FIFO, owner=me()), folder(b"d", mode=0o770)):
        place(target, entry)
    for name in ("f", "d/f", "d/staged", "fifo", "d"):
        assert not {ACL_ACCESS, ACL_DEFAULT} & set(os.listxattr(field / name))
    assert not monitor.problems


def test_unknown_attributes_are_said_once(open_target: Open, monitor: Notes, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))

    monkeypatch.setattr(os, "setxattr", fail)
    target = open_target()
    for number in range(5):
        assert target.write_file(file(b"%d" % number, xattrs={b"user.a": b"1", b"user.b": b"2"}), b"x")
    assert (len(monitor.notes), monitor.problems) == (1, [])
    assert "Operation not supported" in monitor.notes[0]


@pytest.mark.parametrize(
    "entry",
    [
        file(b"x", xattrs={b"user." + b"n" * 300: b""}),
        file(b"x", xattrs={b"user.big": b"v" * 70_000}),
        file(b"x", xattrs={b"user.n\0ul": b""}),
        file(b"x", xattrs={ACL_ACCESS.encode(): b"\2\0\0\0nonsense"}),
        file(b"x", mtime_ns=1 << 100),
        pytest.param(file(b"x", owner=Owner(1 << 40, 0)), marks=needs_root),
        pytest.param(file(b"x", owner=Owner(-1, -1)), marks=needs_root),
    ],
)
def test_impossible_metadata_is_a_problem_and_the_file_is_there(
    field: Path, open_target: Open, monitor: Notes, entry: Entry
) -> None:
    assert open_target().write_file(entry, b"content")
    assert (field / "x").read_bytes() == b"content"
    assert troubles(monitor) == [(b"x", Trouble.METADATA)]


# --- long and deep --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("components", [[b"n" * 255] * 16, [b"d"] * 2000, [b"%d" % n for n in range(900)]])
def test_long_and_deep_paths(field: Path, open_target: Open, monitor: Notes, components: list[bytes]) -> None:
    paths = list(itertools.accumulate(components, lambda above, name: above + b"/" + name))
    target = open_target()
    before = len(os.listdir("/proc/self/fd"))
    for path in paths:
        assert target.make_directory(folder(path, mode=0o500))
    for number, path in enumerate(reversed(paths)):
        # From the deepest up, as the directories are finished: each must be reached again.
        assert target.write_file(file(path + b"/+file"), path)
        assert target.place_link(link(path + b"/+hard", path + b"/+file", Kind.HARDLINK))
        assert target.finish_directory(folder(path, mode=0o500))
        if number % 37 == 0:
            # Two chains, of what is written and of what is linked to.
            assert len(os.listdir("/proc/self/fd")) - before <= 100
    assert not monitor.problems
    for path in (paths[0], paths[len(paths) // 2], paths[-1]):
        fd = opened(field, path)
        with open(os.open(b"+file", os.O_RDONLY, dir_fd=fd), "rb") as stream:
            assert stream.read() == path
        status = os.fstat(fd)
        assert (status.st_mode, status.st_mtime_ns) == (0o40500, NS)
        os.close(fd)


def test_hopping_between_deep_directories(open_target: Open, field: Path, monitor: Notes) -> None:
    deep = b"/".join([b"d"] * 200)
    places = [deep + b"/x/" + deep, deep + b"/y", b"z", deep, b"d/w/" + deep, deep + b"/x"]
    target = open_target()
    for number in range(30):
        directory = places[number * 5 % len(places)]
        assert target.write_file(file(directory + b"/+%d" % number), directory)
    for number in range(30):
        directory = places[number * 5 % len(places)]
        fd = opened(field, directory)
        assert os.stat(b"+%d" % number, dir_fd=fd).st_size == len(directory)
        os.close(fd)
    assert not monitor.problems


# --- hostile archives -----------------------------------------------------------------------------------------------

BAD_PATHS = {
    b"": "empty",
    b"/": "absolute",
    b"/x": "absolute",
    b"/etc/x": "absolute",
    b"//x": "absolute",
    b"..": "'..'",
    b"../outside/x": "'..'",
    b"a/../../outside/x": "'..'",
    b"a/..": "'..'",
    b".": "'.'",
    b"a/./x": "'.'",
    b"a//x": "empty component",
    b"a/": "empty component",
    b"a\0b": "NUL",
    b"a\0/b": "NUL",
    b"n" * 256: "255",
    b"n" * 256 + b"/x": "255",
}


@pytest.mark.parametrize(("path", "reason"), BAD_PATHS.items())
def test_bad_paths(field: Path, open_target: Open, monitor: Notes, path: bytes, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        check_path(path)
    target = open_target(overwrite=Overwrite.ALWAYS)
    assert target.write_file(file(b"good"), b"x")
    assert not target.write_file(file(path), b"evil")
    assert target.begin_file(file(path)) is None
    assert not target.make_directory(folder(path))
    assert not target.finish_directory(folder(path, mode=0o777))
    assert not target.place_link(link(path, b"x"))
    assert not target.place_link(link(b"hard", path, Kind.HARDLINK))
    assert {(problem.trouble, reason in problem.reason) for problem in monitor.problems} == {(Trouble.REFUSED, True)}
    assert len(monitor.problems) == 6
    assert os.listdir(field) == ["good"]


@pytest.mark.parametrize("planted", ["by the archive", "before"])
@pytest.mark.parametrize("aim", ["../outside", "/", ".", "sub"])
@pytest.mark.parametrize("overwrite", Overwrite)
def test_nothing_is_placed_through_a_link(
    field: Path, open_target: Open, monitor: Notes, planted: str, aim: str, overwrite: Overwrite
) -> None:
    target = open_target(overwrite=overwrite)
    assert target.write_file(file(b"sub/inside"), b"x")
    before = snapshot(field)[1:]
    if planted == "before":
        (field / "l").symlink_to(aim)
    else:
        assert target.place_link(link(b"l", os.fsencode(aim)))
    assert not target.make_directory(folder(b"l"))
    assert not target.make_directory(folder(b"l/new"))
    assert not target.write_file(file(b"l/secret"), b"evil")
    assert target.begin_file(file(b"l/new/file")) is None
    assert not target.place_link(link(b"l/link", b"x"))
    assert not target.place_link(link(b"stolen", b"l/other", Kind.HARDLINK))
    assert not target.finish_directory(folder(b"l", mode=0o777))
    with pytest.raises(Refused, match="symbolic link"):
        open_staged(os.fsencode(field), b"l", temporary_name(field))
    assert {problem.trouble for problem in monitor.problems} == {Trouble.REFUSED}
    assert all("symbolic link" in problem.reason for problem in monitor.problems)
    assert [row for row in snapshot(field)[1:] if row[0] != "l"] == before
    assert len(os.listdir(field)) == 2


@pytest.mark.parametrize("aim", [b"../outside/secret", b"/usr/share/doc", b"..", b"nowhere"])
def test_links_to_anywhere_are_data(field: Path, open_target: Open, monitor: Notes, aim: bytes) -> None:
    target = open_target()
    assert target.place_link(link(b"l", aim))
    assert target.place_link(link(b"again", b"l", Kind.HARDLINK))
    assert os.readlink(field / "l") == os.readlink(field / "again") == os.fsdecode(aim)
    assert not monitor.problems


def test_what_is_swapped_while_it_is_made_gets_no_metadata(
    field: Path, open_target: Open, monitor: Notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    victim = field / "victim"
    victim.write_bytes(b"x")
    before = victim.stat()

    def swap(_: bytes, name: bytes, *, dir_fd: int) -> None:
        os.link(victim, name, dst_dir_fd=dir_fd)

    monkeypatch.setattr(os, "symlink", swap)
    assert open_target().place_link(link(b"l", b"anywhere"))
    after = victim.stat()
    assert (after.st_mode, after.st_mtime_ns) == (before.st_mode, before.st_mtime_ns)
    assert troubles(monitor) == [(b"l", Trouble.METADATA)]


@pytest.mark.parametrize(
    ("entry", "trouble"),
    [
        (link(b"h", b"../outside/secret", Kind.HARDLINK), Trouble.REFUSED),
        (link(b"h", b"missing", Kind.HARDLINK), Trouble.REFUSED),
        (link(b"h", b"dir", Kind.HARDLINK), Trouble.REFUSED),
        (link(b"h", b"kept", Kind.HARDLINK), Trouble.REFUSED),
        (link(b"s", b"", Kind.SYMLINK), Trouble.REFUSED),
        (link(b"s", b"a\0b", Kind.SYMLINK), Trouble.REFUSED),
        (link(b"s", b"l" * 5000, Kind.SYMLINK), Trouble.REFUSED),
        (link(b"file/x", b"a"), Trouble.EXISTS),
        (link(b"dir", b"a"), Trouble.EXISTS),
        (link(b"file", b"a"), Trouble.EXISTS),
        (folder(b"file"), Trouble.EXISTS),
        (folder(b"file/x"), Trouble.EXISTS),
        (file(b"dir"), Trouble.EXISTS),
        (file(b"fifo"), Trouble.EXISTS),
        (file(b"file/x"), Trouble.EXISTS),
        (Entry(b"d", Kind.CHARACTER, device=(1, 3)), Trouble.REFUSED),
        (Entry(b"odd", Kind.FILE), Trouble.REFUSED),
    ],
    ids=lambda value: f"{value.kind.name} {value.path.decode()}" if isinstance(value, Entry) else None,
)
def test_what_is_refused(field: Path, open_target: Open, monitor: Notes, entry: Entry, trouble: Trouble) -> None:
    (field / "file").write_bytes(b"old")
    (field / "dir").mkdir()
    (field / "dir/in").write_bytes(b"old")
    os.mkfifo(field / "fifo")
    (field / "kept").write_bytes(b"not the archive's")
    target = open_target()
    assert not target.write_file(file(b"kept"), b"the archive's")
    before, monitor.problems = snapshot(field)[1:], []
    how = target.place_link if entry.path == b"odd" else lambda entry: place(target, entry)
    assert not how(entry)
    assert troubles(monitor) == [(entry.path, trouble)]
    assert snapshot(field)[1:] == before


def test_a_guessed_temporary_name_leads_nowhere(
    field: Path, open_target: Open, monitor: Notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = itertools.count()
    monkeypatch.setattr(os, "urandom", lambda count: next(numbers).to_bytes(count))
    target = open_target()
    assert target.write_file(file(b"first"), b"x")
    guesses = [field / os.fsdecode(temporary_name(field, number)) for number in range(1, 300)]
    for guess in guesses[:4]:
        guess.symlink_to("../outside/secret")
    assert target.write_file(file(b"second"), b"evil")
    assert target.place_link(link(b"third", b"anywhere"))
    assert (field / "second").read_bytes() == b"evil"
    assert all(guess.is_symlink() for guess in guesses[:4])
    for guess in guesses[4:]:
        guess.symlink_to("../outside/secret")
    assert not target.write_file(file(b"fourth"), b"evil")
    assert troubles(monitor) == [(b"fourth", Trouble.EXISTS)]


def test_temporary_names_cannot_be_guessed_and_are_for_the_owner_only(field: Path, open_target: Open) -> None:
    staged = [open_target().begin_file(file(b"%d" % number)) for number in range(20)]
    digits = [os.fsdecode(one.temporary).split("-")[1] for one in staged if one]
    assert len({name[:6] for name in digits}) == len({name[-6:] for name in digits}) == 20
    assert {os.fstat(one.fd).st_mode & 0o777 for one in staged if one} == {0o600}


_names = st.sampled_from([b"a", b"b", b"..", b".", b"", b"secret"])
_paths = st.lists(_names, min_size=1, max_size=3).map(b"/".join)
_aims = _paths | st.sampled_from([b"../outside", b"../outside/secret", b"../../outside", b"/"])
_steps = st.tuples(st.sampled_from(["write", "stage", "make", "finish", "link", "hard", "fifo"]), _paths, _aims)


@settings(max_examples=150, deadline=None)
@given(steps=st.lists(_steps, max_size=12), overwrite=st.sampled_from(Overwrite))
def test_no_sequence_of_entries_leads_outside(steps: list[tuple[str, bytes, bytes]], overwrite: Overwrite) -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        (root / "outside").mkdir()
        (root / "outside/secret").write_bytes(b"secret")
        (root / "outside").chmod(0o755)
        before = snapshot(root / "outside")
        with Target(os.fsencode(root / "target"), PlaceOptions(overwrite), Monitor()) as target:
            for step, path, aim in steps:
                perform(target, step, path, aim)
        assert snapshot(root / "outside") == before
        assert sorted(os.listdir(root)) == ["outside", "target"]
        for directory, _, _ in os.walk(root / "target"):
            assert not leftovers(Path(directory))
        subprocess.run(["chmod", "-R", "u+rwx", root / "target"], check=True)


def perform(target: Target, step: str, path: bytes, aim: bytes) -> None:
    if step == "write":
        target.write_file(file(path), b"evil")
    elif step == "stage":
        staged = target.begin_file(file(path, mode=0o777, size=4))
        if staged is not None and staged.write_at(0, b"evil") and len(path) % 2:
            staged.commit()
    elif step == "make":
        target.make_directory(folder(path))
    elif step == "finish":
        target.finish_directory(folder(path, mode=0o777))
    else:
        kind = {"link": Kind.SYMLINK, "hard": Kind.HARDLINK, "fifo": Kind.FIFO}[step]
        target.place_link(link(path, aim, kind))


# --- what exists already --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("existing", ["older file", "newer file", "same file", "link", "empty directory", "directory"])
@pytest.mark.parametrize("how", ["whole", "staged", "symlink"])
@pytest.mark.parametrize("overwrite", Overwrite)
def test_overwrite(
    field: Path, open_target: Open, monitor: Notes, existing: str, how: str, overwrite: Overwrite
) -> None:
    there = field / "x"
    if "directory" in existing:
        there.mkdir()
        if existing == "directory":
            (there / "in").touch()
    elif existing == "link":
        there.symlink_to("../outside/secret")
    else:
        there.write_bytes(b"old")
    age = {"older file": -1, "newer file": 1, "empty directory": -1}.get(existing, 0)
    os.utime(there, ns=(0, NS + age), follow_symlinks=False)
    before = snapshot(field)
    replaced = {
        Overwrite.NEVER: False,
        Overwrite.OLDER: existing == "older file",
        Overwrite.ALWAYS: True,
    }[overwrite]
    assert place_somehow(open_target(overwrite=overwrite), how) is replaced
    if replaced:
        assert os.readlink(there) == "new" if how == "symlink" else there.read_bytes() == b"new"
    else:
        assert snapshot(field)[1:] == before[1:]
    assert troubles(monitor) == ([] if replaced else [(b"x", Trouble.EXISTS)])
    assert not leftovers(field)


@pytest.mark.parametrize("existing", ["file", "fifo", "link"])
@pytest.mark.parametrize("overwrite", Overwrite)
def test_a_directory_takes_the_place_of_a_file(
    field: Path, open_target: Open, monitor: Notes, existing: str, overwrite: Overwrite
) -> None:
    """A link in place of a directory is somebody's decision, and stays."""
    make = {"file": (field / "x").touch, "fifo": lambda: os.mkfifo(field / "x")}
    make.get(existing, lambda: (field / "x").symlink_to("nowhere"))()
    before = snapshot(field)[1:]
    target = open_target(overwrite=overwrite)
    is_replaced = overwrite is Overwrite.ALWAYS and existing != "link"
    assert target.make_directory(folder(b"x", mtime_ns=NS)) is is_replaced
    assert target.write_file(file(b"x/in/deep"), b"new") is is_replaced
    assert target.finish_directory(folder(b"x", mtime_ns=NS)) is is_replaced
    if is_replaced:
        assert (field / "x/in/deep").read_bytes() == b"new"
        assert ((field / "x").stat().st_mtime_ns, monitor.problems) == (NS, [])
    else:
        assert snapshot(field)[1:] == before
    assert not leftovers(field)


@pytest.mark.parametrize("how", ["whole", "staged", "symlink"])
def test_a_directory_goes_with_all_in_it_and_nothing_else(field: Path, open_target: Open, how: str) -> None:
    """However deep it is, read-only or full of links that lead out of it."""
    base = os.open(field, os.O_RDONLY)
    os.mkdir("x", dir_fd=base)
    (field / "x/out").symlink_to("../kept", target_is_directory=True)
    (field / "kept").mkdir()
    (field / "kept/file").write_bytes(b"kept")
    at = os.open("x", os.O_RDONLY, dir_fd=base)
    for _ in range(1500):
        os.mkdir("deeper", dir_fd=at)
        below = os.open("deeper", os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = below
    os.close(at)
    os.close(base)
    (field / "x/deeper").chmod(0o500)
    assert place_somehow(open_target(overwrite=Overwrite.ALWAYS), how)
    assert not (field / "x").is_dir()
    assert (field / "kept/file").read_bytes() == b"kept"
    assert sorted(os.listdir(field)) == ["kept", "x"]


@needs_root
def test_a_directory_in_which_a_file_system_is_mounted_stays(field: Path, open_target: Open, monitor: Notes) -> None:
    (field / "x/in/mounted").mkdir(parents=True)
    (field / "other").mkdir()
    (field / "other/file").write_bytes(b"somebody's")
    mount = ["mount", "--bind", str(field / "other"), str(field / "x/in/mounted")]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting is forbidden here")
    try:
        assert not open_target(overwrite=Overwrite.ALWAYS).write_file(file(b"x"), b"new")
        assert (field / "other/file").read_bytes() == b"somebody's"
        assert "mounted" in monitor.problems[0].reason
    finally:
        subprocess.run(["umount", field / "x/in/mounted"], check=True)


@pytest.mark.parametrize("how", ["whole", "staged", "symlink", "directory"])
def test_what_cannot_be_replaced_is_back(
    field: Path, open_target: Open, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    if how == "directory":
        (field / "x").write_bytes(b"old")
    else:
        (field / "x").mkdir()
        (field / "x/in").write_bytes(b"old")
    before = snapshot(field)[1:]
    target = open_target(overwrite=Overwrite.ALWAYS)
    with monkeypatch.context() as patch:
        real = os.rename

        def fail(source: bytes, name: bytes, **more: Any) -> None:
            if not (field / "x").exists():
                raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
            real(source, name, **more)

        patch.setattr(os, "rename", fail)
        if how == "directory":
            break_call(patch, "mkdir", errno.EPERM)
            assert not target.make_directory(folder(b"x"))
        else:
            assert not place_somehow(target, how)
    assert snapshot(field)[1:] == before


def place_somehow(target: Target, how: str) -> bool:
    if how == "whole":
        return target.write_file(file(b"x"), b"new")
    if how == "symlink":
        return target.place_link(link(b"x", b"new"))
    staged = target.begin_file(file(b"x", size=3))
    return staged is not None and staged.write_at(0, b"new") and staged.commit()


@pytest.mark.parametrize("publishing", ["renameat2", "link", "rename"])
@pytest.mark.parametrize("how", ["whole", "staged", "symlink"])
def test_a_name_taken_meanwhile_is_not_replaced(
    field: Path,
    open_target: Open,
    monitor: Notes,
    monkeypatch: pytest.MonkeyPatch,
    publishing: str,
    how: str,
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    if publishing != "renameat2":
        monkeypatch.setattr(give_name, "_renameat2", lambda *_: ctypes.set_errno(errno.EINVAL) or -1)
    if publishing == "rename":
        monkeypatch.setattr(os, "link", fail)
    target = open_target()
    assert target.make_directory(folder(b"new"))
    assert target.write_file(file(b"new/x"), b"first")
    # The directory is known to be new, so nobody looked.
    assert not target.write_file(file(b"new/x"), b"second")
    assert (field / "new/x").read_bytes() == b"first"
    assert troubles(monitor) == [(b"new/x", Trouble.EXISTS)]
    assert place_somehow(target, how)
    assert os.listdir(field / "new") == ["x"]
    assert sorted(os.listdir(field)) == ["new", "x"]


def test_of_what_a_run_has_made_nothing_is_looked_at_and_nothing_is_replaced(
    field: Path, open_target: Open, monitor: Notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    (field / "old").mkdir()
    (field / "old/a").write_bytes(b"there")
    target = open_target()
    for name in (b"new", b"old"):
        assert target.make_directory(Entry(name, Kind.DIRECTORY, 0o755, mtime_ns=NS))
    asked: list[bytes] = []
    really = os.stat

    def stat_of(name: bytes, **more: Any) -> os.stat_result:
        asked.append(name)
        return really(name, **more)

    monkeypatch.setattr(os, "stat", stat_of)
    assert target.open_standing(Entry(b"new/a", Kind.FILE, mtime_ns=NS, size=5)) is None
    assert asked == []
    found = target.open_standing(Entry(b"old/a", Kind.FILE, mtime_ns=NS, size=5))
    assert found is not None
    os.close(found)
    (field / "new/a").write_bytes(b"of another")
    assert not target.write_file(Entry(b"new/a", Kind.FILE, mtime_ns=NS, size=5), b"bytes")
    assert [(each.path, each.trouble, each.reason) for each in monitor.problems] == [
        (b"new/a", Trouble.EXISTS, "it exists and is not to be replaced")
    ]
    assert os.listdir(field / "new") == ["a"]
    assert (field / "new/a").read_bytes() == b"of another"


def test_nobody_looks_into_a_new_directory(open_target: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise AssertionError

    target = open_target()
    assert target.make_directory(folder(b"new"))
    assert target.make_directory(folder(b"new/sub"))
    with monkeypatch.context() as patch:
        for call in ("stat", "scandir", "listdir"):
            patch.setattr(os, call, fail)
        assert target.write_file(file(b"new/sub/x"), b"x")
        assert target.write_file(file(b"new/x"), b"x")


@pytest.mark.parametrize("code", [errno.EXDEV, errno.EPERM, errno.EMLINK])
def test_a_hard_link_that_cannot_be_is_a_copy(
    field: Path, open_target: Open, monitor: Notes, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """Across a mount in the target, or on a file system without links: the content is there, and alike."""
    target = open_target()
    assert target.write_file(file(b"a", mode=0o640), b"content" * 99)
    with monkeypatch.context() as patch:
        break_call(patch, "link", code)
        assert target.place_link(link(b"b", b"a", Kind.HARDLINK))
    (first, second) = ((field / name).stat() for name in ("a", "b"))
    assert first.st_ino != second.st_ino
    assert (first.st_mode, first.st_mtime_ns, first.st_uid) == (second.st_mode, second.st_mtime_ns, second.st_uid)
    assert (field / "b").read_bytes() == b"content" * 99
    assert sorted(os.listdir(field)) == ["a", "b"]
    assert not monitor.problems
    # Found again, it is in its place.
    with open_target() as again:
        assert again.is_standing(link(b"b", b"a", Kind.HARDLINK))
        (field / "b").write_bytes(b"another" * 99)
        assert not again.is_standing(link(b"b", b"a", Kind.HARDLINK))


def test_hard_link_over_itself_leaves_nothing(field: Path, open_target: Open, monitor: Notes) -> None:
    (field / "a").write_bytes(b"x")
    os.link(field / "a", field / "b")
    assert open_target(overwrite=Overwrite.ALWAYS).place_link(link(b"b", b"a", Kind.HARDLINK))
    assert sorted(os.listdir(field)) == ["a", "b"]


def test_an_existing_directory_is_used_and_gets_its_metadata(field: Path, open_target: Open, monitor: Notes) -> None:
    (field / "d").mkdir(mode=0o711)
    (field / "d/mine").write_bytes(b"x")
    target = open_target()
    assert target.make_directory(folder(b"d"))
    assert target.write_file(file(b"d/theirs"), b"x")
    assert target.finish_directory(folder(b"d", mode=0o705))
    assert (field / "d").stat().st_mode == 0o40705
    assert sorted(os.listdir(field / "d")) == ["mine", "theirs"]
    assert not monitor.problems


# --- files in pieces ------------------------------------------------------------------------------------------------


def test_pieces_in_any_order_from_two_processes(field: Path, open_target: Open, monitor: Notes) -> None:
    target, other = open_target(), open_target()
    staged = target.begin_file(file(b"d/big", size=300_005, mode=0o604))
    assert staged is not None
    assert staged.write_at(200_000, b"c" * 100_000)
    code = (
        "import os, sys; from pybackup.tree.place import open_staged\n"
        "fd = open_staged(*map(os.fsencode, sys.argv[1:4])); os.pwrite(fd, b'b' * 100_000, 100_000)"
    )
    command = [sys.executable, "-c", code, str(field), "d", os.fsdecode(staged.temporary)]
    subprocess.run(command, check=True, cwd=REPOSITORY)
    fd = other.open_staged(staged.directory, staged.temporary)
    write_at(fd, 0, memoryview(b"a" * 100_000))
    os.close(fd)
    assert os.listdir(field / "d") == [os.fsdecode(staged.temporary)]
    assert staged.commit()
    content = b"a" * 100_000 + b"b" * 100_000 + b"c" * 100_000 + bytes(5)
    assert (field / "d/big").read_bytes() == content
    assert (field / "d/big").stat().st_mode == 0o100604
    assert os.listdir(field / "d") == ["big"]
    assert (staged.commit(), staged.write_at(0, b"x")) == (False, False)
    assert not monitor.problems


def test_what_is_not_written_is_a_hole(field: Path, open_target: Open) -> None:
    staged = open_target().begin_file(file(b"sparse", size=1 << 40))
    assert staged is not None
    assert staged.write_at(1 << 39, b"x")
    assert staged.commit()
    status = (field / "sparse").stat()
    assert status.st_size == 1 << 40
    assert status.st_blocks * 512 <= 1 << 20


@pytest.mark.parametrize("staged_dir", [b"a", b"a/b"])
def test_discard_leaves_nothing(field: Path, open_target: Open, monitor: Notes, staged_dir: bytes) -> None:
    target = open_target()
    first, second = target.begin_file(file(staged_dir + b"/x")), target.begin_file(file(staged_dir + b"/y"))
    assert first is not None
    assert second is not None
    assert first.write_at(0, b"x")
    first.discard()
    first.discard()
    assert len(leftovers(field / os.fsdecode(staged_dir))) == 1
    target.close()
    assert os.listdir(field / os.fsdecode(staged_dir)) == []
    assert not second.commit()
    assert not monitor.problems


@pytest.mark.parametrize(("offset", "size"), [(-1, 1), (1 << 70, 1), (0, 1 << 70), (0, -1)])
def test_impossible_offsets_and_sizes(field: Path, open_target: Open, monitor: Notes, offset: int, size: int) -> None:
    staged = open_target().begin_file(file(b"x", size=size))
    assert staged is not None
    assert not (staged.write_at(offset, b"x") and staged.commit())
    assert troubles(monitor) == [(b"x", Trouble.REFUSED)]
    assert os.listdir(field) == []


def test_only_temporaries_can_be_opened(field: Path) -> None:
    (field / "x").write_bytes(b"x")
    (field / "below").mkdir()
    name = temporary_name(field)
    (field / os.fsdecode(name)).symlink_to("../outside/secret")
    root = os.fsencode(field)
    for other in (b"x", b".pybackup-0123456789abcdef.tmp", temporary_name(field / "below")):
        with pytest.raises(Refused, match="not a temporary"):
            open_staged(root, b"", other)
    with pytest.raises(OSError, match="symbolic links"):
        open_staged(root, b"", name)
    with pytest.raises(Refused, match=r"'\.\.'"):
        open_staged(root, b"..", name)


# --- killed runs, full disks ----------------------------------------------------------------------------------------

KILLED = """
import os, sys, time
from pybackup.monitor import Monitor
from pybackup.host.paths import open_at
from pybackup.model.entry import Entry, Kind
from pybackup.tree.place import PlaceOptions, Target
target = Target(os.fsencode(sys.argv[1]), PlaceOptions(), Monitor())
staged = target.begin_file(Entry(b"d/x", Kind.FILE, size=1000))
staged.write_at(0, b"half")
for number in range(40):  # other directories: the one of the file is left, its lock is not
    target.write_file(Entry(b"e%d/f" % number, Kind.FILE), b"x")
print("ready", flush=True)
time.sleep(600)
"""


def test_a_killed_run_leaves_nothing_that_looks_whole(field: Path, open_target: Open, monitor: Notes) -> None:
    command = [sys.executable, "-c", KILLED, str(field)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=REPOSITORY) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == b"ready\n"
            (stale,) = leftovers(field / "d")
            with open_target() as meanwhile:
                assert meanwhile.write_file(file(b"d/while it runs"), b"x")
            assert (field / "d" / stale).exists()
        finally:
            child.send_signal(signal.SIGKILL)
    assert sorted(os.listdir(field / "d")) == sorted([stale, "while it runs"])
    assert open_target().write_file(file(b"d/x"), b"whole")
    assert sorted(os.listdir(field / "d")) == ["while it runs", "x"]
    assert not monitor.problems


def test_leftovers_of_every_kind_are_removed_and_nothing_else(field: Path, open_target: Open) -> None:
    names = [os.fsdecode(temporary_name(field, number)) for number in range(4)]
    (field / names[0]).touch()
    (field / names[1]).symlink_to("../outside/secret")
    os.mkfifo(field / names[2])
    (field / names[3] / "below").mkdir(parents=True)
    (field / names[3] / "below/rebuilt").touch()
    # Called so by somebody, brought from another directory, or by other rules.
    (field / "d").mkdir()
    elsewhere = os.fsdecode(temporary_name(field / "d"))
    kept = [".pybackup-0123456789abcdef.tmp", ".pybackup-0123456789abcdef-0123456789abcdef.tmp", elsewhere]
    kept += [".b.xtar.notes.partial", names[0] + "x", "x" + names[0], names[0].upper()]
    for name in kept:
        (field / name).touch()
    assert open_target().place_link(link(b"l", b"anywhere"))
    assert sorted(os.listdir(field)) == sorted([*kept, "d", "l"])


def test_what_belongs_to_somebody_else_is_no_leftover_of_ours(field: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = os.fsdecode(temporary_name(field))
    (field / name).touch()
    fd = os.open(field, os.O_RDONLY)
    with monkeypatch.context() as somebody:
        somebody.setattr(os, "geteuid", lambda: 4_000_000_001)
        temporaries.remove_leftovers(fd)
    assert os.listdir(field) == [name]
    temporaries.remove_leftovers(fd)
    assert os.listdir(field) == []
    os.close(fd)


def test_a_lock_held_for_ever_stops_nobody(field: Path, open_target: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    fd = os.open(field, os.O_RDONLY)
    fcntl.flock(fd, fcntl.LOCK_EX)
    (field / os.fsdecode(temporary_name(field))).touch()
    assert open_target().write_file(file(b"x"), b"x")
    assert len(os.listdir(field)) == 2
    os.close(fd)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
@pytest.mark.parametrize("call", ["open", "mkdir", "pwrite", "ftruncate", "symlink", "renameat2"])
def test_a_full_disk_ends_the_run_and_leaves_nothing(
    field: Path, open_target: Open, monkeypatch: pytest.MonkeyPatch, call: str, code: int
) -> None:
    target = open_target()
    begun = target.begin_file(file(b"begun before"))
    assert begun is not None
    break_call(monkeypatch, call, code)
    with pytest.raises(EnvironmentFailed, match=os.strerror(code)):
        all_ways(target)
    monkeypatch.undo()
    assert not begun.commit()
    for directory, _, _ in os.walk(field):
        assert not leftovers(Path(directory))
    assert not (field / "d/staged").exists() or (field / "d/staged").read_bytes() == b"new"


@pytest.mark.parametrize("call", ["open", "mkdir", "pwrite", "ftruncate", "symlink", "renameat2"])
def test_any_other_failure_hurts_the_entry_only(
    field: Path, open_target: Open, monitor: Notes, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    target = open_target()
    break_call(monkeypatch, call, errno.EIO)
    all_ways(target)
    monkeypatch.undo()
    assert {problem.trouble for problem in monitor.problems} == {Trouble.REFUSED}
    assert {problem.path for problem in monitor.problems} == target.unplaced
    placed = {b"d/whole", b"d/staged", b"link"} - target.unplaced
    assert placed == {path for path in (b"d/whole", b"d/staged", b"link") if os.path.lexists(field / path.decode())}
    for directory, _, _ in os.walk(field):
        assert not leftovers(Path(directory))


@pytest.mark.parametrize("call", ["chown", "chmod", "utime", "setxattr"])
@needs_root
def test_metadata_that_fails_hurts_the_metadata_only(
    field: Path, open_target: Open, monitor: Notes, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    target = open_target()
    break_call(monkeypatch, call, errno.ENOSPC)
    all_ways(target, xattrs={b"user.a": b"1"})
    assert {problem.trouble for problem in monitor.problems} == {Trouble.METADATA}
    assert (field / "d/staged").read_bytes() == (field / "d/whole").read_bytes() == b"new"
    assert not target.unplaced


def break_call(monkeypatch: pytest.MonkeyPatch, call: str, code: int) -> None:
    def fail(*args: Any, **kwargs: Any) -> Any:
        if call == "open" and not args[1] & os.O_CREAT:
            return real(*args, **kwargs)
        raise OSError(code, os.strerror(code))

    if call == "renameat2":
        monkeypatch.setattr(give_name, "_renameat2", lambda *_: ctypes.set_errno(code) or -1)
    else:
        real = getattr(os, call)
        monkeypatch.setattr(os, call, fail)


def all_ways(target: Target, **fields: Any) -> None:
    target.make_directory(folder(b"d"))
    target.write_file(file(b"d/whole", **fields), b"new")
    staged = target.begin_file(file(b"d/staged", size=3, **fields))
    if staged is not None and staged.write_at(0, b"new"):
        staged.commit()
    target.place_link(link(b"link", b"anywhere"))


def test_an_interrupt_leaves_nothing(field: Path, open_target: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    target = open_target()
    monkeypatch.setattr(os, "utime", interrupt)
    for entry in (file(b"x"), link(b"x", b"anywhere")):
        with pytest.raises(KeyboardInterrupt):
            place(target, entry)
    assert os.listdir(field) == []


# --- ordinary users -------------------------------------------------------------------------------------------------

DROPPED = """
import json, os, sys
import grp, pwd, time
from pybackup.monitor import Monitor
from pybackup.host.paths import open_at
from pybackup.model.entry import Entry, Kind, Owner
from pybackup.tree.place import Overwrite, PlaceOptions, Target
if os.geteuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
class Notes(Monitor):
    notes = []
    def note(self, text): self.notes.append(text)
monitor = Notes()
def report(*values):
    print(json.dumps([[[p.path.decode(), p.trouble] for p in monitor.problems], monitor.notes, *values]))
"""


def as_nobody(directory: Path, code: str) -> list[Any]:
    """Run code as an ordinary user who owns a directory, from within it; what it reports."""
    if ROOT:
        os.chown(directory, 65534, 65534)
    # The interpreter may lie where only root can read: everything is imported before.
    command = [sys.executable, "-W", "error", "-c", DROPPED + code]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(command, check=True, cwd=directory, env=environment, capture_output=True, text=True)
    answer: list[Any] = json.loads(done.stdout)
    return answer


def test_an_ordinary_user_gets_all_but_owners(field: Path) -> None:
    problems, notes, kinds = as_nobody(
        field,
        """
owner = Owner(0, 0, b"root", b"root")
def entry(path, kind, **more): return Entry(path, kind, owner=owner, mtime_ns=5, **more)
secret = {b"security.capability": b"x", b"trusted.x": b"1", b"user.x": b"1"}
with Target(b".", PlaceOptions(), monitor) as target:
    directories = [entry(b"d", Kind.DIRECTORY, mode=0o2500), entry(b"d/e", Kind.DIRECTORY, mode=0)]
    made = [target.make_directory(each) for each in directories]
    made += [target.write_file(entry(b"d/e/%d" % n, Kind.FILE, mode=0o6555, xattrs=secret), b"x") for n in range(3)]
    made.append(target.place_link(entry(b"d/l", Kind.SYMLINK, target=b"/")))
    made.append(target.place_link(entry(b"d/h", Kind.HARDLINK, target=b"d/e/0")))
    made.append(target.place_link(entry(b"d/f", Kind.FIFO)))
    made += [target.finish_directory(each) for each in reversed(directories)]
assert all(made), made
report([oct(os.lstat(name).st_mode) for name in (b"d", b"d/h", b"d/f")])
""",
    )
    assert problems == []
    assert len(notes) == 3
    assert kinds == ["0o42500", "0o100555", "0o10644"]
    assert os.getxattr(field / "d/h", "user.x") == b"1"
    assert (field / "d/l").lstat().st_mtime_ns == (field / "d").stat().st_mtime_ns == 5


@needs_root
def test_an_ordinary_user_who_asks_for_owners_hears_of_it(field: Path) -> None:
    problems, _, mode, node = as_nobody(
        field,
        """
with Target(b".", PlaceOptions(owner=True, devices=True), monitor) as target:
    assert target.write_file(Entry(b"x", Kind.FILE, mode=0o4755, owner=Owner(0, 0)), b"x")
    assert target.write_file(Entry(b"mine", Kind.FILE, mode=0o4755, owner=Owner(65534, 65534)), b"x")
    node = target.place_link(Entry(b"null", Kind.CHARACTER, device=(1, 3)))
report([oct(os.stat(name).st_mode) for name in ("x", "mine")], node)
""",
    )
    assert problems == [["x", "metadata"], ["null", "refused"]]
    assert (mode, node) == (["0o100755", "0o104755"], False)


@needs_root
def test_read_only_directories_of_a_former_run_are_opened(field: Path) -> None:
    code = """
with Target(b".", PlaceOptions(Overwrite.ALWAYS), monitor) as target:
    entries = [Entry(b"d", Kind.DIRECTORY, mode=0o500), Entry(b"d/e", Kind.DIRECTORY, mode=0)]
    made = [target.make_directory(each) for each in entries]
    made.append(target.write_file(Entry(b"d/e/x", Kind.FILE, mode=0o400), b"x"))
    made += [target.finish_directory(each) for each in reversed(entries)]
assert all(made), made
report()
"""
    for _ in range(2):
        assert as_nobody(field, code) == [[], []]
    assert (field / "d").stat().st_mode == 0o40500
    assert (field / "d/e").stat().st_mode == 0o40000


@needs_root
def test_directories_of_others_can_be_passed_through_only(field: Path) -> None:
    (field / "theirs/mine").mkdir(parents=True)
    os.chown(field / "theirs/mine", 65534, 65534)
    (field / "theirs").chmod(0o711)
    problems, _ = as_nobody(
        field,
        """
with Target(b".", PlaceOptions(), monitor) as target:
    assert target.write_file(Entry(b"theirs/mine/x", Kind.FILE), b"x")
    assert not target.write_file(Entry(b"theirs/x", Kind.FILE), b"x")
    assert target.make_directory(Entry(b"theirs", Kind.DIRECTORY))
    assert target.finish_directory(Entry(b"theirs", Kind.DIRECTORY, mode=0o777))
report()
""",
    )
    assert problems == [["theirs/x", "refused"], ["theirs", "metadata"], ["theirs", "metadata"]]
    assert (field / "theirs").stat().st_mode == 0o40711


def test_options_go_to_other_processes() -> None:
    options = PlaceOptions(Overwrite.OLDER, owner=True, numeric_owner=True)
    assert pickle.loads(pickle.dumps(options)) == options
    assert PlaceOptions().owner is ROOT
