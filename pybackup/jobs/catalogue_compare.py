"""Comparing files with the hashes that the catalogue has of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from pybackup.host.hash_file import hash_file
from pybackup.host.paths import lstat_at
from pybackup.model.filed import Filed
from pybackup.model.problem import Problem, Trouble
from pybackup.monitor import Monitor

Place = Callable[[bytes], bytes]
"""Returns the present path of a file from its path in the catalogue."""

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
    """The result of comparing files with the catalogue.

    Attributes
    ----------
    state
        The state of the medium: ``intact``, ``repairable`` or ``beyond``; empty if a directory was compared.
    files, n_bytes
        The number of files that are as in the catalogue, and their length in bytes.
    unknown
        The number of files without a hash in the catalogue.
    differences
        Paths of differing files, each with the kind: ``missing``, ``size``, ``content``, ``changed`` or ``unreadable``.
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
    """Read each file and compare it with the catalogue; each difference is a problem.

    Parameters
    ----------
    done
        The result, to which the outcome of each file is added.
    is_medium
        The files are those of the medium itself, not copies of them: one with another size or time was changed since.
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
    """Compare the present state of a file with the catalogue; see `compare_files`."""
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
    """Report that a file differs; ``how`` is a kind of difference as in `VerifiedByCatalogue.differences`."""
    done.differences.append((path, how))
    reason = f"{_REASONS[how]}: {detail}" if detail else _REASONS[how]
    monitor.problem(Problem(path, _TROUBLES[how], reason))
