"""Other machines, on this one: an ssh server and a daemon of rsync, on loopback and ports of their own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_SSHD = shutil.which("sshd") or "/usr/sbin/sshd"
_TRIES = 200


@dataclass(frozen=True)
class SshServer:
    """An ssh server, and the command that reaches it."""

    host: str
    command: list[str]


@contextmanager
def ssh_server(room: Path) -> Iterator[SshServer]:
    room.mkdir()
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", room / name], check=True)
    shutil.copyfile(room / "user.pub", room / "authorized")
    port = free_port()
    (room / "known").write_text(f"[127.0.0.1]:{port} {(room / 'host.pub').read_text()}")
    settings = (
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {room}/host\nAuthorizedKeysFile {room}/authorized\n"
        f"StrictModes no\nUsePAM no\nPidFile none\nPermitRootLogin yes\n"
    )
    (room / "sshd_config").write_text(settings)
    if os.geteuid() == 0:
        os.makedirs("/run/sshd", exist_ok=True)
    with subprocess.Popen([_SSHD, "-D", "-f", room / "sshd_config", "-E", room / "log"]) as server:
        try:
            wait_for(port)
            known = ["-o", f"UserKnownHostsFile={room}/known", "-o", "BatchMode=yes"]
            yield SshServer("127.0.0.1", ["ssh", "-F", "none", "-i", f"{room}/user", "-p", str(port), *known])
        finally:
            server.terminate()


@contextmanager
def rsync_daemon(room: Path, *modules: Path) -> Iterator[str]:
    """Run a daemon with a module for each directory, of the same name; yield the URL that the modules are below."""
    room.mkdir()
    port = free_port()
    user = f"uid = {os.geteuid()}\ngid = {os.getegid()}\n"
    settings = f"port = {port}\naddress = 127.0.0.1\nuse chroot = no\n{user}"
    for module in modules:
        settings += f"[{module.name}]\npath = {module}\nread only = no\n"
    (room / "rsyncd.conf").write_text(settings)
    command = ["rsync", "--daemon", "--no-detach", f"--config={room}/rsyncd.conf", f"--log-file={room}/log"]
    with subprocess.Popen(command) as server:
        try:
            wait_for(port)
            yield f"rsync://127.0.0.1:{port}"
        finally:
            server.terminate()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_for(port: int) -> None:
    for _ in range(_TRIES):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"nothing listens on port {port}")
