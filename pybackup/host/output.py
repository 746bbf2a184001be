"""Files that a run makes: what they will be called, where their temporaries lie, and what they may replace."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

from .check_outputs import check_outputs
from .environment import make_directory
from .readers import ANYONE, Readers
from .scratch import Scratch


class Output(Scratch):
    """A file in the making, until `publish` gives it its name; what was not published is discarded.

    Parameters
    ----------
    path
        The final name; directories above it are made where they are missing.
    work_dir
        Where the temporary lies; None for the directory of ``path``.
    replace
        A file that has this name is replaced; else nothing ever is, not even what comes there meanwhile.
    readers
        Who may read it in the end.

    Raises
    ------
    Exists, UsageError
        As `check_outputs`.
    EnvironmentFailed
        It cannot be made.
    """

    def __init__(
        self, path: bytes, *, work_dir: bytes | None = None, replace: bool = False, readers: Readers = ANYONE
    ) -> None:
        check_outputs([path], replace=replace)
        self._path, self._replace, self._readers = path, replace, readers
        directory = os.path.dirname(path) or b"."
        make_directory(directory)
        super().__init__(directory if work_dir is None else work_dir)

    @property
    def path(self) -> bytes:
        """The final name."""
        return self._path

    def publish(self) -> None:
        """Give the file its final name, as `publish_as` does."""
        self.publish_as(self._path, replace=self._replace, readers=self._readers)


@dataclass(frozen=True, slots=True)
class Destination:
    """A directory that gets what a run makes, and the rules by which it is written there.

    Attributes
    ----------
    work_dir
        Where temporary files lie; None for the directory itself.
    replace, readers
        As for `Output`.
    """

    directory: bytes
    work_dir: bytes | None = None
    replace: bool = False
    readers: Readers = ANYONE

    @property
    def scratch(self) -> bytes:
        """Where temporary files lie."""
        return self.directory if self.work_dir is None else self.work_dir

    def path(self, name: bytes) -> bytes:
        """Return where a file of this name will be."""
        return os.path.join(self.directory, name)

    def check(self, names: Iterable[bytes]) -> None:
        """Check the names of all files that are to be written, as `check_outputs` does."""
        check_outputs(map(self.path, names), replace=self.replace)

    def begin(self, name: bytes) -> Output:
        """Begin a file."""
        return Output(self.path(name), work_dir=self.work_dir, replace=self.replace, readers=self.readers)

    def publish(self, made: Scratch, name: bytes) -> bytes:
        """Give a temporary file its name there, and return its path."""
        path = self.path(name)
        made.publish_as(path, replace=self.replace, readers=self.readers)
        return path
