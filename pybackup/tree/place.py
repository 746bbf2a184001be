"""Entries put back under a target directory: the mirror of `pybackup.tree.walk`.

Archives are hostile input. Nothing outside the target is touched whatever paths, links and names they hold:
directories are reached through `Beneath`; everything else is made under a temporary name in its directory, gets its
metadata through a descriptor, and is renamed to its final name last.
"""

from __future__ import annotations

import os
from types import TracebackType
from typing import Self

from pybackup.errors import Refused
from pybackup.host.beneath import Level, check_path, split_path
from pybackup.host.replaced import replaced
from pybackup.host.temporaries import create, open_new, remove
from pybackup.host.write_at import write_at
from pybackup.model.entry import Entry
from pybackup.monitor import Monitor

from .site import Overwrite, PlaceOptions, Site
from .special import Specials
from .staged import StagedFile, open_staged, open_staged_below
from .standing import is_standing, open_standing

__all__ = ["Overwrite", "PlaceOptions", "StagedFile", "Target", "check_path", "open_staged"]


class Target:
    """A directory in which entries are placed; made with its parents if missing.

    Not to be shared: each process and thread opens its own for the same root. Directories are best made by one of
    them, before the files in them. All methods that place return whether the entry is in its place; if not, the
    monitor has its problem. Metadata that could not be restored is a problem too, but the entry is placed then.

    What a killed run left under temporary names is removed from every directory something is placed in.
    """

    def __init__(self, root: bytes, options: PlaceOptions, monitor: Monitor) -> None:
        """Open the target.

        Raises
        ------
        EnvironmentFailed
            It can not be made or opened. All other methods raise it when the disk is full or read-only, after the
            temporaries of this target have been removed.
        """
        self._site = Site(root, options, monitor)
        self._specials = Specials(self._site)

    @property
    def unplaced(self) -> set[bytes]:
        """Paths that could not be placed; no hard link is made to them, since what lies there is not the archive's.

        A caller adds what its other processes could not place, and what was lost.
        """
        return self._site.unplaced

    @property
    def replaces_directories(self) -> bool:
        """Whether what is no directory takes the place of one, with all in it."""
        return self._site.options.overwrite is Overwrite.ALWAYS

    def refuse(self, entry: Entry, reason: str) -> None:
        """Tell that an entry is not placed."""
        self._site.failed(entry, Refused(reason))

    def make_directory(self, entry: Entry) -> bool:
        """Make a directory, with mode 0o700 until `finish_directory`, or accept a real one that exists.

        Missing parents are made; one that gets no `finish_directory` of its own keeps mode 0o700. `Overwrite.ALWAYS`
        replaces a file in its place.
        """
        try:
            split_path(entry.path)
            site = self._site
            if self._enter_or_replace(entry).fresh:
                site.made.add(entry.path)
            else:
                site.tree.open_up()
        except (OSError, Refused) as error:
            return self._site.failed(entry, error)
        return True

    def _enter_or_replace(self, entry: Entry) -> Level:
        site = self._site
        try:
            return site.tree.enter(entry.path, make=True)
        except NotADirectoryError:
            if site.options.overwrite is not Overwrite.ALWAYS:
                raise
        level, name = site.open_parent(entry)
        with replaced(level.fd, name):
            return site.tree.enter(entry.path, make=True)

    def finish_directory(self, entry: Entry) -> bool:
        """Give a directory its metadata, when nothing below it will be touched any more: the deepest first."""
        site = self._site
        try:
            split_path(entry.path)
            site.restorer.apply(entry, site.tree.enter(entry.path).where, inherited_acl=True)
        except (OSError, Refused) as error:
            return site.failed(entry, error)
        return True

    def write_file(self, entry: Entry, data: bytes) -> bool:
        """Place a file with all of its content."""
        site = self._site
        try:
            level, name = site.open_parent(entry, early=False)
            dir_fd = level.fd
            temporary, fd = create(dir_fd, lambda free: open_new(free, dir_fd))
        except (OSError, Refused) as error:
            return site.failed(entry, error)
        try:
            try:
                if data:
                    write_at(fd, 0, data)
                site.restorer.apply(entry, fd, inherited_acl=level.hands_down)
            finally:
                os.close(fd)
            site.publish(dir_fd, temporary, name)
        except BaseException as error:
            remove(dir_fd, temporary)
            return site.failed(entry, error)
        return True

    def begin_file(self, entry: Entry) -> StagedFile | None:
        """Open a file for content that comes in pieces, in any order; None if it can not be placed."""
        try:
            return StagedFile(self._site, entry)
        except (OSError, Refused) as error:
            self._site.failed(entry, error)
            return None

    def open_staged(self, directory: bytes, temporary: bytes) -> int:
        """As the function `open_staged`, for a `StagedFile` that another target of the same root began."""
        return open_staged_below(self._site.tree, directory, temporary)

    def place_link(self, entry: Entry) -> bool:
        """Place what has no content: a symbolic or hard link, FIFO or device.

        After all files: then what hard links link to is there, and not even a bug could write through a link.
        A symbolic link may point anywhere, since nothing is ever written through it; a hard link may not.
        """
        try:
            self._specials.place(entry)
        except (OSError, Refused) as error:
            return self._site.failed(entry, error)
        return True

    def open_standing(self, entry: Entry) -> int | None:
        """Return a descriptor, for reading, of a file that stands in the entry's place, and stays there.

        None where none does, or it has another length. The caller closes it.
        """
        return open_standing(self._site, entry)

    def is_standing(self, entry: Entry) -> bool:
        """Return whether an entry without content is in its place already, and stays there."""
        return is_standing(self._site, entry)

    def close(self) -> None:
        """Discard the files not committed and close all descriptors."""
        self._specials.close()
        self._site.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.close()
