"""Earlier archives that a later one builds on: it holds what is new, and tells where the rest of the tree lies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pybackup.errors import Damaged

_ID_BYTES = 8
_MAX_LABEL = 1000


@dataclass(frozen=True, slots=True)
class EarlierVolume:
    """An archive, or one volume of a set, that a later archive builds on.

    Attributes
    ----------
    archive_id
        8 bytes that all structures of it have.
    label
        What it was called then: a file name, or the label of a volume.
    """

    archive_id: bytes
    label: str

    def settings(self) -> dict[str, Any]:
        """Return its form in the settings of an archive."""
        return {"id": self.archive_id.hex(), "label": self.label}

    @classmethod
    def of_settings(cls, said: object) -> EarlierVolume:
        """Return what settings say of one.

        Raises
        ------
        Damaged
            They say what cannot be.
        """
        if isinstance(said, dict):
            archive_id, label = said.get("id"), said.get("label")
            if isinstance(archive_id, str) and isinstance(label, str) and len(label) <= _MAX_LABEL:
                try:
                    data = bytes.fromhex(archive_id)
                except ValueError:
                    data = b""
                if len(data) == _ID_BYTES:
                    return cls(data, label)
        raise Damaged("settings that tell of an impossible earlier archive")


@dataclass(frozen=True, slots=True)
class Ancestry:
    """What an archive says of those that it builds on.

    Attributes
    ----------
    volumes
        All of them, those too that hold nothing any more of what the tree was.
    files
        How many files of the tree they hold.
    """

    volumes: Sequence[EarlierVolume]
    files: int

    def settings(self) -> dict[str, Any]:
        """Return what the settings of the archive hold under ``builds_on``."""
        return {"archives": [volume.settings() for volume in self.volumes], "files": self.files}

    @classmethod
    def of_settings(cls, settings: Mapping[str, Any]) -> Ancestry | None:
        """Return what the settings of an archive say; None for one that builds on no other.

        Raises
        ------
        Damaged
            They say what cannot be.
        """
        said = settings.get("builds_on")
        if said is None:
            return None
        if (
            not isinstance(said, dict)
            or not isinstance(said.get("archives"), list)
            or type(said.get("files")) is not int
        ):
            raise Damaged("settings that tell of impossible earlier archives")
        return cls([EarlierVolume.of_settings(one) for one in said["archives"]], said["files"])
