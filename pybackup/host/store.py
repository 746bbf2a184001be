"""Where whole files are kept by name, such as on another machine: four functions that anybody can write."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from typing import Protocol

from .output import Output


class Store(Protocol):
    """Keeps files by name; whoever writes one decides where.

    Names are letters, digits, ``.``, ``-``, ``_`` and whatever else a backup was called. What a method raises ends the
    run that called it.
    """

    def put(self, name: str, path: str) -> None:
        """Keep a copy of the file at ``path``: under its name there is all of it or nothing, whatever happens."""
        ...

    def get(self, name: str, path: str) -> None:
        """Write what is kept under a name into a new file at ``path``."""
        ...

    def list(self) -> Iterable[str]:
        """Return the names, in any order."""
        ...

    def delete(self, name: str) -> None:
        """Keep the file of that name no longer."""
        ...


class DirectoryStore:
    """A directory, in which each file has its name.

    Parameters
    ----------
    directory
        Made when the first file is put there.
    """

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        self._directory = os.fspath(directory)

    def put(self, name: str, path: str) -> None:
        """Copy a file; it gets its name when it is complete, and what has that name is refused."""
        os.makedirs(self._directory, exist_ok=True)
        with open(path, "rb") as source, Output(os.fsencode(self._place(name))) as output:
            while block := source.read(1 << 20):
                output.write(block)
            output.publish()

    def get(self, name: str, path: str) -> None:
        """Copy a file from there."""
        shutil.copyfile(self._place(name), path)

    def list(self) -> Iterable[str]:
        """Return the names of the files; none where there is no directory yet."""
        with suppress(FileNotFoundError):
            return sorted(entry.name for entry in os.scandir(self._directory) if entry.is_file())
        return []

    def delete(self, name: str) -> None:
        """Remove a file."""
        os.unlink(self._place(name))

    def _place(self, name: str) -> str:
        return os.path.join(self._directory, name)
