"""Volumes and the set they belong to, as each volume's settings tell."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from pybackup.errors import Damaged
from pybackup.model.display import printable

_MAX_NUMBER = 1 << 18
_ID_BYTES = 8
_MAX_COUNT = 1 << 63
# An id is made of the number: so many are tried.
_MOST_TRIED = 4096
# A file name has 255 bytes at most, and what is added to this one is its number, and what a temporary file bears.
_MAX_NAME_BYTES = 200
_FORM = {
    "id": str,
    "name": str,
    "number": int,
    "kind": str,
    "last": bool,
    "parity": str,
    "group_sectors": int,
    "volume_bytes": int,
}


class VolumeKind(StrEnum):
    """What a volume holds: files, or what brings lost volumes back."""

    DATA = "data"
    RECOVERY = "recovery"


@dataclass(frozen=True, slots=True)
class VolumeInfo:
    """What a volume says of itself and of its set.

    Attributes
    ----------
    set_id
        8 bytes, the same in all volumes of the set.
    name
        Of the set, for people.
    number
        From 1; recovery volumes have numbers of their own.
    last
        No data volume follows.
    parity, group_sectors
        What parity the volume was given, as on the command line, and the largest group: enough to make it again.
    volume_bytes
        The size that it had to fit.
    """

    set_id: bytes
    name: str
    number: int
    kind: VolumeKind = VolumeKind.DATA
    last: bool = False
    parity: str = "none"
    group_sectors: int = 0
    volume_bytes: int = 0

    @property
    def label(self) -> str:
        """The name and the number for the eye, as they stand on the medium; what is no UTF-8 is escaped."""
        mark = "R" if self.kind is VolumeKind.RECOVERY else ""
        return f"{printable(self.name)} {mark}{self.number}"

    @property
    def tag(self) -> str:
        """The number as it stands in file names: ``003`` or ``R01``."""
        return f"R{self.number:02d}" if self.kind is VolumeKind.RECOVERY else f"{self.number:03d}"

    @property
    def file_name(self) -> bytes:
        """What the volume is called when it is made."""
        return f"{self.name}-{self.tag}.xtar".encode("utf-8", "surrogateescape")

    @property
    def archive_id(self) -> bytes:
        """The id that all structures of this volume have."""
        return volume_id(self.set_id, self.kind, self.number)

    def settings(self) -> dict[str, Any]:
        """Return what the settings of the volume hold under ``set``."""
        return {
            "id": self.set_id.hex(),
            "name": self.name,
            "number": self.number,
            "kind": self.kind.value,
            "last": self.last,
            "parity": self.parity,
            "group_sectors": self.group_sectors,
            "volume_bytes": self.volume_bytes,
        }

    @classmethod
    def of_settings(cls, settings: Mapping[str, Any]) -> VolumeInfo | None:
        """Return what the settings of an archive say; None for one that is no volume of a set.

        Raises
        ------
        Damaged
            They say what cannot be.
        """
        said = settings.get("set")
        if said is None:
            return None
        if not isinstance(said, dict) or any(type(said.get(field)) is not kind for field, kind in _FORM.items()):
            raise Damaged("settings that tell of an impossible set")
        try:
            kind = VolumeKind(said["kind"])
            info = cls(
                bytes.fromhex(said["id"]),
                said["name"],
                said["number"],
                kind,
                said["last"],
                said["parity"],
                said["group_sectors"],
                said["volume_bytes"],
            )
        except ValueError as error:
            raise Damaged("settings that tell of an impossible set") from error
        if len(info.set_id) != _ID_BYTES or not 0 < info.number < _MAX_NUMBER:
            raise Damaged("settings that tell of an impossible volume")
        if not is_set_name(info.name):
            raise Damaged("settings that give a set an impossible name")
        if not (0 <= info.group_sectors < _MAX_COUNT and 0 <= info.volume_bytes < _MAX_COUNT):
            raise Damaged("settings that tell of an impossible volume")
        return info


@dataclass(frozen=True, slots=True)
class CoveredArchive(VolumeInfo):
    """What recovery volumes say of an archive that they cover as if it were a volume of a set, which it is not.

    Attributes
    ----------
    own_id
        Its archive id, 8 bytes.
    own_name
        The name of its file, which ends in ``.xtar``.
    """

    own_id: bytes = b""
    own_name: bytes = b""

    @property
    def label(self) -> str:
        """The name of its file, without the suffix."""
        return printable(os.fsdecode(os.path.splitext(self.own_name)[0]))

    @property
    def file_name(self) -> bytes:
        """What it is called when it is rebuilt."""
        return self.own_name

    @property
    def archive_id(self) -> bytes:
        """The id that all structures of it have."""
        return self.own_id


def volume_id(set_id: bytes, kind: VolumeKind, number: int) -> bytes:
    """Return the archive id of a volume: a header alone tells which volume it is of, once the set is known."""
    mark = b"R" if kind is VolumeKind.RECOVERY else b"D"
    return hashlib.sha256(b"XTAR volume" + set_id + mark + number.to_bytes(4, "little")).digest()[:_ID_BYTES]


def number_of(archive_id: bytes, set_id: bytes, kind: VolumeKind) -> int | None:
    """Return the number of the volume that has this archive id; None where no volume of the set has it."""
    return next((number for number in range(1, _MOST_TRIED) if volume_id(set_id, kind, number) == archive_id), None)


@cache
def ids_of_set(set_id: bytes, kind: VolumeKind) -> frozenset[bytes]:
    """Return the archive ids of all volumes that a set may have."""
    return frozenset(volume_id(set_id, kind, number) for number in range(1, _MOST_TRIED))


def is_set_name(name: str) -> bool:
    """Return whether a set may be called so: volumes get file names of it."""
    try:
        data = name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return bool(name.strip()) and len(data) <= _MAX_NAME_BYTES and not {"/", "\0"} & set(name)
