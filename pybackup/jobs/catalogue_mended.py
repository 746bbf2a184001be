"""Archives too damaged to be identified, repaired by their parity in a temporary file while they are read."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from pybackup.archive.find import Volume, is_protected, look_into
from pybackup.errors import PybackupError
from pybackup.mend.best_image import best_image
from pybackup.mend.copies import open_copies
from pybackup.monitor import Monitor, Silent


@contextmanager
def mended_volumes(path: bytes, monitor: Monitor) -> Iterator[Sequence[Volume]]:
    """Yield the archives in a damaged file, image or drive, repaired in a temporary file; none if that fails."""
    with ExitStack() as stack:
        yield _best_of(path, stack, monitor) if is_protected(path) else ()


def _best_of(path: bytes, stack: ExitStack, monitor: Monitor) -> Sequence[Volume]:
    try:
        given = stack.enter_context(open_copies([path]))
        image = stack.enter_context(best_image(given, os.fsencode(tempfile.gettempdir()), Silent(monitor)))
        return look_into(image.path).volumes
    except PybackupError as error:
        monitor.note(f"cannot be repaired to be identified: {error}")
        return ()
