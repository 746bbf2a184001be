"""Several processes at once, one that is killed, a full disk: nothing is lost but the volume that was being added."""

from __future__ import annotations

import multiprocessing
import random
import resource
import signal
import sqlite3
import time
from pathlib import Path

import pytest

from pybackup.catalogue.connect import Catalogue, create_catalogue, open_catalogue
from pybackup.catalogue.find import files_of
from pybackup.catalogue.health import add_health, health_of
from pybackup.catalogue.media import find_medium, media, move
from pybackup.errors import EnvironmentFailed
from pybackup.model.catalogued import MediumCheck

from .shelf import filed, put

# Processes that have nothing of this one, and need not load SQLAlchemy each.
SPAWN = multiprocessing.get_context("forkserver")
SPAWN.set_forkserver_preload(["pybackup.catalogue.fill", "pybackup.catalogue.find", "pybackup.catalogue.media"])
WRITERS = 4
VOLUMES = 2
PER_VOLUME = 300


def add_and_check(address: str, writer: int, start: float) -> None:
    """The work of one of several processes: it adds volumes, checks them, reads all, moves one."""
    with open_catalogue(address) as catalogue:
        time.sleep(max(0.0, start - time.time()))
        for number in range(VOLUMES):
            label = f"{writer}-{number}"
            put(catalogue, label, [filed(f"shared/{number}/{writer}/{at}") for at in range(PER_VOLUME)])
            at = find_medium(catalogue, label).id
            for when in (1, 2):
                add_health(catalogue, at, MediumCheck(when, "intact"))
            assert sum(1 for _ in files_of(catalogue)) >= PER_VOLUME
            move(catalogue, at, f"place {number}")


def test_four_at_once_lose_nothing(catalogue: Catalogue, address: str) -> None:
    start = time.time() + 1
    workers = [SPAWN.Process(target=add_and_check, args=(address, number, start)) for number in range(WRITERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(300)
    assert [worker.exitcode for worker in workers] == [0] * WRITERS
    found = media(catalogue)
    assert {known.label for known in found} == {f"{w}-{number}" for w in range(WRITERS) for number in range(VOLUMES)}
    assert {known.place for known in found} == {f"place {number}" for number in range(VOLUMES)}
    assert all(len(health_of(catalogue, known.id)) == 2 for known in found)
    paths = sorted(each.filed.path for each in files_of(catalogue))
    expected = (
        f"shared/{number}/{w}/{at}".encode()
        for w in range(WRITERS)
        for number in range(VOLUMES)
        for at in range(PER_VOLUME)
    )
    assert paths == sorted(expected)


def add_without_end(address: str, done: str) -> None:
    """Add volumes, and write down which are finished, until the process is killed."""
    with open_catalogue(address) as catalogue, open(done, "a", buffering=1) as finished:
        first = len(media(catalogue))
        for number in range(first, first + 1000):
            put(catalogue, f"{number}", [filed(f"{number}/{at}") for at in range(PER_VOLUME)])
            finished.write(f"{number}\n")


def check_whole(address: str) -> set[str]:
    """Assert that every volume has all of its entries; return the labels."""
    with sqlite3.connect(address) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    with open_catalogue(address) as catalogue:
        found = media(catalogue)
        for known in found:
            paths = [each.filed.path for each in files_of(catalogue, [known.volume])]
            assert paths == [f"{known.label}/{at}".encode() for at in range(PER_VOLUME)]
        with catalogue.reading() as reader:
            rows = reader.exec_driver_sql("SELECT count(*) FROM entry").scalar()
        assert rows == PER_VOLUME * len(found)
    return {known.label for known in found}


def test_killed_at_any_moment(tmp_path: Path) -> None:
    address, done = str(tmp_path / "c.sqlite"), tmp_path / "done"
    create_catalogue(address).close()
    done.touch()
    chance = random.Random(7)
    for _ in range(4):
        before = len(done.read_text().split())
        worker = SPAWN.Process(target=add_without_end, args=(address, str(done)))
        worker.start()
        while worker.is_alive() and len(done.read_text().split()) == before:
            time.sleep(0.01)
        time.sleep(chance.random() / 3)
        worker.kill()
        worker.join()
        assert worker.exitcode == -signal.SIGKILL
        finished = set(done.read_text().split())
        there = check_whole(address)
        assert finished <= there
        assert len(there - finished) <= 1
        done.write_text("".join(f"{label}\n" for label in there))


def add_with_little_room(address: str, room_bytes: int) -> None:
    """Add a volume while no file may grow beyond a size, so that one write fails."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room_bytes, room_bytes))
    with open_catalogue(address) as catalogue:
        try:
            put(catalogue, "new", [filed(f"new/{at}") for at in range(PER_VOLUME)])
        except EnvironmentFailed as error:
            raise SystemExit(9 if "the catalogue cannot be used" in str(error) else 1) from error


@pytest.mark.parametrize("room_kib", [36, 48, 64, 96, 4096])
def test_a_write_that_fails(tmp_path: Path, room_kib: int) -> None:
    """Whichever write fails, earlier volumes are kept, and the new one is there as a whole or not at all."""
    address = str(tmp_path / "c.sqlite")
    with create_catalogue(address) as catalogue:
        put(catalogue, "old", [filed(f"old/{at}") for at in range(PER_VOLUME)])
    worker = SPAWN.Process(target=add_with_little_room, args=(address, room_kib << 10))
    worker.start()
    worker.join(120)
    assert worker.exitcode == (0 if room_kib == 4096 else 9)
    assert check_whole(address) == {"old", "new"} if room_kib == 4096 else {"old"}
