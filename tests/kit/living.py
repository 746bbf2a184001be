"""A tree that lives: small files of all fates, and large ones that grow, change in place or shift; drawn from a seed.

It imports no pybackup: the benchmark of chains has other programs back up the same days.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

DAY_NS = 86_400 * 10**9
START_NS = 1_700_000_000 * 10**9 + 123_456_789
SEGMENT = 64 << 10


class Tree:
    """A tree that changes: the changes are drawn from a seed, and it has its own clock."""

    def __init__(self, top: Path, seed: int) -> None:
        self.top, self.chance, self.now_ns = top, random.Random(seed), START_NS
        (top / "docs/deep").mkdir(parents=True)
        for number in range(6):
            self.write(top / f"docs/{number}.bin")
        self.write(top / "docs/deep/large.bin", 3 * SEGMENT + 17)
        self.write(top / "empty", 0)
        os.link(top / "docs/0.bin", top / "docs/deep/the same")
        (top / "link").symlink_to("docs/1.bin")

    def write(self, path: Path, size: int | None = None) -> None:
        path.write_bytes(self.content(self.chance.randrange(1, 5000) if size is None else size))
        self.touch(path)

    def content(self, size: int) -> bytes:
        """Return bytes that do not compress."""
        return self.chance.randbytes(size)

    def touch(self, path: Path) -> None:
        self.now_ns += 1_000_000_007
        os.utime(path, ns=(self.now_ns, self.now_ns), follow_symlinks=False)

    def files(self) -> list[Path]:
        return sorted(path for path in self.top.rglob("*") if path.is_file() and not path.is_symlink())

    def directories(self) -> list[Path]:
        return sorted(path for path in self.top.rglob("*") if path.is_dir() and not path.is_symlink())

    def live(self, steps: int) -> None:
        """Make a few changes."""
        self.now_ns += DAY_NS
        for _ in range(steps):
            self.chance.choice(self.happenings)()

    @property
    def happenings(self) -> Sequence[Callable[[], None]]:
        """What may happen, each as often as it stands here."""
        return (
            self._new, self._new, self._edit, self._append, self._rename, self._move_directory, self._delete,
            self._mode, self._becomes_directory, self._hard_link, self._back_in_time, self._copy,
        )  # fmt: skip

    def _file(self) -> Path:
        return self.chance.choice(self.files())

    def _name(self) -> str:
        return f"{self.chance.randrange(10**6):06}"

    def _new(self) -> None:
        self.write(self.chance.choice([self.top, *self.directories()]) / f"new-{self._name()}")

    def _edit(self) -> None:
        self.write(self._file())

    def _append(self) -> None:
        path = self._file()
        path.write_bytes(path.read_bytes() + b"more")
        self.touch(path)

    def _rename(self) -> None:
        path = self._file()
        path.rename(path.with_name(f"renamed-{self._name()}"))

    def _move_directory(self) -> None:
        if directories := self.directories():
            path = self.chance.choice(directories)
            path.rename(path.with_name(f"moved-{self._name()}"))

    def _delete(self) -> None:
        if len(self.files()) > 3:
            self._file().unlink()

    def _mode(self) -> None:
        self._file().chmod(self.chance.choice((0o600, 0o640, 0o755)))

    def _becomes_directory(self) -> None:
        path = self._file()
        path.unlink()
        path.mkdir()
        self.write(path / "within")

    def _hard_link(self) -> None:
        os.link(self._file(), self.top / f"linked-{self._name()}")

    def _back_in_time(self) -> None:
        path = self._file()
        self.write(path)
        os.utime(path, ns=(START_NS - self.chance.randrange(DAY_NS),) * 2)

    def _copy(self) -> None:
        shutil.copy2(self._file(), self.top / f"copied-{self._name()}")


class LivingTree(Tree):
    """A tree that lives for many days, with files of as many sizes as are asked for.

    Parameters
    ----------
    files
        How many small ones there are at first, over directories of ten.
    large_bytes
        The length of each of the large files.
    is_text
        Whether half of the small files are words, which compress.
    is_sly
        Whether contents also change under the same size and time, which whoever compares these cannot see.
    """

    def __init__(
        self, top: Path, seed: int, *, files: int = 0, large_bytes: int = 0, is_text: bool = False, is_sly: bool = False
    ) -> None:
        chance = random.Random(seed)
        self._words = [bytes(chance.choices(b"etaoinshrdlu", k=chance.randrange(2, 9))) for _ in range(300 * is_text)]
        self._is_sly = is_sly
        super().__init__(top, seed)
        for number in range(files):
            (top / f"d{number // 10}").mkdir(exist_ok=True)
            self.write(top / f"d{number // 10}/{number}.bin")
        self.large = LargeFiles(self, large_bytes) if large_bytes else None

    def content(self, size: int) -> bytes:
        """Return words for every other size, where files are texts, too."""
        if not self._words or size % 2:
            return super().content(size)
        return b" ".join(self.chance.choices(self._words, k=size // 2 + 1))[:size]

    @property
    def happenings(self) -> Sequence[Callable[[], None]]:
        """What may happen, each as often as it stands here."""
        sly = [self._change_unseen] if self._is_sly else []
        return (*super().happenings, self._becomes_file, self._move_into, self._delete_directory, *sly)

    def live(self, steps: int) -> None:
        """Make a few changes, and have the large files go on."""
        super().live(steps)
        if self.large is not None:
            self.large.live()

    def files(self) -> list[Path]:
        """The small ones: the large ones have a life of their own."""
        return [path for path in super().files() if path.parent != self.top or path.name not in LargeFiles.NAMES]

    def _becomes_file(self) -> None:
        """A directory is replaced by a file, as one that was a file before may be."""
        if directories := [path for path in self.directories() if self._may_go(path)]:
            path = self.chance.choice(directories)
            shutil.rmtree(path)
            self.write(path)

    def _move_into(self) -> None:
        """A directory moves into another one, with all that is in it."""
        if directories := self.directories():
            path, to = self.chance.choice(directories), self.chance.choice(directories)
            if path != to and path not in to.parents:
                path.rename(to / f"into-{self._name()}")

    def _delete_directory(self) -> None:
        if directories := [path for path in self.directories() if self._may_go(path)]:
            shutil.rmtree(self.chance.choice(directories))

    def _may_go(self, directory: Path) -> bool:
        """Whether a directory is so small that the tree goes on living without it."""
        return len([*directory.rglob("*")]) <= max(3, len(self.files()) // 10)

    def _change_unseen(self) -> None:
        path = self._file()
        status = path.stat()
        path.write_bytes(self.chance.randbytes(status.st_size))
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


class LargeFiles:
    """A mailbox that grows, a database that changes in place, and a virtual disk whose blocks shift."""

    NAMES = DISK, DATABASE, MAILBOX = "disk", "database", "mailbox"

    def __init__(self, tree: Tree, n_bytes: int, seed: int = 7) -> None:
        self.tree, self.n_bytes, self.chance = tree, n_bytes, random.Random(seed)
        self.held = {name: bytearray(self.chance.randbytes(n_bytes)) for name in self.NAMES}
        self.write()

    def write(self) -> None:
        """Write all of them as they are held."""
        for name, data in self.held.items():
            (self.tree.top / name).write_bytes(data)
            self.tree.touch(self.tree.top / name)

    def live(self) -> None:
        """A day: a stretch comes in and a block moves; two places change; and a sixtieth is appended."""
        disk, database, mailbox = (self.held[name] for name in self.NAMES)
        at = self.chance.randrange(len(disk))
        disk[at:at] = self.chance.randbytes(700)
        start, to = (self.chance.randrange(len(disk) - 4096) for _ in range(2))
        block = disk[start : start + 4096]
        del disk[start : start + 4096]
        disk[to:to] = block
        for _ in range(2):
            at = self.chance.randrange(len(database) - 100)
            database[at : at + 100] = self.chance.randbytes(100)
        mailbox += self.chance.randbytes(self.n_bytes // 60)
        self.write()
