"""Snapshots on another machine: made, listed, resumed and removed there, by ssh on loopback."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

import pytest
from kit.planting import SHELL_NAMES
from kit.thorough import so_many

import pybackup
from pybackup.cli.main import main
from pybackup.errors import EnvironmentFailed, Exists, UsageError
from pybackup.host.state import state_directory
from pybackup.snapshots.local_store import LocalStore
from pybackup.snapshots.location import parse_location
from pybackup.snapshots.record import SnapshotRecord, SnapshotState
from pybackup.snapshots.ssh_store import SshStore, quoted
from pybackup.snapshots.store import SnapshotStore

from .machines import SshServer
from .making import content, inode, make, write


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert state_directory() == f"{tmp_path}/state/pybackup"


def test_the_same_comes_of_it_as_on_this_machine(tree: Path, store: LocalStore, sshd: SshServer) -> None:
    there = f"{sshd.host}:{os.fsdecode(store.path)}"
    first, heard = make(tree, there, name="one", ssh=sshd.command)
    assert (first.path, heard.problems) == (os.fsencode(there) + b"/one", [])
    write(tree / "a.txt", "changed")
    second, heard = make(tree, there, name="two", ssh=sshd.command)
    assert (second.linked_to, second.record.copied_files) == ([b"one"], 1)
    assert (heard.problems, heard.notes) == ([], [])
    one, two = store.path + b"/one", store.path + b"/two"
    assert content(two) == content(tree)
    assert inode(one + b"/sub/b.txt") == inode(two + b"/sub/b.txt")
    assert os.readlink(store.path + b"/latest") == b"two"
    # This machine takes them for what it would have made itself, and goes on.
    assert [(each.name, each.record) for each in store.survey()] == [(b"one", first.record), (b"two", second.record)]
    third, _ = make(tree, store.path, name="three")
    assert third.shared is not None
    assert third.shared.linked == 3
    listed = pybackup.snapshot_list(there, ssh=shlex.join(sshd.command))
    assert [each.snapshot for each in listed] == store.survey()


def test_names_of_all_kinds(tree: Path, store: LocalStore, sshd: SshServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree)
    os.makedirs(store.path)
    for name in SHELL_NAMES[:: so_many(9, 2)]:
        where = store.path + b"/" + name
        to = os.fsencode(sshd.host) + b":" + where
        for number in range(2):
            made, heard = make(tree, to, name=f"{number} $(touch PWNED)'", ssh=sshd.command)
            assert heard.problems == []
        assert made.record.copied_files == 0, name
        assert content(where + b"/latest/") == content(tree)
        done = pybackup.snapshot_prune(to, keep="last=1", ssh=sshd.command)
        assert done.removed == [b"0 $(touch PWNED)'"]
        assert sorted(os.listdir(where)) == [b".snapshot-records", b"1 $(touch PWNED)'", b"latest"]
    assert not any("PWNED" in names for _, _, names in os.walk(os.fsdecode(store.path)))
    assert not Path.home().joinpath("PWNED").exists()


def test_what_was_interrupted_there_is_linked_to_and_removed(tree: Path, store: LocalStore, sshd: SshServer) -> None:
    there = f"{sshd.host}:{os.fsdecode(store.path)}"
    remote: SnapshotStore = SshStore(parse_location(os.fsencode(there)), sshd.command, os.fsencode(state_directory()))
    with remote.locked():
        remote.begin(b"left", SnapshotRecord(1, 0, 0, "", "", is_complete=False))
        with pytest.raises(EnvironmentFailed, match="another run is at work there"):
            make(tree, there, ssh=sshd.command)
    subprocess.run(["cp", "-a", tree / "sub", os.fsdecode(store.path) + "/left.incomplete/"], check=True)
    (Path(os.fsdecode(store.path)) / "left.incomplete/sub").chmod(0o555)
    assert [each.state for each in remote.survey()] == [SnapshotState.INCOMPLETE]
    made, _ = make(tree, there, name="whole", ssh=sshd.command)
    assert (made.linked_to, made.record.copied_files) == ([b"left.incomplete"], 1)
    assert [each.name for each in remote.survey()] == [b"whole"]
    assert content(store.path + b"/whole") == content(tree)


def test_what_cannot_be(tree: Path, store: LocalStore, sshd: SshServer, capsys: pytest.CaptureFixture[str]) -> None:
    there = f"{sshd.host}:{os.fsdecode(store.path)}"
    ssh = shlex.join(sshd.command)
    make(tree, there, name="one", ssh=ssh)
    with pytest.raises(Exists):
        make(tree, there, name="one", ssh=ssh)
    with pytest.raises(UsageError, match="no such directory"):
        pybackup.snapshot_list("/nowhere")
    with pytest.raises(UsageError, match="both on other machines"):
        make("host:/x", there)
    with pytest.raises(UsageError, match="snapshots on this machine"):
        list(pybackup.snapshot_list(there, ssh=ssh, sizes=True))
    with pytest.raises(UsageError, match="an rsync daemon cannot rename directories"):
        make(tree, "rsync://localhost/module")
    with pytest.raises(EnvironmentFailed, match="Connection refused"):
        make(tree, "localhost:/x", ssh="ssh -p 1 -o BatchMode=yes")
    (Path(os.fsdecode(store.path)) / "file").write_text("mine")
    with pytest.raises(EnvironmentFailed, match="file"):
        make(tree, f"{there}/file", ssh=ssh)
    assert main(["snapshot", "list", there, "--ssh", ssh]) == 0
    assert capsys.readouterr().out.startswith("one  ")
    assert main(["snapshot", "prune", there, "--ssh", ssh, "--keep", "last=1"]) == 0
    assert os.listdir(store.path + b"/one")


def test_a_directory_of_somebody_called_latest_stays(tree: Path, store: LocalStore, sshd: SshServer) -> None:
    os.makedirs(store.path + b"/latest")
    _, heard = make(tree, f"{sshd.host}:{os.fsdecode(store.path)}", ssh=sshd.command)
    assert heard.notes == ["latest: stays as it is, since it is no symbolic link"]
    assert os.listdir(store.path + b"/latest") == []


def test_quoted() -> None:
    for name in SHELL_NAMES:
        done = subprocess.run([b"sh", b"-c", b"printf %s " + quoted(name)], capture_output=True, check=True)
        assert done.stdout == name
