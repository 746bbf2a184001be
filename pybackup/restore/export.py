"""Writing the files of an archive as an archive of another program, file by file, each only if it is intact."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pybackup.errors import FormatError
from pybackup.foreign.contents import WholeContent
from pybackup.foreign.tar_writer import TarWriter
from pybackup.foreign.zip_writer import ZipWriter
from pybackup.host.joined import Place, open_place
from pybackup.host.storage import ArchiveFile
from pybackup.model.entry import Kind
from pybackup.model.member import Stored
from pybackup.model.problem import Problem, Trouble
from pybackup.monitor import Monitor

from .spool import ContentSpool


@dataclass(slots=True)
class Exported:
    """What an export wrote.

    Attributes
    ----------
    entries, files
        How many entries, and how many of them are files.
    content_bytes
        The sizes of the files together.
    n_bytes
        The size of the exported archive.
    dropped
        What the format cannot hold, with the number of entries that had it.
    """

    entries: int = 0
    files: int = 0
    content_bytes: int = 0
    n_bytes: int = 0
    dropped: Mapping[str, int] = field(default_factory=Counter)


class Exporter:
    """Writes entries; lost files are remembered, so that they can be tried again with a better archive.

    Parameters
    ----------
    links
        The hard links among the entries that will be written.

    Attributes
    ----------
    lost
        The lost files by path, with the reason.
    """

    def __init__(
        self, writer: TarWriter | ZipWriter, spool: ContentSpool, links: Iterable[Stored], monitor: Monitor
    ) -> None:
        self._writer, self._spool, self._monitor = writer, spool, monitor
        self._targets = {stored.entry.target for stored in links}
        self._written: dict[bytes, tuple[Place, Stored]] = {}  # of these targets
        self._waiting: list[Stored] = []
        self.done = Exported()
        self.lost: dict[bytes, str] = {}

    def add(self, place: Place, entries: Iterable[Stored]) -> None:
        """Write entries. Hard links to files that are not written yet wait for `finish`."""
        with open_place(place) as file:
            for stored in entries:
                if self._is_refused(stored):
                    continue
                if stored.entry.kind is Kind.HARDLINK:
                    self._add_link(file, stored)
                elif self._add(file, stored, stored) and stored.entry.path in self._targets:
                    self._written[stored.entry.path] = place, stored

    def _add_link(self, file: ArchiveFile, stored: Stored) -> None:
        if stored.entry.target not in self._written:
            self._waiting.append(stored)
        elif isinstance(self._writer, TarWriter):
            self._write(stored, None)
        else:
            self._add(file, stored, self._written[stored.entry.target][1])

    def finish(self, again: Iterable[Stored] = ()) -> None:
        """Write hard links that waited, and the end of the archive; report lost files.

        Parameters
        ----------
        again
            Directories that got files late. A tar has them once more, since readers set the time of a directory when
            the next directory begins.
        """
        for stored in self._waiting:
            if stored.entry.target not in self._written:
                self.lost[stored.entry.path] = "what it links to is lost"
                continue
            with open_place(self._written[stored.entry.target][0]) as file:
                self._add_link(file, stored)
        if isinstance(self._writer, TarWriter):
            for stored in again:
                self._writer.add(stored.entry, None)
        self._writer.finish()
        self.done.dropped = self._writer.dropped
        for path, reason in self.lost.items():
            self._monitor.problem(Problem(path, Trouble.LOST, reason))

    def _is_refused(self, stored: Stored) -> bool:
        refusal = self._writer.refusal(stored.entry)
        if refusal:
            self._monitor.problem(Problem(stored.entry.path, Trouble.REFUSED, refusal))
        return bool(refusal)

    def _add(self, file: ArchiveFile, stored: Stored, source: Stored) -> bool:
        """Write an entry with the content of ``source``, and return whether that succeeded."""
        self._monitor.working_on(stored.entry.path)
        try:
            content = self._spool.content_of(file, source) if source.entry.kind is Kind.FILE else None
        except FormatError as error:
            self.lost[stored.entry.path] = str(error)
            return False
        self.lost.pop(stored.entry.path, None)
        self._write(stored, content)
        return True

    def _write(self, stored: Stored, content: WholeContent | None) -> None:
        self._writer.add(stored.entry, content)
        is_file, size = stored.entry.kind in (Kind.FILE, Kind.HARDLINK), content.size if content else 0
        self.done.entries += 1
        self.done.files += is_file
        self.done.content_bytes += size
        self._monitor.advance(int(is_file), size)
