"""The state of a stage: its settings, and its discs, copies, watched files and scans together."""

from __future__ import annotations

import os
from typing import Any

from .copy_table import CopyTable
from .cover_table import CoverTable
from .disc_table import DiscTable
from .file_table import FileTable
from .scan_table import ScanTable
from .values import Comparison, DiscState, OnFull, StagedDisc, StageSettings

STATE = b"stage.sqlite"


class StageState(DiscTable, CoverTable, CopyTable, FileTable, ScanTable):
    """The open state of a stage: one class for all tables, as they are in one file and change in one transaction."""

    @property
    def settings(self) -> StageSettings:
        """The settings of the stage."""
        rows: dict[str, Any] = {name.decode(): value for name, value in self._all("SELECT name, value FROM setting")}
        return StageSettings(
            rows["watched"],
            rows["name"].decode(),
            rows["medium_bytes"],
            rows["capacity_bytes"],
            rows["threshold"],
            rows["settle_ns"],
            Comparison(rows["compare"].decode()),
            OnFull(rows["on_full"].decode()),
            rows["parity"].decode(),
            rows["due_ns"],
            rows["mounted"],
            tuple(filter(None, os.fsdecode(rows["exclude"]).split("\n"))),
            rows["device"],
            rows.get("recovery_every", 0),
            rows.get("recovery_volumes", 1),
        )

    def save(self, settings: StageSettings) -> None:
        """Store settings."""
        values = {
            "watched": _Text(settings.watched),
            "name": settings.name,
            "medium_bytes": settings.medium_bytes,
            "capacity_bytes": settings.capacity_bytes,
            "threshold": settings.threshold,
            "settle_ns": settings.settle_ns,
            "compare": settings.compare.value,
            "on_full": settings.on_full.value,
            "parity": settings.parity,
            "due_ns": settings.due_ns,
            "mounted": _Text(settings.mounted),
            "exclude": _Text(os.fsencode("\n".join(settings.exclude))),
            "device": _Text(settings.device),
            "recovery_every": settings.recovery_every,
            "recovery_volumes": settings.recovery_volumes,
        }
        for name, value in values.items():
            where = "CAST(? AS TEXT)" if isinstance(value, _Text) else "?"
            self._do(f"INSERT OR REPLACE INTO setting VALUES (?, {where})", name, _plain(value))

    @property
    def is_clean(self) -> bool:
        """Whether the last run finished; False after it was killed while it changed what is staged."""
        row = self._one("SELECT value FROM setting WHERE name = 'clean'")
        return row is None or bool(row[0])

    def mark_clean(self, *, clean: bool) -> None:
        """Store whether what is staged is complete: False before a run changes it, True when the run has finished."""
        self._do("INSERT OR REPLACE INTO setting VALUES ('clean', ?)", int(clean))

    def open_disc(self, now_ns: int) -> StagedDisc:
        """Return the disc that takes files; if there is none, begin one with the next number."""
        row = self._one("SELECT number FROM disc WHERE state = ?", DiscState.OPEN.value)
        if row is None:
            (last,) = self._one("SELECT coalesce(max(number), 0) FROM disc") or (0,)
            number = last + 1
            self._do(
                "INSERT INTO disc (number, name, state, opened_ns, image_bytes) VALUES (?, ?, ?, ?, 0)",
                number, self.settings.disc_name(number), DiscState.OPEN.value, now_ns,
            )  # fmt: skip
            row = (number,)
        return self.disc(row[0])

    def state_bytes(self) -> int:
        """Return the size of the file of the state in bytes."""
        return os.stat(os.path.join(self.directory, STATE)).st_size


class _Text(bytes):
    """Bytes to be stored as TEXT."""


def _plain(value: object) -> object:
    return bytes(value) if isinstance(value, _Text) else value
