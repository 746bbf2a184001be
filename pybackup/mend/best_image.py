"""The best image of a volume: copies merged, and repaired as far as parity goes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from pybackup.container.locate import locate_what_is_left
from pybackup.container.read import read_locator
from pybackup.errors import Damaged
from pybackup.host.joined import Place, part_of
from pybackup.host.scratch import Scratch
from pybackup.host.storage import ArchiveFile
from pybackup.model.extents import Extents
from pybackup.model.soundness import Soundness, unproved
from pybackup.monitor import Monitor
from pybackup.parity.mend.copies import NO_ORIGIN

from .assemble import assembled, tell_of_others
from .copies import GivenCopy
from .health import Health, health_of
from .survey import extents_of, survey
from .surveyed import Surveyed


@dataclass(frozen=True, slots=True)
class Image:
    """A file with everything that was found of a volume, and which of its bytes are right.

    Attributes
    ----------
    soundness
        Which bytes are known to be right or wrong, counted from the start of the archive.
    repaired
        Byte ranges that were bad and have been repaired, counted likewise.
    offset, n_bytes
        Which part of the file is the archive; the length is 0 for all of the file, and the offset is negative if the
        archive's start was cut off.
    """

    path: bytes
    health: Health | None
    soundness: Soundness
    repaired: Extents = Extents()  # noqa: RUF009 - a frozen value
    offset: int = 0
    n_bytes: int = 0

    @property
    def place(self) -> Place:
        """Where the archive's bytes are."""
        return (part_of(self.path, self.offset, self.n_bytes),) if self.n_bytes else self.path


@contextmanager
def best_image(given: Sequence[GivenCopy], work_dir: bytes, monitor: Monitor, *, words: str = "") -> Iterator[Image]:
    """Yield the best image that can be made of a volume; a temporary file, if it differs from the first copy.

    Parameters
    ----------
    work_dir
        The directory for a temporary file; made if it is missing.
    words
        A note before a temporary file is made, if one is necessary.
    """
    with ExitStack() as stack:
        try:
            surveyed = survey(given, monitor)
            image = _surveyed(surveyed, work_dir, stack, words, monitor) if surveyed else None
        except Damaged as error:
            monitor.note(str(error))
            image = None
        if image is None:
            if len(given) > 1:
                monitor.note("without checksums copies are not merged: each file is of the first where it is whole")
            # The map shows what could not be read, but nothing proves that the rest is right.
            image = Image(given[0].path, None, unproved(given[0].unread))
            image = image if read_locator(given[0].file) else _part_of(image, given[0].file)
        yield image


def _surveyed(surveyed: Surveyed, work_dir: bytes, stack: ExitStack, words: str, monitor: Monitor) -> Image:
    """Return the image of a surveyed volume; if that is the image of a disc, the part with the archive."""
    geometry, health = surveyed.geometry, health_of(surveyed)
    if words and health.extents:
        monitor.note(words)
    tell_of_others(surveyed, monitor)
    if not health.extents:
        image = Image(surveyed.given[0].path, health, Soundness())
    else:
        # Bytes that only have moved were never damaged.
        damaged = ~surveyed.good_in(0)
        outputs, _ = stack.enter_context(assembled(surveyed, lambda _: Scratch(work_dir), monitor))
        left = surveyed.survey.where == NO_ORIGIN
        known = Soundness(extents_of(geometry, left))
        image = Image(outputs[0].temporary, health, known, extents_of(geometry, damaged & ~left))
    file = stack.enter_context(ArchiveFile(image.path))
    if read_locator(file) is None:
        return _within(image, file, work_dir, stack, monitor)
    return image


def _within(image: Image, file: ArchiveFile, work_dir: bytes, stack: ExitStack, monitor: Monitor) -> Image:
    """Return the archive within an image that does not begin with one."""
    inner = survey([GivenCopy(image.path, file, Extents())], monitor)
    if inner is None or inner.shift_of_first() == 0:
        return _part_of(image, file)
    tell_of_others(inner, monitor)
    health = health_of(inner)
    outputs, _ = stack.enter_context(assembled(inner, lambda _: Scratch(work_dir), monitor))
    left = inner.survey.where == NO_ORIGIN
    repaired = image.repaired.moved(-(inner.shift_of_first() or 0))
    return Image(outputs[0].temporary, health, Soundness(extents_of(inner.geometry, left)), repaired)


def _part_of(image: Image, file: ArchiveFile) -> Image:
    """Return an archive without parity of its own, as a part of an image that has parity."""
    places = locate_what_is_left(file)
    if not places or places[0] == (0, file.size):
        # Its members are found by their headers, wherever they are.
        return image
    offset, n_bytes = places[0]
    known = image.soundness.within(offset, offset + n_bytes).moved(-offset)
    known = replace(known, bad=known.bad | Extents.of([(0, -offset)] if offset < 0 else []))
    repaired = image.repaired.within(offset, offset + n_bytes).moved(-offset)
    return Image(image.path, image.health, known, repaired, offset, n_bytes)
