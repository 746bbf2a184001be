"""Writing a tar that GNU tar, bsdtar and Python read: with times, owners, extended attributes, holes and links."""

from __future__ import annotations

from dataclasses import replace

from pybackup.layout import ustar
from pybackup.layout.plain_header import plain_header
from pybackup.layout.sparse import SparseLayout
from pybackup.model.entry import Entry, Kind

from .contents import Appendable, WholeContent

_SECOND = 10**9


class TarWriter:
    """Writes entries in the order given; a hard link must come after the file that it links to.

    Attributes
    ----------
    dropped
        What the format cannot hold, with the number of entries that had it.
    """

    def __init__(self, output: Appendable) -> None:
        self._output = output
        self.dropped: dict[str, int] = {}

    def refusal(self, entry: Entry) -> str:
        """Return why the format cannot hold an entry at all; empty if it can."""
        return ""

    def add(self, entry: Entry, content: WholeContent | None) -> None:
        """Write an entry; a hard link to a file that is written has no content."""
        if entry.mtime_ns < 0 and entry.mtime_ns % _SECOND:
            what = "fractions of seconds before 1970"
            self.dropped[what] = self.dropped.get(what, 0) + 1
        if content is None:
            self._output.write(plain_header(entry))
            return
        sparse = None if content.extents is None else SparseLayout(content.size, content.extents)
        # A hard link whose file is not written is written as a file.
        entry = replace(entry, kind=Kind.FILE, target=b"", size=content.size)
        header = plain_header(entry, sparse)
        self._output.write(header)
        size = content.size if sparse is None else sparse.data_bytes
        for data in content.read():
            self._output.write(data)
        self._output.write(ustar.padding(size))

    def finish(self) -> None:
        """Write the end of the archive."""
        self._output.write(ustar.END)
