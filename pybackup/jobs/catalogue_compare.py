"""Comparing files with what the catalogue has of them: each by its hash."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from pybackup.host.hash_file import hash_file
from pybackup.host.paths import lstat_at
from pybackup.model.filed import Filed
from pybackup.model.problem import Problem, Trouble
from pybackup.monitor import Monitor

Place = Callable[[bytes], bytes]
"""Where a file of the catalogue is now, by its path there."""

_TROUBLES = {
    "missing": Trouble.DIFFERENT,
    "unreadable": Trouble.UNREADABLE,
    "changed": Trouble.CHANGED,
    "content": Trouble.DIFFERENT,
    "size": Trouble.DIFFERENT,
}


_REASONS = {
    "missing": "is not there",
    "changed": "changed since it was entered",
    "content": "has other content than the catalogue says",
    "size": "has another size than the catalogue says",
    "unreadable": "cannot be read",
}


@dataclass(slots=True)
class VerifiedByCatalogue:
    """What came of it.

    Attributes
    ----------
    state
        Of the medium: ``intact``, ``repairable`` or ``beyond``; empty where a directory was compared.
    files, n_bytes
        That were read and are as the catalogue has them.
    unknown
        Files of which the catalogue has no hash to compare with.
    differences
        Paths, and what of each differs: ``missing``, ``size``, ``content``, ``changed`` or ``unreadable``.
    """

    state: str = ""
    files: int = 0
    n_bytes: int = 0
    unknown: int = 0
    differences: list[tuple[bytes, str]] = field(default_factory=list)


def compare_files(
    files: Iterable[Filed],
    place: Place,
    done: VerifiedByCatalogue,
    monitor: Monitor,
    *,
    is_medium: bool = False,
) -> None:
    """Read each file and compare it; each difference is a problem.

    Parameters
    ----------
    done
        Is told what came of each.
    is_medium
        They are the medium's own, not copies of its: one that has another size or time changed since.
    """
    for filed in files:
        path = place(filed.path)
        monitor.working_on(filed.path)
        try:
            status = lstat_at(path)
            digest = None if filed.sha256 is None or filed.sparse else hash_file(path)
        except (FileNotFoundError, NotADirectoryError):
            tell_difference(filed.path, "missing", done, monitor)
        except OSError as error:
            tell_difference(filed.path, "unreadable", done, monitor, error.strerror or str(error))
        else:
            judge_file(filed, status.st_size, status.st_mtime_ns, digest, done, monitor, is_medium=is_medium)
        monitor.advance(1, filed.size)


def judge_file(
    filed: Filed,
    size: int,
    mtime_ns: int,
    digest: bytes | None,
    done: VerifiedByCatalogue,
    monitor: Monitor,
    *,
    is_medium: bool,
) -> None:
    """Compare what a file is now with what the catalogue has; see `compare_files`."""
    if size != filed.size:
        tell_difference(
            filed.path, "changed" if is_medium else "size", done, monitor, f"{size} bytes, not {filed.size}"
        )
    elif filed.sha256 is None or filed.sparse or digest is None:
        done.unknown += 1
    elif digest != filed.sha256:
        changed = is_medium and mtime_ns != filed.mtime_ns
        tell_difference(filed.path, "changed" if changed else "content", done, monitor)
    else:
        done.files += 1
        done.n_bytes += filed.size


def tell_difference(path: bytes, how: str, done: VerifiedByCatalogue, monitor: Monitor, detail: str = "") -> None:
    """Say that a file differs, and how: a key of `VerifiedByCatalogue.differences`."""
    done.differences.append((path, how))
    reason = f"{_REASONS[how]}: {detail}" if detail else _REASONS[how]
    monitor.problem(Problem(path, _TROUBLES[how], reason))
