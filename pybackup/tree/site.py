"""Where entries are placed and under which rules: the ground `place`, `staged` and `special` stand on."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from pybackup.errors import EnvironmentFailed, Refused
from pybackup.host.beneath import Beneath, Level, split_path
from pybackup.host.replaced import replaced
from pybackup.host.restore import Restorer, hands_down_acl
from pybackup.host.temporaries import claim, publish
from pybackup.model.display import display
from pybackup.model.entry import Entry
from pybackup.model.problem import Problem, Trouble
from pybackup.monitor import Monitor

# The whole run can not go on; everything else hurts one entry.
_ENDS_THE_RUN = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENFILE})
_TAKEN = frozenset({errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENOTEMPTY})


class Overwrite(StrEnum):
    """When a file that exists is replaced; by ``ALWAYS`` also a directory, with all in it, by what is none.

    And then a directory takes the place of whatever is none: but of a symbolic link, which somebody put there to have
    what belongs below elsewhere.
    """

    NEVER = "never"
    OLDER = "older"
    ALWAYS = "always"


def _is_root() -> bool:
    return os.geteuid() == 0


@dataclass(frozen=True, slots=True)
class PlaceOptions:
    """How entries are placed.

    Attributes
    ----------
    overwrite
        See `Overwrite`; ``OLDER`` compares modification times.
    owner
        Restore owners; by default only root does.
    numeric_owner
        By number even where this system knows the name.
    devices
        Create device nodes, which are refused otherwise.
    """

    overwrite: Overwrite = Overwrite.NEVER
    owner: bool = field(default_factory=_is_root)
    numeric_owner: bool = False
    devices: bool = False


class Discardable(Protocol):
    """What is not finished and leaves nothing when it is discarded."""

    def discard(self) -> None:
        """Leave nothing of it."""


class Site:
    """An open target directory with its options, and what came of the entries."""

    def __init__(self, root: bytes, options: PlaceOptions, monitor: Monitor) -> None:
        self.root = root
        self.options = options
        self.monitor = monitor
        self.tree = Beneath(root, make=True)
        self.restorer = Restorer(owner=options.owner, numeric_owner=options.numeric_owner, monitor=monitor)
        self.unfinished: set[Discardable] = set()
        self.unplaced: set[bytes] = set()
        # Directories that were made here: what lies in them has been placed since.
        self.made: set[bytes] = set()

    def open_parent(self, entry: Entry, *, early: bool = True) -> tuple[Level, bytes]:
        """Return the directory an entry belongs in, ready for a temporary, and the entry's name there.

        Parameters
        ----------
        early
            Refuse at once what `publish` would refuse: where writing it takes longer than a look.

        Raises
        ------
        Refused, OSError
            It can not be placed; FileExistsError where something stands in its place.
        """
        parent, name = split_path(entry.path)
        level = self.tree.enter(parent, make=True)
        if not level.claimed:
            claim(level.fd, clean=not level.fresh)
            level.claimed = True
            level.hands_down = hands_down_acl(level.where)
        if early or self.options.overwrite is not Overwrite.NEVER:
            self.check_vacant(entry, level, name)
        return level, name

    def check_vacant(self, entry: Entry, level: Level, name: bytes) -> None:
        """Refuse what is not older, and early what `publish` would refuse.

        Raises
        ------
        FileExistsError
            What stands there is not to be replaced.
        """
        overwrite = self.options.overwrite
        if overwrite is Overwrite.ALWAYS or (overwrite is Overwrite.NEVER and level.fresh):
            return
        try:
            there = os.stat(name, dir_fd=level.fd, follow_symlinks=False)
        except FileNotFoundError:
            return
        if overwrite is Overwrite.NEVER:
            raise _exists()
        if there.st_mtime_ns >= entry.mtime_ns:
            raise FileExistsError(errno.EEXIST, "it exists and is not older")

    def publish(self, dir_fd: int, temporary: bytes, name: bytes) -> None:
        """Give a temporary its final name as the options allow.

        Raises
        ------
        OSError
            The temporary is still there then.
        """
        overwrite = self.options.overwrite
        try:
            publish(dir_fd, temporary, name, replace=overwrite is not Overwrite.NEVER)
        except IsADirectoryError:
            if overwrite is not Overwrite.ALWAYS:
                raise
            with replaced(dir_fd, name):
                publish(dir_fd, temporary, name, replace=True)
            self.tree.forget()
        except FileExistsError as error:
            raise _exists() from error

    def failed(self, entry: Entry, error: BaseException) -> bool:
        """Report what kept an entry from its place and return False, or raise what must end the run."""
        if not isinstance(error, (OSError, Refused)):
            raise error
        self.unplaced.add(entry.path)
        trouble, reason = Trouble.REFUSED, str(error)
        if isinstance(error, OSError):
            reason = error.strerror or reason
            if error.errno in _ENDS_THE_RUN:
                self.discard_unfinished()
                raise EnvironmentFailed(f"cannot write to {display(self.root)}: {reason}") from error
            if error.errno in _TAKEN:
                trouble = Trouble.EXISTS
        self.monitor.problem(Problem(entry.path, trouble, reason))
        return False

    def discard_unfinished(self) -> None:
        """Leave nothing of files that were begun and not committed."""
        for file in list(self.unfinished):
            file.discard()

    def close(self) -> None:
        """Discard what is unfinished and close all descriptors."""
        self.discard_unfinished()
        self.tree.close()


def _exists() -> FileExistsError:
    return FileExistsError(errno.EEXIST, "it exists and is not to be replaced")
