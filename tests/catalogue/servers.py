"""Real database servers in temporary directories, run as a user without rights."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

_PATIENCE_S = 120


def _tool(name: str, *places: str) -> str:
    """Return the path of a program; a missing one is a failure."""
    found = [path for pattern in places for path in sorted(Path("/").glob(pattern.lstrip("/")))]
    known = shutil.which(name) or next((str(path / name) for path in reversed(found) if (path / name).exists()), None)
    assert known, f"{name} is not installed; tests/run does"
    return known


def _user() -> dict[str, int | list[int]]:
    """Give up root's rights, as servers refuse to run with them."""
    if os.getuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


@contextlib.contextmanager
def _room() -> Iterator[Path]:
    # A socket's path has 107 bytes at most, so not below pytest's own directory.
    room = Path(tempfile.mkdtemp(prefix="pybackup-db-", dir="/tmp"))
    try:
        if os.getuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(room, nobody.pw_uid, nobody.pw_gid)
        yield room
    finally:
        shutil.rmtree(room, ignore_errors=True)


@contextlib.contextmanager
def _served(command: list[str], room: Path, is_ready: Callable[[], bool]) -> Iterator[None]:
    with open(room / "log", "wb") as log:
        server = subprocess.Popen(command, cwd=room, stdout=log, stderr=log, **_user())  # type: ignore[call-overload]
    try:
        end = time.monotonic() + _PATIENCE_S
        while not is_ready():
            waiting = server.poll() is None and time.monotonic() < end
            assert waiting, (room / "log").read_text(errors="replace")
            time.sleep(0.1)
        yield
    finally:
        server.terminate()
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _prepare(command: list[str], room: Path) -> None:
    done = subprocess.run(command, cwd=room, capture_output=True, check=False, **_user())  # type: ignore[call-overload]
    assert done.returncode == 0, (done.stdout + done.stderr).decode(errors="replace")


@contextlib.contextmanager
def postgresql() -> Iterator[str]:
    """Give the URL of a server, without the name of a database."""
    import psycopg

    binaries = "/usr/lib/postgresql/*/bin"
    with _room() as room:
        _prepare(
            [_tool("initdb", binaries), "--no-sync", "-A", "trust", "-U", "tester", "-E", "UTF8", "-D", f"{room}/data"],
            room,
        )
        command = [_tool("postgres", binaries), "-D", f"{room}/data", "-k", str(room), "-c", "listen_addresses="]
        settings = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "jit=off", "shared_buffers=32MB")
        for setting in (*settings, "max_connections=20"):
            command += ["-c", setting]

        def is_ready() -> bool:
            with contextlib.suppress(psycopg.Error):
                psycopg.connect(host=str(room), user="tester", dbname="postgres").close()
                return True
            return False

        with _served(command, room, is_ready):
            yield f"postgresql://tester@/{{name}}?host={room}"


def _apart(room: Path) -> list[str]:
    """Options with which a server shares nothing with others of the machine.

    A server that starts removes the temporary tables (``#sql*``) of all others from a directory they share, and of
    the system's asynchronous requests there are only so many for all.
    """
    return [f"--datadir={room}/data", f"--tmpdir={room}", "--innodb-use-native-aio=0"]


@contextlib.contextmanager
def mariadb() -> Iterator[str]:
    """Give the URL of a server, without the name of a database."""
    with _room() as room:
        install = [_tool("mariadb-install-db"), "--no-defaults", "--auth-root-authentication-method=normal"]
        install += ["--skip-test-db", *_apart(room)]
        _prepare(install, room)
        command = [_tool("mariadbd", "/usr/sbin"), "--no-defaults", "--skip-networking", *_apart(room)]
        command += [f"--socket={room}/socket", f"--pid-file={room}/pid", "--innodb-flush-log-at-trx-commit=0"]
        command += ["--innodb-flush-method=nosync", "--skip-innodb-doublewrite", "--innodb-fast-shutdown=2"]
        command += ["--innodb-buffer-pool-size=32M", "--innodb-log-file-size=16M", "--max-allowed-packet=64M"]

        def is_ready() -> bool:
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as knocking:
                knocking.connect(f"{room}/socket")
                return True
            return False

        with _served(command, room, is_ready):
            yield f"mariadb://root@localhost/{{name}}?unix_socket={room}/socket"
