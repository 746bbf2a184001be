"""Volumes in place of those that are lost or damaged, for as long as somebody reads them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from pybackup.errors import Damaged, UsageError
from pybackup.host.staging import temporary_directory
from pybackup.host.storage import environment, make_directory
from pybackup.model.volume import VolumeKind
from pybackup.monitor import Monitor

from .rebuild import Outcome, rebuild


@contextmanager
def stand_ins(paths: Sequence[bytes], work_dir: bytes, monitor: Monitor) -> Iterator[list[bytes]]:
    """Yield where the data volumes of a set are, those that are lost or damaged rebuilt as far as that is possible.

    Where nothing can be rebuilt, as no recovery volume is among them, these are the paths that were given.

    Parameters
    ----------
    paths
        All volumes that are left, of either kind.
    work_dir
        Where a directory is made for what is rebuilt; it is gone afterwards.

    Yields
    ------
    list[bytes]
        The volumes. One that is damaged beyond repair is there twice, as it was given and as far as it was restored,
        and of one that is not there at all there is what was restored, with zeros for the rest.

    Raises
    ------
    EnvironmentFailed
        There is no room.
    """
    make_directory(work_dir)
    with ExitStack() as stack:
        with environment(work_dir):
            directory = stack.enter_context(temporary_directory(work_dir))
        yield _rebuilt(paths, directory, monitor)


def _rebuilt(paths: Sequence[bytes], directory: bytes, monitor: Monitor) -> list[bytes]:
    try:
        done = rebuild(paths, directory, keep_partial=True, with_recovery=False, monitor=monitor)
    except (Damaged, UsageError) as error:
        # Whoever reads them says what is wrong with them.
        monitor.note(str(error))
        return list(paths)
    found: list[bytes] = []
    for volume in done.volumes:
        if volume.info.kind is VolumeKind.DATA:
            beyond = [volume.given] if volume.outcome is Outcome.BEYOND else []
            found += [path for path in (*beyond, volume.path) if path is not None]
    return found
