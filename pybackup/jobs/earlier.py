"""The earlier archives that a creation builds on, and what it may take from them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pybackup.errors import UsageError
from pybackup.make.baseline import EarlierArchives
from pybackup.make.reuse import Reuse
from pybackup.monitor import Monitor
from pybackup.options import values
from pybackup.options.making import Making

if TYPE_CHECKING:
    from .chain import Base


@contextmanager
def open_earlier(
    asked: Making, base: Base | None, output: bytes, segment_bytes: int, monitor: Monitor
) -> Iterator[EarlierArchives | None]:
    """The earlier archives that are built on, open as long; None where there are none."""
    archives = base.archives if base else values.paths(asked.since_archive)
    if not archives:
        if asked.checksum and base is None and not asked.since_catalogue:
            raise UsageError("is about the files of earlier archives, and there are none", option="checksum")
        yield None
        return
    unsafe = base.unsafe if base else ()
    reuse = Reuse(values.delta(asked.delta), segment_bytes, base.copies_of if base else _at_hand, monitor)
    with EarlierArchives(
        archives,
        output=output,
        checksum=asked.checksum,
        unsafe=unsafe,
        paths=base.paths if base else None,
        reuse=reuse,
        monitor=monitor,
    ) as earlier:
        if base is not None:
            base.check(earlier.own_ids)
        yield earlier


def _at_hand(archive_id: bytes) -> int:
    """How many copies there are of an archive that was named: that one."""
    return 1
