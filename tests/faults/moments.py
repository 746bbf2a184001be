"""Runs of chains of which the N-th operation fails, or before which they are killed, each in a process of its own.

usage: moments.py kill|fail CASE EVERY, in an empty directory: every EVERY-th moment is tried. Prints a line of JSON for
each moment behind which something is not as it should be, and how many were tried.

Operations are those of the system that a run changes something by, and those of the database; where they fail, also
those by which it reads.
"""

from __future__ import annotations

import atexit
import errno
import importlib
import json
import os
import shutil
import signal
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from kit.living import LivingTree
from kit.manifest import Manifest, differences, manifest
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from pybackup.archive.find import volumes_in
from pybackup.catalogue.connect import open_catalogue
from pybackup.catalogue.media import media
from pybackup.catalogue.runs import runs
from pybackup.check.verify import verify
from pybackup.cli.main import main
from pybackup.host import give_name
from pybackup.mend.health import State
from pybackup.model.catalogued import MediumType
from pybackup.monitor import Monitor

WRITING: Final = ("open", "pwrite", "write", "ftruncate", "fsync", "mkdir", "rename", "unlink", "rmdir", "fchmod")
READING: Final = ("read", "pread", "scandir", "stat")
DATABASE: Final = ("do_execute", "do_executemany", "do_commit")
FIRST_DAY, DAY = 1_800_000_000, 86_400
SEED = 17
# What would else be loaded in each child.
LOADED = (
    *("cli.verbs.create", "cli.verbs.restore", "cli.verbs.extract", "jobs.create", "jobs.catalogue_record"),
    *("jobs.restore", "jobs.extract", "jobs.chain", "make.run", "restore.run", "mend.mender"),
)
SET = "--volumes {}/{} --volume-size 400K"
ARCHIVE = "-o {}/{}.xtar"
# By case: where a run goes to, what it builds on, and whether it is a set.
CASES: Final = {
    "chain": (ARCHIVE, "--chain docs"),
    "chain of sets": (SET, "--chain docs"),
    "archives": (ARCHIVE, ""),
    "archives of sets": (SET, ""),
}


