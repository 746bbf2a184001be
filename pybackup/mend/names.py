"""All names that are known of an archive: where its own indexes are damaged, of the archive as it can be mended."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from pybackup.archive.archive import Archive
from pybackup.archive.find import FoundFile, look_into
from pybackup.archive.open import OpenArchive
from pybackup.errors import EnvironmentFailed, PybackupError
from pybackup.model.listing import Way
from pybackup.monitor import Monitor


@contextmanager
def all_named(archive: OpenArchive, monitor: Monitor) -> Iterator[Archive]:
    """Yield an archive; where damage hides names, yield it mended in temporary files instead.

    What cannot be mended is yielded as it is: a list of what is known is better than none.
    """
    with ExitStack() as stack:
        yield _mended(archive, stack, monitor) if _is_hurt(archive) else archive


def _is_hurt(archive: OpenArchive) -> bool:
    """Whether damage, and not just a volume that is elsewhere, keeps names from being known."""
    if archive.listing.complete:
        return False
    if archive.volume_set is None:
        return True
    return bool(archive.unclear) or any(
        volume.listing.way is not Way.TREE for volume in archive.volume_set.data.values()
    )


def _mended(archive: OpenArchive, stack: ExitStack, monitor: Monitor) -> Archive:
    from tempfile import gettempdir

    from .mender import Mender  # a small archive is listed in less time than these imports take

    try:
        mended = Mender(os.fsencode(gettempdir()), stack, monitor).best(list(_files_of(archive)))
    except EnvironmentFailed as error:
        monitor.note(f"its index is damaged, and could not be mended: {error}")
        return archive
    except PybackupError:
        return archive
    return mended if len(mended.listing) >= len(archive.listing) else archive


def _files_of(archive: OpenArchive) -> Iterator[FoundFile]:
    if archive.volume_set is None:
        yield look_into(archive.path)
        return
    yield from archive.volume_set.files
    yield from map(FoundFile, archive.unclear)
