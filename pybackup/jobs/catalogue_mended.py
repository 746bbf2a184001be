"""Archives of which too little is left to tell what they are, mended by their parity for as long as they are read."""

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
    """Give the archives in a damaged file, image or drive, mended in a temporary file; none where nothing helps."""
    with ExitStack() as stack:
        yield _best_of(path, stack, monitor) if is_protected(path) else ()


def _best_of(path: bytes, stack: ExitStack, monitor: Monitor) -> Sequence[Volume]:
    try:
        given = stack.enter_context(open_copies([path]))
        image = stack.enter_context(best_image(given, os.fsencode(tempfile.gettempdir()), Silent(monitor)))
        return look_into(image.path).volumes
    except PybackupError as error:
        monitor.note(f"cannot be mended to see what it is: {error}")
        return ()
