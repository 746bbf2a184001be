"""Opening the earlier archives that a new archive builds on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pybackup.errors import UsageError
from pybackup.make.baseline import EarlierArchives
from pybackup.make.kept_signatures import KeptSignatures
from pybackup.make.reuse import Reuse
from pybackup.monitor import Monitor
from pybackup.options import values
from pybackup.options.making import Making

from .signatures import signatures_of

if TYPE_CHECKING:
    from .chain import Base
    from .known_files import SafeFiles


@contextmanager
def open_earlier(
    asked: Making, base: Base | None, output: bytes, segment_bytes: int, safe: SafeFiles | None, monitor: Monitor
) -> Iterator[EarlierArchives | None]:
    """Yield the earlier archives to build on, open within the ``with``; None if there are none.

    Parameters
    ----------
    safe
        The files of which the catalogue knows enough copies in archives, which count as earlier ones.
    """
    archives = base.archives if base else values.paths(asked.since_archive)
    if not archives and (base is None or safe is None):
        if asked.checksum and base is None and not asked.skip_known:
            raise UsageError("has no effect without earlier archives", option="checksum")
        yield None
        return
    unsafe = base.unsafe if base else ()
    directory = signatures_of(asked)
    kept = None if directory is None else KeptSignatures(directory)
    reuse = Reuse(values.delta(asked.delta), segment_bytes, base.copies_of if base else _at_hand, monitor, kept)
    with EarlierArchives(
        archives,
        output=output,
        checksum=asked.checksum,
        unsafe=unsafe,
        paths=base.paths if base else None,
        reuse=reuse,
        known=safe.copies if safe else None,
        monitor=monitor,
    ) as earlier:
        if base is not None:
            base.check(earlier.own_ids)
        yield earlier


def _at_hand(archive_id: bytes) -> int:
    """Return 1: of an archive given by path only that copy is known."""
    return 1
