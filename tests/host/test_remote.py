"""Workers of a Dask cluster: the same bytes, also when one of them is killed; what is not there is said."""

from __future__ import annotations

import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import pybackup
from pybackup.errors import EnvironmentFailed, UsageError
from pybackup.host.remote import remote_executor

HOST = "127.0.0.1"


def free_port() -> int:
    with socket.socket() as one:
        one.bind((HOST, 0))
        return int(one.getsockname()[1])


class Cluster:
    """A scheduler and two workers, processes of their own."""

    def __init__(self, scratch: Path) -> None:
        port = free_port()
        self.address = f"{HOST}:{port}"
        self._scratch = scratch
        self._scheduler = self._start("dask_scheduler", "--host", HOST, "--port", str(port), "--no-dashboard")
        self.workers = [
            self._start("dask_worker", f"tcp://{self.address}", "--nthreads", "1", "--no-nanny", "--no-dashboard")
            for _ in range(2)
        ]

    def _start(self, module: str, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{module}", *arguments],
            cwd=self._scratch,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def wait_for(self, count: int) -> None:
        """Return when so many workers have told the scheduler that they are there."""
        until = time.monotonic() + 120
        while time.monotonic() < until:
            try:
                with remote_executor(f"dask://{self.address}", str) as (_, tasks):
                    if tasks == count:
                        return
            except EnvironmentFailed:
                pass
            time.sleep(0.2)
        raise AssertionError("the cluster does not come up")

    def stop(self) -> None:
        for process in (*self.workers, self._scheduler):
            process.kill()
            process.wait()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    scratch = tmp_path / "cluster"
    scratch.mkdir()
    found = Cluster(scratch)
    try:
        found.wait_for(2)
        yield found
    finally:
        found.stop()


def test_a_worker_is_killed_and_the_bytes_are_the_same(cluster: Cluster, tmp_path: Path) -> None:
    numbers = random.Random(1)
    (tmp_path / "tree").mkdir()
    for number in range(12):
        words = " ".join(str(numbers.randrange(10**6)) for _ in range(200_000))
        (tmp_path / "tree" / f"{number}.txt").write_text(words)
    here, there = tmp_path / "here.xtar", tmp_path / "there.xtar"
    pybackup.create([tmp_path / "tree"], here, workers=1)
    command = [sys.executable, "-m", "pybackup", "create", str(tmp_path / "tree"), "-o", str(there), "--quiet"]
    run = subprocess.Popen([*command, "--executor", f"dask://{cluster.address}"], stderr=subprocess.PIPE)
    try:
        # Once the archive has begun, tasks are under way.
        until = time.monotonic() + 120
        while not any(path.stat().st_size > 1 << 20 for path in tmp_path.glob("*there*")) and run.poll() is None:
            assert time.monotonic() < until
            time.sleep(0.02)
        assert run.poll() is None, "over before a worker could be killed"
        cluster.workers[0].send_signal(signal.SIGKILL)
        _, complaint = run.communicate(timeout=300)
    finally:
        run.kill()
        run.wait()
    assert (run.returncode, complaint) == (0, b"")
    assert there.read_bytes() == here.read_bytes()


def test_a_worker_that_differs_is_refused(cluster: Cluster) -> None:
    import os

    with pytest.raises(EnvironmentFailed, match="depend on who did what"):
        remote_executor(f"dask://{cluster.address}", lambda: str(os.getpid())).__enter__()


def test_a_scheduler_that_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("pybackup.host.remote._SECONDS", 1)
    with pytest.raises(EnvironmentFailed, match="no Dask scheduler answers"):
        remote_executor(f"dask://{HOST}:{free_port()}", str).__enter__()


@pytest.mark.parametrize(
    "address", ["dask://", "dask://host", "tcp://host:1", "dask://host:x", "host:8786", "dask://a/b:1"]
)
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(UsageError, match="no address"):
        remote_executor(address, str).__enter__()
