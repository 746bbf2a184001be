"""The signatures that are kept beside the catalogue, so that a delta can be made while its base is on a shelf."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Collection
from contextlib import suppress

from pybackup.delta.signature import MOST_BYTES
from pybackup.errors import PybackupError
from pybackup.host.output import Output
from pybackup.host.readers import Readers

_MOST_BYTES = 1 << 30
_ENDING = b".sig"


class KeptSignatures:
    """A directory of signatures, one file for each content, named after the SHA-256 of the content and its own.

    It is a cache: what is damaged, or too much, is removed, and what cannot be written is not there next time. It
    belongs to the user alone, as the catalogue does. What somebody else could write is not read.

    Parameters
    ----------
    directory
        Made when the first one is kept.
    most_bytes
        The oldest are removed where all of them together are longer.
    """

    def __init__(self, directory: bytes, most_bytes: int = _MOST_BYTES) -> None:
        self._directory, self._most_bytes = directory, most_bytes

    def keep(self, digest: bytes, signature: bytes) -> None:
        """Keep the signature of the content with that SHA-256."""
        name = digest.hex().encode() + b"-" + hashlib.sha256(signature).hexdigest().encode() + _ENDING
        with suppress(OSError, PybackupError):
            os.makedirs(self._directory, 0o700, exist_ok=True)
            if not self._is_private() or name in self._names():
                return
            self._remove(digest)
            self._make_room(len(signature))
            owner = Readers()
            owner.add(0, 0)
            with Output(os.path.join(self._directory, name), readers=owner) as output:
                output.write(signature)
                output.publish()

    def get(self, digest: bytes) -> bytes | None:
        """Return the signature of the content with that SHA-256; None if there is none that is whole."""
        for name in self._names():
            if not name.startswith(digest.hex().encode() + b"-"):
                continue
            path = os.path.join(self._directory, name)
            with suppress(OSError):
                fd = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
                with open(fd, "rb") as file:
                    found = file.read(MOST_BYTES + 1) if stat.S_ISREG(os.fstat(fd).st_mode) else b""
                if hashlib.sha256(found).hexdigest().encode() == name[65:-4]:
                    return found
                os.unlink(path)
        return None

    def keep_only(self, digests: Collection[bytes]) -> None:
        """Remove all but the signatures of these contents."""
        wanted = {digest.hex().encode() for digest in digests}
        for name in self._names():
            if name[:64] not in wanted:
                with suppress(OSError):
                    os.unlink(os.path.join(self._directory, name))

    def _remove(self, digest: bytes) -> None:
        for name in self._names():
            if name.startswith(digest.hex().encode() + b"-"):
                os.unlink(os.path.join(self._directory, name))

    def _names(self) -> list[bytes]:
        """Return the names of what is kept, none where somebody else could have written it."""
        try:
            return [name for name in os.listdir(self._directory) if _is_name(name)] if self._is_private() else []
        except OSError:
            return []

    def _is_private(self) -> bool:
        status = os.lstat(self._directory)
        if not stat.S_ISDIR(status.st_mode):
            return False
        return not hasattr(os, "getuid") or (status.st_uid == os.getuid() and not status.st_mode & 0o022)

    def _make_room(self, n_bytes: int) -> None:
        kept = []
        for name in self._names():
            status = os.lstat(os.path.join(self._directory, name))
            kept.append((status.st_mtime_ns, name, status.st_size))
        total = n_bytes + sum(size for _, _, size in kept)
        for _, name, size in sorted(kept):
            if total <= self._most_bytes:
                return
            os.unlink(os.path.join(self._directory, name))
            total -= size


def _is_name(name: bytes) -> bool:
    return len(name) == 64 + 1 + 64 + len(_ENDING) and name.endswith(_ENDING) and name[64:65] == b"-"
