"""Asking at a terminal for the volumes of a set that are needed and not at hand."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from pybackup.errors import FormatError, UsageError

from .monitor import Talk
from .text import printable

if TYPE_CHECKING:
    from pybackup.jobs.inspect import OpenArchive


def ask_for_volumes(archive: OpenArchive, candidates: Sequence[bytes], stack: ExitStack, talk: Talk) -> OpenArchive:
    """Return the archive with the volumes that what is wanted lies on, as far as whoever is asked gives them.

    Where nobody can be asked, they are named, and the archive is as it was.
    """
    from pybackup.jobs.inspect import open_archive, select
    from pybackup.jobs.set_view import volumes_of

    given = list(candidates)
    refused: set[int] = set()
    while archive.hand:
        hand, listing = archive.hand, archive.listing
        wanted = volumes_of(map(listing.stored, select(listing, archive.patterns)))
        needed = sorted(wanted - set(hand.data) - refused)
        if not needed or len(hand.recovery) + len(archive.unclear) >= len(hand.missing) > 0:
            break
        if not _is_somebody_there(talk):
            talk.note(f"not here, and needed: {hand.labels(needed)}")
            break
        name = _ask(f"{hand.label(needed[0])} is needed. Its file, image or device (empty: go on without it): ")
        if not name:
            refused.add(needed[0])
            continue
        try:
            more = stack.enter_context(open_archive(archive.path, [*given, name], monitor=talk))
        except (UsageError, FormatError) as error:
            talk.note(printable(str(error)))
            continue
        if more.hand is None or needed[0] not in more.hand.data:
            talk.note(f"{printable(os.fsdecode(name))}: {_what(name, hand.label(needed[0]))}")
            if more.hand is None or not more.hand.data.keys() > hand.data.keys():
                continue
        given.append(name)
        archive = more
    return archive


def _what(name: bytes, wanted: str) -> str:
    """What it is that was named instead of the volume that is wanted."""
    from pybackup.jobs.volumes import find_volumes

    if not os.path.exists(name):
        return "no such file or device"
    try:
        infos = [volume.info for volume in find_volumes([name]).volumes if volume.info]
    except (UsageError, FormatError) as error:
        return str(error).removeprefix(f"{os.fsdecode(name)}: ")
    return f"that is {', '.join(info.label for info in infos)}, not {wanted}" if infos else f"that is not {wanted}"


def _is_somebody_there(talk: Talk) -> bool:
    return not talk.quiet and sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def _ask(question: str) -> bytes:
    sys.stderr.write(f"pybackup: {question}")
    sys.stderr.flush()
    return os.fsencode(sys.stdin.readline().strip())
