"""Recognise files that no person touched one by one: unpacked, checked out, installed.

Two signs. Files came at once where two hundred of one tree have times within a second: no hand makes them. The tree is
the smallest directory that holds so many; of the others of that second those came at once, too, that lie where more
than half of the directory and of a larger tree did. What somebody saved elsewhere in that second did not. And a
directory whose files carry the times of a package: archives (tar, zip, dpkg) keep whole seconds, where files that were
made here have nanoseconds.
"""

import os

import numpy as np
from numpy.typing import NDArray

from pyactivity.model import NO_PARENT, Files

_SECOND_NS = 10**9
AT_ONCE = 200  # files within a second
_PACKAGE_FILES = 100
_WHOLE_SHARE = 0.95  # of a package's files have a time of whole seconds
_WORKED_ON = 0.5  # of a directory's files in a package without such times, and what has them was made there
_FRACTIONS = 0.05  # of all files must have one with nanoseconds, or the file system has none to tell by
_MEDIA_SHARE = 0.5  # the files of a camera's card keep whole seconds, too
_MEDIA = frozenset(
    b"3gp arw avi cr2 cr3 dng gif heic jpeg jpg m4v mov mp4 mts nef orf png raf raw rw2 tif tiff".split()
)
_INSTALLED_BELOW = (b"/usr/", b"/opt/", b"/lib/", b"/bin/", b"/sbin/", b"/etc/", b"/nix/", b"/snap/", b"/var/lib/")
_INSTALLED = frozenset(
    b"site-packages dist-packages node_modules .venv venv .cargo .rustup .npm .nvm .gem gems flatpak".split()
)
_REPOSITORIES = (b".git", b".hg", b".svn", b".bzr", b".jj")


def came_in_bulk(files: Files, *, by: str = "mtime", among: NDArray[np.bool_] | None = None) -> NDArray[np.bool_]:
    """Which of the files came in bulk: (n,) bool.

    by     whose times count; those of a package show in mtimes only
    among  (n,) bool, the others are as if they were not there; None for all
    Time is that of a sort, and linear in the directories.
    """
    among = np.ones(len(files), np.bool_) if among is None else among
    mask = np.zeros(len(files), np.bool_)
    mask[among] = at_once(files.times_ns(by)[among])
    if mask.any():
        mask &= _where_all_came(files, mask, among)[files.directory]
    if by == "mtime":
        mask |= _of_packages(files, among)
    return mask


def how_it_came(files: Files, directory: int) -> str:
    """How the bulk in the directory of that index came: installed, checked out or unpacked, by where it lies."""
    path = os.path.abspath(files.directories[directory]) + b"/"
    if _INSTALLED & set(path.split(b"/")):
        return "installed"
    if _is_checkout(files, directory):
        return "checked out"
    return "installed" if path.startswith(_INSTALLED_BELOW) else "unpacked"


