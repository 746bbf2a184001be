"""Mending archives that are too damaged to be identified, before they are opened, to find out which run each is of."""

from __future__ import annotations

import os
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from pybackup.errors import EnvironmentFailed, PybackupError
from pybackup.monitor import Monitor


class IdentifyingMender:
    """Makes mended copies of archives in temporary files, which are removed at its end; use it in a ``with``.

    Parameters
    ----------
    work_dir
        The directory for them; None for the system's directory of temporary files.
    """

    def __init__(self, work_dir: bytes | None, monitor: Monitor) -> None:
        self._work_dir, self._monitor = work_dir, monitor
        self._stack = ExitStack()
        self._made: dict[bytes, bytes] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def __call__(self, path: bytes) -> bytes:
        """Return the path of a mended copy of an archive, or of the archive itself if it cannot be mended."""
        if path not in self._made:
            self._made[path] = self._mended(path)
        return self._made[path]

    def _mended(self, path: bytes) -> bytes:
        from tempfile import gettempdir

        from .mender import Mender  # only here, as an intact archive is opened faster than this is imported

        where = self._work_dir if self._work_dir is not None else os.fsencode(gettempdir())
        try:
            mended = Mender(where, self._stack, self._monitor).single(path)
        except EnvironmentFailed as error:
            self._monitor.note(f"{os.fsdecode(path)}: is damaged, and could not be mended: {error}")
            return path
        except PybackupError:
            return path
        if isinstance(mended.place, bytes):
            return mended.place
        return next((part.path for part in mended.place if part.path and not part.is_spare), path)
