"""Recognising files of other programs by their first bytes, so that whoever names one by mistake is told what it is."""

from __future__ import annotations

HEAD_BYTES = 1 << 16
_ISO_AT = 32769
_TAR_AT = 257
_BEGINNINGS = (
    (b"\x1f\x8b", "a gzip file"),
    (b"PK\x03\x04", "a zip file"),
    (b"PK\x05\x06", "an empty zip file"),
    (b"\xfd7zXZ\0", "an xz file"),
    (b"BZh", "a bzip2 file"),
    (b"\x28\xb5\x2f\xfd", "a zstd file"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a rar archive"),
    (b"LZIP", "an lzip file"),
    (b"%PDF", "a PDF document"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
)


def kind_of(head: bytes) -> str:
    """Return what a file is that begins so, with its article; nothing where that is not known.

    Parameters
    ----------
    head
        Its first `HEAD_BYTES`.
    """
    for beginning, kind in _BEGINNINGS:
        if head.startswith(beginning):
            return kind
    if head[_TAR_AT : _TAR_AT + 5] == b"ustar":
        return "a plain tar archive, or another program's"
    if head[_ISO_AT : _ISO_AT + 5] == b"CD001":
        return "an image of a disc, with no archive in it that is known"
    return ""
