"""The forms of archives that can be read, recognised by their names or by their first bytes."""

from __future__ import annotations

from enum import StrEnum

HEAD_BYTES = 34816
_ISO_AT, _TAR_AT = 32769, 257


class ForeignForm(StrEnum):
    """A form of archive."""

    ZIP = "zip"
    TAR = "tar"  # as it is, or by gzip, bzip2 or xz
    SEVENZIP = "7z"
    XTAR = "xtar"
    ISO = "iso"


_PACKED = (b"", b".gz", b".bz2", b".xz")
_SUFFIXES = {
    b".zip": ForeignForm.ZIP,
    **{b".tar" + packed: ForeignForm.TAR for packed in _PACKED},
    **dict.fromkeys((b".tgz", b".tbz", b".tbz2", b".txz"), ForeignForm.TAR),
    b".7z": ForeignForm.SEVENZIP,
    b".xtar": ForeignForm.XTAR,
}
_ANY = tuple(_SUFFIXES)
_BEGINNINGS = {
    b"PK\x03\x04": ForeignForm.ZIP,
    b"PK\x05\x06": ForeignForm.ZIP,
    b"7z\xbc\xaf\x27\x1c": ForeignForm.SEVENZIP,
    b"\x1f\x8b": ForeignForm.TAR,
    b"BZh": ForeignForm.TAR,
    b"\xfd7zXZ\0": ForeignForm.TAR,
}


def form_by_name(name: bytes) -> ForeignForm | None:
    """Return the form of an archive by its name; None for other files, also for documents such as .docx."""
    low = name.lower()
    if not low.endswith(_ANY):
        return None
    return next((form for suffix, form in _SUFFIXES.items() if low.endswith(suffix)), None)


def form_by_head(head: bytes) -> ForeignForm | None:
    """Return the form of an archive by its first bytes; None for anything else.

    Parameters
    ----------
    head
        Its first `HEAD_BYTES`.
    """
    if head[_ISO_AT : _ISO_AT + 5] == b"CD001":
        return ForeignForm.ISO
    if head[_TAR_AT : _TAR_AT + 5] == b"ustar":
        return ForeignForm.TAR
    return next((form for beginning, form in _BEGINNINGS.items() if head.startswith(beginning)), None)
