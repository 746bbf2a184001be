"""Files whose content comes in pieces, perhaps from several processes, until they are committed."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from pybackup.errors import Refused
from pybackup.host.beneath import Beneath
from pybackup.host.temporaries import create, is_temporary, open_new, publish, remove
from pybackup.host.write_at import write_at
from pybackup.model.display import display
from pybackup.model.entry import Entry

from .site import Site
from .standing import same_bytes


class StagedFile:
    """A file under a temporary name; in a ``with`` it is discarded behind it, unless it was committed.

    Attributes
    ----------
    fd
        Open for writing, negative after `commit` or `discard`.
    directory, temporary
        Where it lies below the target, for `open_staged` in another process.
    """

    def __init__(self, site: Site, entry: Entry) -> None:
        """Create the temporary; see `pybackup.tree.place.Target.begin_file`.

        Raises
        ------
        Refused, OSError
        """
        self.entry = entry
        self.directory = entry.parent
        self._site = site
        level, self._name = site.open_parent(entry)
        self._hands_down = level.hands_down
        # A copy shares the lock, so that nobody takes the temporary for a leftover.
        self._dir_fd = os.dup(level.fd)
        self.fd, self.temporary = -1, b""
        # Known before it is there: Ctrl-C may come at any moment.
        site.unfinished.add(self)
        try:
            create(self._dir_fd, self._open)
        except BaseException:
            self.discard()
            raise

    def _open(self, name: bytes) -> None:
        self.temporary = name
        self.fd = open_new(name, self._dir_fd)

    def write_at(self, offset: int, data: bytes | memoryview) -> bool:
        """Write at an offset in bytes; what is never written is a hole. False, and discarded, if that fails."""
        if self.fd < 0:
            return False
        try:
            write_at(self.fd, offset, data)
        except BaseException as error:
            return self._fail(error)
        return True

    def commit(self) -> bool:
        """Set length and metadata and give it its final name; all who opened it must be done writing."""
        if self.fd < 0:
            return False
        try:
            self._dress()
            self._site.publish(self._dir_fd, self.temporary, self._name)
        except BaseException as error:
            return self._fail(error)
        self._close()
        return True

    def commit_beside(self, names: Iterable[bytes]) -> bytes | None:
        """As `commit`, but under the first of ``names`` that is free beside its own; return that, None if it fails.

        A file that has one of them and the same content is left as it is, and is what is returned.
        """
        if self.fd < 0:
            return None
        try:
            self._dress()
            name = self._publish_new(names)
        except BaseException as error:
            self._fail(error)
            return None
        self._close()
        return name

    def discard(self) -> None:
        """Leave nothing of it; does nothing after `commit` or another `discard`."""
        if self._dir_fd >= 0:
            if self.temporary:
                remove(self._dir_fd, self.temporary)
            self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.discard()

    def _dress(self) -> None:
        os.ftruncate(self.fd, self.entry.size)
        self._site.restorer.apply(self.entry, self.fd, inherited_acl=self._hands_down)

    def _publish_new(self, names: Iterable[bytes]) -> bytes:
        for name in names:
            try:
                publish(self._dir_fd, self.temporary, name, replace=False)
            except FileExistsError:
                if not self._is_there(name):
                    continue
                remove(self._dir_fd, self.temporary)
            return name
        raise FileExistsError(errno.EEXIST, "all names for it are taken")

    def _is_there(self, name: bytes) -> bool:
        """Whether a file of that name has the same content: of an earlier run, as a rule."""
        return same_bytes((self._dir_fd, name), (self._dir_fd, self.temporary))

    def _fail(self, error: BaseException) -> bool:
        self.discard()
        if isinstance(error, OverflowError):
            error = Refused("an offset or a length is out of range")
        return self._site.failed(self.entry, error)

    def _close(self) -> None:
        self._site.unfinished.discard(self)
        opened, self.fd, self._dir_fd = (self.fd, self._dir_fd), -1, -1
        for fd in opened:
            if fd >= 0:
                os.close(fd)


def open_staged(root: bytes, directory: bytes, temporary: bytes) -> int:
    """Return a descriptor for writing to the temporary of a `StagedFile`; the caller closes it.

    Raises
    ------
    Refused
        It is no temporary, or a link is in the way.
    OSError
        Among them FileNotFoundError after it was committed or discarded.
    """
    with Beneath(root) as tree:
        return open_staged_below(tree, directory, temporary)


def open_staged_below(tree: Beneath, directory: bytes, temporary: bytes) -> int:
    """As `open_staged`, below a root that is open."""
    dir_fd = tree.enter(directory).fd
    if not is_temporary(temporary, dir_fd):
        raise Refused(f"not a temporary name: {display(temporary)}")
    return os.open(temporary, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=dir_fd)
