"""Looking into an archive and the archives in it: yielding every file, with its hash if that is wanted."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Mapping
from typing import IO

from pybackup.model.display import display, printable
from pybackup.model.entry import Kind
from pybackup.model.filed import Filed
from pybackup.model.problem import Problem, Trouble

from .budget import Budget, OverBudget
from .form import ForeignForm, form_by_name

_MOST_PATH_BYTES, _MOST_DEPTH = 4096, 256
_MAX_TIME_NS = (1 << 63) - 1


class Broken(Exception):
    """The archive is damaged, or not of the format that it seemed to be; the text says what is wrong."""


Reader = Callable[[IO[bytes], "Inside"], None]
"""Passes all entries of an archive to an `Inside`; raises any exception if the archive is damaged."""


class Look:
    """A look into one archive.

    Parameters
    ----------
    readers
        A reader for each form.
    hashed
        Whether contents are read for their hashes; else they are read only if they are archives themselves.
    depth
        How many levels of archives in archives are looked into.
    emit
        Called with each file.
    """

    def __init__(
        self,
        readers: Mapping[ForeignForm, Reader],
        budget: Budget,
        *,
        hashed: bool,
        depth: int,
        emit: Callable[[Filed], None],
    ) -> None:
        self.readers = readers
        self.budget = budget
        self.hashed = hashed
        self.depth = depth
        self.emit = emit
        self.problems: list[Problem] = []
        self.notes: list[str] = []
        self._over = ""
        self._around = 0

    def into(self, file: IO[bytes], form: ForeignForm, path: bytes, prefix: bytes, nested: int) -> None:
        """Look into an archive; damage is a problem, and files that were emitted before it remain.

        Parameters
        ----------
        path
            Its path, for messages.
        prefix
            Put before its names; it ends with a slash, or is empty.
        nested
            How many archives are around its files.
        """
        inside = Inside(self, prefix, nested)
        self._around += 1
        try:
            self.readers[form](file, inside)
        except OverBudget as error:
            self._stop(path, str(error))
        except MemoryError:
            self._stop(path, "it takes more memory than it may")
        except Exception as error:  # a hostile archive can make its reader raise anything
            if not self._over:
                said = str(error) if isinstance(error, Broken) else f"{type(error).__name__}: {error}"
                reason = f"cannot be looked into, or not to its end: {printable(said)[:200]}"
                self.problems.append(Problem(path, Trouble.DAMAGED, reason))
        self._around -= 1
        inside.finish(path)
        if self._over and self._around:
            raise OverBudget(self._over)

    def _stop(self, path: bytes, reason: str) -> None:
        if not self._over:
            self._over = reason
            self.problems.append(Problem(path, Trouble.REFUSED, f"not looked into to its end: {reason}"))


class Inside:
    """What a reader calls for each entry of the archive it reads."""

    def __init__(self, look: Look, prefix: bytes, nested: int) -> None:
        self._look = look
        self._prefix = prefix
        self._nested = nested
        self._last: list[bytes] = []
        self._astray = 0
        self._first_astray = b""
        self._damaged = 0
        self._first_damaged = ""

    @property
    def budget(self) -> Budget:
        """What the archive may still cost."""
        return self._look.budget

    def meet(self, name: bytes, kind: Kind, size: int, mtime_ns: int, mode: int, target: bytes = b"") -> Content | None:
        """Take one entry; return the object that takes its content, or None if the content is not wanted.

        Parameters
        ----------
        target
            The name to which a hard link leads.
        """
        parts = self._parts(name)
        if not parts or kind is Kind.DIRECTORY:
            self.budget.name(1, len(name))
            return None
        path = self._prefix + b"/".join(parts)
        size = size if kind is Kind.FILE else 0
        self.budget.file(size)
        mtime_ns = max(-_MAX_TIME_NS, min(mtime_ns, _MAX_TIME_NS))
        linked = self._parts(target) if kind is Kind.HARDLINK else []
        to = self._prefix + b"/".join(linked) if linked else b""
        filed = Filed(path, int(kind), size, mtime_ns, mode & 0o7777, nested=self._nested, target=to)
        form = form_by_name(parts[-1]) if kind is Kind.FILE else None
        if self._look.depth <= self._nested:
            form = None
        if kind is not Kind.FILE or not (form or self._look.hashed):
            self._look.emit(filed)
            return None
        return Content(self._look, filed, form)

    def have(self, filed: Filed) -> None:
        """Take an entry of which everything is known, so that its content is not needed."""
        parts = self._parts(filed.path)
        self.budget.file(filed.size)
        if parts and filed.kind != Kind.DIRECTORY:
            target = self._prefix + filed.target if filed.target else b""
            path = self._prefix + b"/".join(parts)
            self._look.emit(filed._replace(path=path, nested=filed.nested + self._nested, target=target))

    def damaged(self, name: str, error: Exception) -> None:
        """Note that one member cannot be read, while the others can."""
        self._damaged += 1
        self._first_damaged = self._first_damaged or f"{printable(name)[:200]}: {error}"

    def finish(self, path: bytes) -> None:
        """Report what was wrong with the archive, under its path."""
        if self._damaged:
            more = f", and {self._damaged - 1:,} more" if self._damaged > 1 else ""
            reason = f"some of its files cannot be read: {self._first_damaged[:400]}{more}"
            self._look.problems.append(Problem(path, Trouble.DAMAGED, reason))
        if self._astray:
            more = f" and {self._astray - 1:,} more" if self._astray > 1 else ""
            first = display(self._first_astray[:200])
            self._look.notes.append(
                f"{display(path)}: names in it lead out of it, or are too long: {first}{more}; "
                "entered without what leads out, or not at all"
            )

    def _parts(self, name: bytes) -> list[bytes]:
        """Return the names in a path, without any that leads out; none if the path is too long or empty."""
        parts = [part for part in name.split(b"/") if part not in (b"", b".")]
        inner = [part for part in parts if part != b".." and b"\0" not in part]
        if len(inner) < len(parts) or len(name) > _MOST_PATH_BYTES or len(inner) > _MOST_DEPTH or name[:1] == b"/":
            self._astray += 1
            self._first_astray = self._first_astray or name
            if len(name) > _MOST_PATH_BYTES or len(inner) > _MOST_DEPTH:
                self.budget.name(1, len(name))
                return []
        above = inner[:-1]
        new = len(above) + 1
        for one, other in zip(above, self._last, strict=False):
            if one != other:
                break
            new -= 1
        self._last = above
        self.budget.name(new, len(name))
        return inner


class Content:
    """Takes the content of one file, to hash it, and to look into it if it is an archive itself.

    Use it in a ``with``; at its end the file is emitted, with its hash if all of its content came.
    """

    def __init__(self, look: Look, filed: Filed, form: ForeignForm | None) -> None:
        self._look = look
        self._filed = filed
        self._form = form
        self._count = 0
        # Small, as a million of these may exist at once.
        self._hash: hashlib._Hash | None = None
        self._spool: IO[bytes] | None = None

    @property
    def left(self) -> int:
        """How many bytes are still to come, by the size in the archive."""
        return self._filed.size - self._count

    def write(self, data: bytes) -> None:
        """Take the next bytes."""
        self._look.budget.content(len(data))
        self._count += len(data)
        if self._look.hashed:
            self._hash = self._hash or hashlib.sha256()
            self._hash.update(data)
        if self._form is not None:
            self._spool = self._spool or tempfile.TemporaryFile()  # noqa: SIM115 - closed by `leave` and `_whole`
            self._spool.write(data)

    def leave(self) -> None:
        """Emit the file without its content, which cannot be read."""
        if self._spool is not None:
            self._spool.close()
        self._look.emit(self._filed)

    def __enter__(self) -> Content:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self.leave()
        elif self._count != self._filed.size:
            self.leave()
            raise Broken(f"{display(self._filed.path)}: {self._count:,} bytes came out instead of {self._filed.size:,}")
        else:
            self._whole()

    def _whole(self) -> None:
        sha256 = (self._hash or hashlib.sha256()).digest() if self._look.hashed else None
        self._look.emit(self._filed._replace(sha256=sha256))
        if self._form is not None:
            with self._spool or tempfile.TemporaryFile() as spool:
                spool.flush()
                spool.seek(0)
                path = self._filed.path
                self._look.into(spool, self._form, path, path + b"/", self._filed.nested + 1)
