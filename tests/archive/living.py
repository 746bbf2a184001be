"""A tree that changes: files are added, changed, renamed, moved with their directory, linked and deleted."""

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
        data = self.chance.randbytes(self.chance.randrange(1, 5000) if size is None else size)
        path.write_bytes(data)
        self.touch(path)

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
        happenings: Sequence[Callable[[], None]] = (
            self._new, self._new, self._edit, self._append, self._rename, self._move_directory, self._delete,
            self._mode, self._becomes_directory, self._hard_link, self._back_in_time, self._copy,
        )  # fmt: skip
        for _ in range(steps):
            self.chance.choice(happenings)()

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