def in_history(files: Files, members: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Which of the members lie in the data of a version control: (m,) bool. Written by a program, a person's work."""
    directories, places = np.unique(files.directory[members], return_inverse=True)
    past = np.array([bool(history_of(files.directories[number])) for number in directories.tolist()], np.bool_)
    return past[places]


def history_of(path: bytes) -> bytes:
    """The directory of a version control's data that a directory is or lies in, `.git` for `.git/objects`, or none."""
    parts = path.split(b"/")
    place = next((number for number, part in enumerate(parts) if part in _REPOSITORIES), None)
    return b"" if place is None else b"/".join(parts[: place + 1])


def at_once(times_ns: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which files came with so many others within a second that no hand makes them: (n,) bool, for times (n,) int64."""
    mask = np.zeros(len(times_ns), np.bool_)
    if len(times_ns) < AT_ONCE:
        return mask
    order = np.argsort(times_ns, kind="stable")
    ordered_ns = times_ns[order].view(np.uint64)
    starts = np.flatnonzero(ordered_ns[AT_ONCE - 1 :] - ordered_ns[: 1 - AT_ONCE] <= np.uint64(_SECOND_NS))
    # A start begins a stretch of AT_ONCE files: +1 where it begins, -1 behind its end.
    steps = np.zeros(len(times_ns) + 1, np.int32)
    np.add.at(steps, starts, 1)
    np.add.at(steps, starts + AT_ONCE, -1)
    mask[order] = np.cumsum(steps[:-1]) > 0
    return mask


def _where_all_came(files: Files, once: NDArray[np.bool_], among: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The directories in which files of such a second came at once: (directories,) bool."""
    own, own_once = _held(files, among), _held(files, once)
    held, held_once, unclaimed = own.tolist(), own_once.tolist(), own_once.tolist()
    parents = files.parents.tolist()
    smallest, mostly = np.zeros(len(parents), np.bool_), np.zeros(len(parents), np.bool_)
    for directory in range(len(parents) - 1, -1, -1):
        parent = parents[directory]
        mostly[directory] = held_once[directory] >= AT_ONCE and 2 * held_once[directory] > held[directory]
        if unclaimed[directory] >= AT_ONCE:
            smallest[directory] = True
            unclaimed[directory] = 0
        if parent != NO_PARENT:
            for sums in (held, held_once, unclaimed):
                sums[parent] += sums[directory]
    for directory, parent in enumerate(parents):
        if parent != NO_PARENT:
            smallest[directory] |= smallest[parent]
            mostly[directory] |= mostly[parent]
    came: NDArray[np.bool_] = smallest | (mostly & (2 * own_once > own))
    return came


def _held(files: Files, which: NDArray[np.bool_]) -> NDArray[np.intp]:
    """How many of these files lie directly in each directory: (directories,) intp."""
    return np.bincount(files.directory[which], minlength=len(files.directories))


def _of_packages(files: Files, among: NDArray[np.bool_]) -> NDArray[np.bool_]:
    whole = (files.mtime_ns % _SECOND_NS == 0) & among
    known = int(np.count_nonzero(among))
    if known < _PACKAGE_FILES or known - np.count_nonzero(whole) < _FRACTIONS * known:
        return np.zeros(len(files), np.bool_)
    count = len(files.directories)
    held, whole_held = _held(files, among).tolist(), _held(files, whole).tolist()
    parents = files.parents.tolist()
    for directory in range(count - 1, -1, -1):
        parent = parents[directory]
        if parent != NO_PARENT:
            held[parent] += held[directory]
            whole_held[parent] += whole_held[directory]
    packed = np.zeros(count, np.bool_)
    for directory in range(count):
        parent, files_held, share = parents[directory], held[directory], whole_held[directory] / max(held[directory], 1)
        enough = files_held >= _PACKAGE_FILES and share >= _WHOLE_SHARE
        # A small directory that is worked on does not become a package by lying beside a large one.
        packed[directory] = enough or (parent != NO_PARENT and packed[parent] and share > _WORKED_ON)
    mask: NDArray[np.bool_] = whole & (packed & ~_worked_on(files, whole, among))[files.directory]
    return _without_media(files, mask, packed) if mask.any() else mask


def _worked_on(files: Files, whole: NDArray[np.bool_], among: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which directories hold, directly, as many files made there as others: (directories,) bool."""
    held = _held(files, among)
    worked_on: NDArray[np.bool_] = _held(files, among & ~whole) >= _WORKED_ON * held
    return worked_on & (held > 0)


def _without_media(files: Files, mask: NDArray[np.bool_], packed: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The mask without the trees in which photos and films prevail."""
    top = np.arange(len(packed))
    for directory, parent in enumerate(files.parents.tolist()):
        if parent != NO_PARENT and packed[directory] and packed[parent]:
            top[directory] = top[parent]
    tops = top[files.directory]
    members = np.flatnonzero(mask)
    media = [files.name(index).rpartition(b".")[2].lower() in _MEDIA for index in members.tolist()]
    shown = np.bincount(tops[members], weights=media, minlength=len(packed))
    held = np.bincount(tops[members], minlength=len(packed))
    camera = shown > _MEDIA_SHARE * held
    without: NDArray[np.bool_] = mask & ~camera[tops]
    return without


def _is_checkout(files: Files, directory: int) -> bool:
    """Whether the directory, or one above it that was scanned, holds the data of a version control."""
    while directory != NO_PARENT:
        below = np.flatnonzero(files.parents == directory).tolist()
        if any(os.path.basename(files.directories[index]) in _REPOSITORIES for index in below):
            return True
        directory = int(files.parents[directory])
    return False
