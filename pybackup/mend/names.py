"""All names in an archive; if damage to its indexes hides some, those in the mended archive."""

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
    """Yield an archive; if damage hides names, yield it mended in temporary files instead.

    An archive that cannot be mended is yielded as it is: an incomplete list is better than none.
    """
    with ExitStack() as stack:
        yield _mended(archive, stack, monitor) if _is_hurt(archive) else archive


def _is_hurt(archive: OpenArchive) -> bool:
    """Return whether names are hidden by damage, not just by the absence of a volume."""
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
