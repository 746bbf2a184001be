"""The tables of the scans of a stage, and of the files that wait for a disc."""

from __future__ import annotations

from .tables import Tables
from .values import WaitReason


class ScanTable(Tables):
    """Scans by number, and the files that wait: those that no scan could copy yet."""

    def begin_scan(self, now_ns: int) -> int:
        """Enter a scan, and return its number."""
        return int(
            self._connection.execute(
                "INSERT INTO scan (begun_ns, files) VALUES (?, 0)", (now_ns,)
            ).lastrowid or 0
        )  # fmt: skip

    def end_scan(self, scan: int, now_ns: int, files: int) -> None:
        """Enter the end of a scan; files that wait since earlier scans, but not since this one, wait no more."""
        self._do("UPDATE scan SET finished_ns = ?, files = ? WHERE id = ?", now_ns, files, scan)
        self._do("DELETE FROM waiting WHERE scan != ?", scan)

    def last_scan_ns(self) -> int | None:
        """Return when the last finished scan ended, in ns since the epoch; None if there was none."""
        row = self._one("SELECT max(finished_ns) FROM scan")
        return row[0] if row else None

    def last_count(self) -> int:
        """Return how many files the last finished scan found."""
        row = self._one("SELECT files FROM scan WHERE finished_ns IS NOT NULL ORDER BY id DESC LIMIT 1")
        return row[0] if row else 0

    def wait(self, scan: int, path: bytes, size: int, reason: WaitReason, now_ns: int) -> None:
        """Enter a file that waits. A file that waits already keeps the time since when it does."""
        self._do(
            "INSERT INTO waiting VALUES (CAST(? AS TEXT), ?, ?, ?, ?) ON CONFLICT (path) DO UPDATE SET"
            " size = excluded.size, reason = excluded.reason, scan = excluded.scan",
            path, size, reason.value, now_ns, scan,
        )  # fmt: skip

    def wait_no_more(self, path: bytes) -> None:
        """Remove a file from those that wait."""
        self._do("DELETE FROM waiting WHERE path = CAST(? AS TEXT)", path)

    def waiting(self, scan: int | None = None) -> list[tuple[bytes, int, WaitReason, int]]:
        """Return the files that wait, since one scan or at all: path, size, reason, and since when in ns."""
        rows = self._all("SELECT path, size, reason, since_ns FROM waiting WHERE scan = ? OR ? ORDER BY path", scan,
                         int(scan is None))  # fmt: skip
        return [(path, size, WaitReason(reason.decode()), since) for path, size, reason, since in rows]
