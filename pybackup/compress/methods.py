"""Which method fits a content: suffix list, magic numbers, a cheap probe, and the presets of liblzma."""

from __future__ import annotations

import lzma
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pybackup.errors import UsageError
from pybackup.model.member import Method

MIB = 1 << 20
DEFAULT_SEGMENT_BYTES = 4 * MIB
SMALL_SEGMENT_BYTES = 1 << 16
MAX_SEGMENT_BYTES = 256 * MIB

# What these name is compressed already; a wrong guess costs size, never content.
_COMPRESSED = (
    "7z aac ace apk avi avif br bz2 cab cr2 cr3 crx deb docx dmg epub flac flv gif gz heic heif jar jp2 jpeg jpg jxl "
    "lha lrz lz lz4 lzma lzo m2ts m4a m4v mkv mov mp3 mp4 mpeg mpg nef odp ods odt oga ogg ogv opus orf png pptx rar "
    "rpm rw2 snap squashfs tbz2 tgz tlz txz war webm webp whl wma wmv woff woff2 xlsx xz zip zst"
)
STORED_SUFFIXES = frozenset(_COMPRESSED.split())

BCJ_FILTERS: Mapping[Method, int] = {
    Method.X86_LZMA2: lzma.FILTER_X86,
    Method.ARM_LZMA2: lzma.FILTER_ARM,
    Method.ARMT_LZMA2: lzma.FILTER_ARMTHUMB,
    Method.PPC_LZMA2: lzma.FILTER_POWERPC,
    Method.SPARC_LZMA2: lzma.FILTER_SPARC,
}

# e_machine of the ELF header (System V gABI); 0x28 ARM has no Thumb mark, its plain filter serves.
_ELF_MACHINES = {
    3: Method.X86_LZMA2,
    62: Method.X86_LZMA2,
    20: Method.PPC_LZMA2,
    40: Method.ARM_LZMA2,
    2: Method.SPARC_LZMA2,
}
_PE_MACHINES = {0x14C: Method.X86_LZMA2, 0x8664: Method.X86_LZMA2}

# Beyond this a header and padding of its own make a file longer by less than a hundredth.
BUNDLE_BYTES = 128 << 10

_PROBE_FROM = 32 * 1024
_PROBE_PIECES = 8
_PROBE_PIECE = 4096
_PROBE_GAIN = 0.97
_SMALL = 4096


class Compression(StrEnum):
    """How hard to try."""

    STORE = "store"
    FAST = "fast"
    DEFAULT = "default"
    SMALL = "small"


@dataclass(frozen=True, slots=True)
class Profile:
    """How to compress.

    Attributes
    ----------
    stored_suffixes
        Files of these, lower case and without dot, are stored.
    bundle_bytes
        Files up to this length go into bundles; 0 for none.
    """

    compression: Compression = Compression.DEFAULT
    stored_suffixes: frozenset[str] = field(default=STORED_SUFFIXES)
    bundle_bytes: int = BUNDLE_BYTES


def check_segment(segment_bytes: int) -> int:
    """Return the segment size if it is a whole number of MiB within bounds, or, for small volumes, less than one.

    Raises
    ------
    UsageError
        It is not.
    """
    unit = MIB if segment_bytes > MIB else SMALL_SEGMENT_BYTES
    if segment_bytes % unit or not unit <= segment_bytes <= MAX_SEGMENT_BYTES:
        raise UsageError(f"a segment is 64 KiB, a multiple of that below 1 MiB, or 1 to {MAX_SEGMENT_BYTES // MIB} MiB")
    return segment_bytes


def is_stored(name: bytes, profile: Profile) -> bool:
    """Whether the suffix says that compressing is wasted."""
    suffix = name.rpartition(b".")[2].lower().decode("ascii", "replace")
    return profile.compression is Compression.STORE or suffix in profile.stored_suffixes


def method_for(head: bytes) -> Method:
    """The method that fits a file that begins with ``head``: BCJ for executables, plain LZMA2 for all else."""
    if head[:4] == b"\x7fELF" and len(head) >= 20:
        order = ">" if head[5] == 2 else "<"
        return _ELF_MACHINES.get(struct.unpack_from(order + "H", head, 18)[0], Method.LZMA2)
    if head[:2] == b"MZ" and len(head) >= 0x40:
        (offset,) = struct.unpack_from("<I", head, 0x3C)
        if head[offset : offset + 4] == b"PE\0\0" and len(head) >= offset + 6:
            return _PE_MACHINES.get(struct.unpack_from("<H", head, offset + 4)[0], Method.LZMA2)
    return Method.LZMA2


def seems_incompressible(data: bytes) -> bool:
    """Whether samples of ``data`` hardly shrink; False for what is too short to be worth a probe."""
    if len(data) < _PROBE_FROM:
        return False
    step = (len(data) - _PROBE_PIECE) // (_PROBE_PIECES - 1)
    sample = b"".join(data[at : at + _PROBE_PIECE] for at in range(0, len(data) - _PROBE_PIECE + 1, step))
    return len(zlib.compress(sample, 1)) > _PROBE_GAIN * len(sample)


def dictionary_for(raw_bytes: int, compression: Compression) -> int:
    """The smallest power of two that holds the data, within what the level may use."""
    limit = 4 * MIB if compression is Compression.DEFAULT else MAX_SEGMENT_BYTES
    return min(max(4096, 1 << max(raw_bytes - 1, 1).bit_length()), limit)


def lzma_filters(data: bytes, method: Method, compression: Compression) -> list[dict[str, int]]:
    """The filter chain that liblzma and py7zr take for ``data``."""
    small = len(data) <= _SMALL
    text = small or _is_text(data)
    options: dict[str, int] = {
        "id": lzma.FILTER_LZMA2,
        "dict_size": dictionary_for(len(data), compression),
        # Few contexts learn faster: on real files up to 4 KiB lc=1 saves 2.5 % over lc=3; text has no
        # structure of 4 bytes, so pb=0 saves another per cent.
        "lc": 1 if small else 3,
        "lp": 0,
        "pb": 0 if text else 2,
        **_LEVELS[compression],
    }
    if small and compression is Compression.DEFAULT:
        options["mf"] = lzma.MF_BT3
    bcj = BCJ_FILTERS.get(method)
    return [{"id": bcj}, options] if bcj is not None else [options]


_LEVELS: Mapping[Compression, Mapping[str, int]] = {
    # On the mixed tree of the benchmarks 64 takes a fifth longer than 32 and gains nothing, 16 loses 0.3 %.
    Compression.DEFAULT: {"mode": lzma.MODE_NORMAL, "mf": lzma.MF_BT4, "nice_len": 32, "depth": 0},
    Compression.SMALL: {"mode": lzma.MODE_NORMAL, "mf": lzma.MF_BT4, "nice_len": 273, "depth": 512},
}


def _is_text(data: bytes) -> bool:
    sample = data[:_PROBE_PIECE]
    return b"\0" not in sample


def raw_filters(method: Method, dictionary_bytes: int) -> list[dict[str, int]]:
    """The chain to decode a packed stream with `lzma`."""
    chain: list[dict[str, int]] = [{"id": lzma.FILTER_LZMA2, "dict_size": max(dictionary_bytes, 4096)}]
    bcj = BCJ_FILTERS.get(method)
    return [{"id": bcj}, *chain] if bcj is not None else chain