class Moments:
    """Counts operations of this process, and does something before the one with a number."""

    def __init__(self, number: int, do: Callable[[], None]) -> None:
        self.count = 0
        self._number, self._do = number, do

    def before(self) -> None:
        """An operation is to come."""
        self.count += 1
        if self.count == self._number:
            self._do()

    @contextmanager
    def watched(self, *, reading: bool) -> Iterator[None]:
        """Watch the operations within the ``with``."""
        places: list[tuple[Any, str]] = [(os, name) for name in WRITING + READING * reading]
        places += [(SQLiteDialect_pysqlite, name) for name in DATABASE]
        places += [(give_name, "_renameat2")]
        real = [getattr(where, name) for where, name in places]
        for (where, name), function in zip(places, real, strict=True):
            setattr(where, name, self._watching(function))
        try:
            yield
        finally:
            for (where, name), function in zip(places, real, strict=True):
                setattr(where, name, function)

    def _watching(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def watching(*given: Any, **named: Any) -> Any:
            self.before()
            return function(*given, **named)

        return watching


def killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def failing() -> None:
    # What asks the database gets its error, all else that of the system.
    if any(name in DATABASE for name in _callers()):
        raise sqlite3.OperationalError("disk I/O error")
    raise OSError(errno.EIO, os.strerror(errno.EIO))


def _callers() -> Iterator[str]:
    frame = sys._getframe(1)
    while frame.f_back is not None:
        frame = frame.f_back
        yield str(frame.f_locals.get("function", ""))


class Room:
    """A tree with two runs, and the run that something happens to."""

    def __init__(self, case: str) -> None:
        self.to, self.on = CASES[case]
        self.is_set, self.is_chain = self.to == SET, bool(self.on)
        self.top = Path.cwd()
        self.tree = LivingTree(self.top / "tree", SEED, files=30)
        self.days: list[Manifest] = []
        (self.top / "tmp").mkdir()
        (self.top / "out").mkdir()
        if self.is_chain:
            assert run(["catalogue", "init"])[0] == 0
        for day in range(2):
            assert run(self.command(day))[0] == 0, said()
            self.end_day()
        self.tree.write(self.tree.top / "large", 900_000)
        self.present = manifest(self.tree.top)
        shutil.copytree("out", "before")
        if self.is_chain:
            shutil.copy("catalogue.sqlite", "before.sqlite")

    def end_day(self) -> None:
        self.days.append(manifest(self.tree.top))
        self.tree.live(6)

    def command(self, day: int, *more: str) -> list[str]:
        """Return the arguments of the run of a day, on what earlier days have made."""
        os.environ["SOURCE_DATE_EPOCH"] = str(FIRST_DAY + DAY * day)
        on = self.on.split() or [
            word for path in self.made() if path.stem < f"day{day}" for word in ("--since-archive", os.fspath(path))
        ]
        return ["create", "tree", *self.to.format("out", f"day{day}").split(), *on, *more, "--workers", "1", "--quiet"]

    def made(self) -> list[Path]:
        """Return the archives that have their names, and the directories of sets."""
        return sorted(path for path in Path("out").iterdir() if not path.name.startswith("."))

    def begin_anew(self) -> None:
        shutil.rmtree("out")
        shutil.copytree("before", "out")
        for path in self.top.glob("catalogue.sqlite*"):
            path.unlink()
        if self.is_chain:
            shutil.copy("before.sqlite", "catalogue.sqlite")


def said() -> str:
    return Path("said").read_text()


def in_a_child(work: Callable[[], int]) -> int:
    """Return the status of a process of its own, -9 for one that was killed."""
    child = os.fork()
    if not child:
        status = 99
        try:
            fd = os.open("said", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            os.dup2(fd, 1)
            os.dup2(fd, 2)
            os.close(fd)
            status = work()
            atexit._run_exitfuncs()
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def run(words: list[str], number: int = 0, do: Callable[[], None] = killed) -> tuple[int, int]:
    """Run a command, with something done before an operation of it; return its status, and how many there were."""

    def work() -> int:
        moments = Moments(number, do)
        with moments.watched(reading=do is failing):
            status = main(words)
        Path("count").write_text(str(moments.count))
        return status

    status = in_a_child(work)
    return status, int(Path("count").read_text()) if status in (0, 1) and Path("count").exists() else 0


def not_whole(path: Path) -> Iterator[str]:
    """Say which archives at a path are not what they should be."""
    for file in sorted(path.iterdir()) if path.is_dir() else [path]:
        if file.suffix == ".xtar" and verify(os.fsencode(file), workers=1, monitor=Monitor()).state is not State.INTACT:
            yield f"not whole: {file}"


def wrong_in_catalogue() -> Iterator[str]:
    """Say what the catalogue names that is not there."""
    with open_catalogue("catalogue.sqlite") as catalogue:
        for one in runs(catalogue, "docs"):
            place = Path(os.fsdecode(one.location))
            if one.is_complete and not one.location:
                yield f"a run without a place: {one}"
            if one.is_complete:
                held = {bytes(volume.listing.archive_id) for volume in found_in(place)} if place.exists() else set()
                yield from (f"{place}: no {each.name}" for each in one.volumes if each.identity not in held)
        for known in media(catalogue):
            path = Path(os.fsdecode(known.location))
            if known.type is MediumType.FILE and known.location:
                ids = {bytes(each.listing.archive_id) for each in found_in(path)} if path.exists() else set()
                if known.volume.identity not in ids:
                    yield f"{path}: not what the catalogue names, {known.label}"


def found_in(place: Path) -> Iterator[Any]:
    for path in sorted(place.iterdir()) if place.is_dir() else [place]:
        yield from volumes_in(os.fsencode(path))


def temporaries() -> Iterator[str]:
    for base, directories, files in os.walk("."):
        if base == ".":
            directories[:] = [name for name in directories if name not in ("tree", "before")]
        yield from (
            f"left: {base}/{name}" for name in (*directories, *files) if name.endswith((".tmp", ".partial", "-journal"))
        )
    yield from (f"left: tmp/{path.name}" for path in Path("tmp").iterdir())


def restored(room: Room, what: list[str], day: Manifest, how: str) -> Iterator[str]:
    shutil.rmtree("back", ignore_errors=True)
    status = in_a_child(lambda: main([*what, "--to", "back", "--workers", "1", "--quiet"]))
    if status:
        yield f"{how}: status {status}: {said()}"
    else:
        yield from (f"{how}: {each}" for each in differences(day, manifest("back/tree")))


def wrong(room: Room, is_done: bool) -> Iterator[str]:
    """Say what is not as it should be behind a run that was killed, or that failed, and behind the next one."""
    for place in room.made():
        yield from not_whole(place)
    if room.is_chain:
        yield from wrong_in_catalogue()
    # A set that was begun is gone on with; what else there is was made whole, or is not there.
    again = room.command(2, "--resume") if room.is_set and not is_done else room.command(3)
    status, _ = run(again)
    if status:
        yield f"the next run: status {status}: {said()}"
        return
    for place in room.made():
        yield from not_whole(place)
    yield from temporaries()
    if room.is_chain:
        yield from wrong_in_catalogue()
        yield from restored(room, ["restore", "docs"], room.present, "by the catalogue")
        at = f"@{FIRST_DAY + DAY}"
        yield from restored(room, ["restore", "docs", "--at", at], room.days[1], "the day before")
    else:
        chain = sorted(map(os.fspath, room.made()))
        yield from restored(room, ["extract", *chain], room.present, "by archives")


def try_moments(how: str, case: str, every: int) -> None:
    """Try every so many moments of a case, and print what is wrong behind each."""
    for name in LOADED:
        importlib.import_module(f"pybackup.{name}")
    processors = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {processors[os.getpid() % len(processors)]})  # all of a run is in one process
    catalogue = os.fspath(Path.cwd() / "catalogue.sqlite") if "chain" in case else "none"
    os.environ |= {"TMPDIR": os.fspath(Path.cwd() / "tmp"), "PYBACKUP_CATALOGUE": catalogue, "TZ": "UTC"}
    do = killed if how == "kill" else failing
    room = Room(case)
    words = room.command(2)
    status, count = run(words, 0, do)
    assert status == 0, said()
    tried = range(1 + SEED % every, count + 1, every)
    for number in tried:
        room.begin_anew()
        status, _ = run(room.command(2), number, do)
        faults = []
        if how == "kill" and status != -9:
            faults.append(f"was not killed, but ended with {status}: {said()}")
        if how == "fail":
            told = said()
            if "Traceback" in told or status not in (0, 1, 2, 3, 4, 5) or bool(status) != bool(told):
                faults.append(f"status {status}: {told}")
        faults += wrong(room, is_done=status in (0, 1))
        if faults:
            print(json.dumps({"moment": number, "faults": faults}), flush=True)
    print(json.dumps({"moments": len(tried), "of": count}))


if __name__ == "__main__":
    try_moments(sys.argv[1], sys.argv[2], int(sys.argv[3]))
