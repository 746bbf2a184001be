"""Sources on other machines: ssh and daemons on loopback, with names that a shell would interpret."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from kit.planting import SHELL_NAMES

from pybackup.errors import EnvironmentFailed, UsageError
from pybackup.options.snapshots import ssh_command
from pybackup.snapshots.local_store import LocalStore

from .machines import SshServer
from .making import OLD, content, make


@pytest.fixture
def odd(tree: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a file in it for each odd name, and one that these names match as patterns."""
    monkeypatch.chdir(tree)
    for number, name in enumerate((*SHELL_NAMES, b"axb")):
        os.mkdir(os.fsencode(tree) + b"/" + name)
        path = os.path.join(os.fsencode(tree), name, name)
        with open(path, "w") as file:
            file.write(str(number))
        os.utime(path, ns=(OLD, OLD))
    return tree


def check_all(prefix: bytes, odd: Path, store: LocalStore, **options: list[str]) -> None:
    """Snapshot each directory alone, twice, and then all of them."""
    for number, name in enumerate(SHELL_NAMES):
        to = store.path + b"/" + name
        make(prefix + name, to, **options)
        made, heard = make(prefix + name, to, **options)
        assert content(made.path) == {name: str(number).encode()}
        assert heard.problems == []
        assert made.shared is not None
        assert made.shared.linked == 1
    made, _ = make(prefix, store.path + b"/all", **options)
    assert content(made.path) == content(odd)
    assert not any(name == b"PWNED" for _, _, names in os.walk(os.fsencode(odd.parent)) for name in names)


def test_by_ssh(odd: Path, store: LocalStore, sshd: SshServer) -> None:
    check_all(os.fsencode(f"{sshd.host}:{odd}/"), odd, store, ssh=sshd.command)
    assert not Path.home().joinpath("PWNED").exists()


def test_by_a_daemon(odd: Path, store: LocalStore, daemon: str) -> None:
    check_all(os.fsencode(f"{daemon}/source/"), odd, store)


def test_a_daemon_with_two_colons(tree: Path, store: LocalStore, daemon: str) -> None:
    port = daemon.rpartition(":")[2]
    made, _ = make("127.0.0.1::source/sub", store.path, rsync_arg=[f"--port={port}"])
    assert set(content(made.path)) == {b"b.txt", b"c.txt"}


def test_a_program_for_ssh_with_quotes_in_its_arguments(
    tree: Path, store: LocalStore, sshd: SshServer, tmp_path: Path
) -> None:
    program = tmp_path / 'it\'s a "program"'
    said = tmp_path / "said"
    program.write_text(f'#!/bin/sh\nprintf %s "$1" >{said}\nshift\nexec "$@"\n')
    program.chmod(0o755)
    argument = "a 'quoted' \"thing\" ''"
    made, _ = make(f"{sshd.host}:{tree}", store.path, ssh=[str(program), argument, *sshd.command])
    assert content(made.path) == content(tree)
    assert said.read_text() == argument


def test_what_is_not_there(tree: Path, store: LocalStore, sshd: SshServer, daemon: str) -> None:
    with pytest.raises(EnvironmentFailed, match="No such file or directory"):
        make(f"{sshd.host}:{tree}/gone", store.path, ssh=sshd.command)
    with pytest.raises(EnvironmentFailed, match="Unknown module 'gone'"):
        make(f"{daemon}/gone", store.path)
    (tree / "empty").mkdir()
    with pytest.raises(EnvironmentFailed, match="holds no files"):
        make(f"{sshd.host}:{tree}/empty", store.path, ssh=sshd.command)
    assert [each for each in store.survey() if each.is_complete] == []


@pytest.mark.parametrize(
    "source",
    [
        "-oProxyCommand=touch PWNED:/x",
        "me@-oProxyCommand=x:/x",
        "a b:/x",
        "rsync://host",
        "rsync:///module",
        "host::",
        "",
    ],
)
def test_places_that_are_none(source: str, store: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError):
        make(source, store.path)
    assert os.listdir(tmp_path) == []


def test_both_ends_elsewhere(store: LocalStore) -> None:
    with pytest.raises(UsageError, match="on other machines"):
        make("host:/x", "other:/y")


def test_a_program_for_ssh_is_taken_apart_as_by_a_shell() -> None:
    assert ssh_command("ssh -i '/a b' -p 22") == ("ssh", "-i", "/a b", "-p", "22")
    assert ssh_command(["ssh", "-i", "/a b"]) == ("ssh", "-i", "/a b")
    for wrong in ("ssh 'x", " "):
        with pytest.raises(UsageError):
            ssh_command(wrong)
