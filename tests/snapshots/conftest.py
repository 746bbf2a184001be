"""Fixtures for tests of snapshots: a tree, a directory for snapshots, other machines."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pybackup.snapshots.local_store import LocalStore

from .machines import SshServer, rsync_daemon, ssh_server
from .making import OLD


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Three files in two directories, with times in the past, as rsync may miss changes within one second."""
    source = tmp_path / "source"
    for name in ("a.txt", "sub/b.txt", "sub/c.txt"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(f"this is {name}\n")
        os.utime(source / name, ns=(OLD, OLD))
    return source


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(os.fsencode(tmp_path / "snapshots"))


@pytest.fixture(scope="session")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    with ssh_server(tmp_path_factory.mktemp("machines") / "ssh") as server:
        yield server


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[str]:
    """A daemon with the modules `source` and `target`."""
    for name in ("source", "target"):
        (tmp_path / name).mkdir(exist_ok=True)
    with rsync_daemon(tmp_path / "daemon", tmp_path / "source", tmp_path / "target") as url:
        yield url
