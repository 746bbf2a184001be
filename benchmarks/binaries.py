"""Seeded binary content: programs, databases, and data that does not compress behind true magic numbers."""

import struct
from typing import Final

import numpy as np
import numpy.typing as npt

from benchmarks.prose import Author, inverse, zipf

Bytes = npt.NDArray[np.uint8]

MAGIC: Final = {
    ".jpg": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x48\x00\x48\x00\x00",
    ".png": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
    ".mp4": b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2avc1mp41",
    ".mkv": b"\x1a\x45\xdf\xa3\x01\x00\x00\x00\x00\x00\x00\x1f",
    ".mp3": b"ID3\x04\x00\x00\x00\x00\x00\x23TSSE",
    ".zip": b"PK\x03\x04\x14\x00\x00\x00\x08\x00",
    ".docx": b"PK\x03\x04\x14\x00\x06\x00\x08\x00",
    ".gz": b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03",
}
_IDIOMS = 50_000
_WIDTH = 32
_CHUNK_IDIOMS = 1 << 17
_PAGE_BYTES = 4_096
_ROW = np.dtype(
    [
        ("key", "<u4"),
        ("time", "<u8"),
        ("amount", "<f8"),
        ("owner", "<u2"),
        ("flags", "<u2"),
        ("first", "S14"),
        ("second", "S14"),
        ("check", "<u4"),
    ]
)
_ROWS_PER_PAGE = 68
# Instruction shapes of x86-64: opcode bytes, then m = a ModRM byte, d = a small displacement or constant, r = rel8.
_SHAPES: Final = (
    ("488b", "md"),
    ("4889", "md"),
    ("8b", "md"),
    ("89", "m"),
    ("488d", "md"),
    ("31", "m"),
    ("85", "m"),
    ("4885", "m"),
    ("74", "r"),
    ("75", "r"),
    ("eb", "r"),
    ("4883c0", "d"),
    ("4883ec", "d"),
    ("83f8", "d"),
    ("0fb6", "md"),
    ("c3", ""),
    ("55", ""),
    ("53", ""),
    ("4157", ""),
    ("f30f1efa", ""),
    ("6690", ""),
    ("c74424", "d000000"),
)


class Foundry:
    """Makes binary content of any size; the same generator state gives the same bytes."""

    def __init__(self, author: Author, rng: np.random.Generator) -> None:
        self._rng = rng
        self._names = [b"_".join(pair) for pair in zip(author.words[:4000], author.words[4000:], strict=True)]
        self._labels = np.array(author.words[:4_000], dtype="S14")
        self._idioms, self._lengths, self._calls = _idioms(rng)
        self._draw = inverse(zipf(_IDIOMS, slope=0.75), 1 << 18)

    def sealed(self, suffix: str, size_bytes: int) -> bytes:
        """`size_bytes` of what no compressor shrinks, headed by the magic number of `suffix`."""
        magic = MAGIC[suffix][:size_bytes]
        return magic + self._rng.bytes(size_bytes - len(magic))

    def program(self, size_bytes: int) -> bytes:
        """An ELF-like program: header, code, strings, relocations, symbol names, zeros."""
        header = struct.pack(
            "<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", 3, 62, 1, 0x1040, 64, 0, 0, 64, 56, 0, 64, 0, 0
        )
        parts = [
            header,
            self._code(size_bytes * 62 // 100),
            self._strings(size_bytes * 12 // 100, b"\0"),
            self._relocations(size_bytes * 12 // 100),
            self._strings(size_bytes * 9 // 100, b"@GLIBC_2.4\0"),
        ]
        return b"".join(parts)[:size_bytes].ljust(size_bytes, b"\0")

    def database(self, size_bytes: int) -> bytes:
        """Pages of rows: rising keys and times, rounded amounts, few owners, names, a checksum, free space."""
        pages = -(-size_bytes // _PAGE_BYTES)
        count = pages * _ROWS_PER_PAGE
        rows = np.zeros(count, dtype=_ROW)
        rng = self._rng
        rows["key"] = np.cumsum(rng.integers(1, 4, count))
        rows["time"] = 1_500_000_000_000 + np.cumsum(rng.integers(0, 5_000, count))
        rows["amount"] = np.round(rng.random(count) ** 3 * 9_000, 2)
        rows["owner"] = rng.random(count) ** 2 * 900
        rows["flags"] = rng.integers(0, 4, count)
        for column in ("first", "second"):
            rows[column] = self._labels[(rng.random(count) ** 3 * len(self._labels)).astype(np.int64)]
        rows["check"] = rng.integers(0, 1 << 32, count)
        image: Bytes = np.zeros((pages, _PAGE_BYTES), dtype=np.uint8)
        image[:, :8] = np.frombuffer(b"\x0d\x00\x00\x00\x44\x00\x10\x00", dtype=np.uint8)
        image[:, 16 : 16 + _ROWS_PER_PAGE * _ROW.itemsize] = rows.view(np.uint8).reshape(pages, -1)
        image[0, :16] = np.frombuffer(b"SQLite format 3\0", dtype=np.uint8)
        return image.tobytes()[:size_bytes]

    def _code(self, size_bytes: int) -> bytes:
        targets = self._rng.integers(0, max(size_bytes // 16, 1), 2_000) * 16
        pieces: list[bytes] = []
        done = 0
        while done < size_bytes:
            count = min((size_bytes - done) // 8 + 8, _CHUNK_IDIOMS)
            ids = self._draw[self._rng.integers(0, len(self._draw), count)]
            lengths = self._lengths[ids]
            code = self._idioms[ids][np.arange(_WIDTH) < lengths[:, None]]
            called = self._calls[ids] >= 0
            at = (np.cumsum(lengths) - lengths + self._calls[ids])[called]
            chosen = targets[(self._rng.random(len(at)) ** 2 * len(targets)).astype(np.int64)]
            relative = (chosen - (done + at + 4)).astype("<i4").view(np.uint8).reshape(-1, 4)
            code[at[:, None] + np.arange(4)] = relative
            pieces.append(code.tobytes())
            done += len(code)
        return b"".join(pieces)[:size_bytes]

    def _strings(self, size_bytes: int, end: bytes) -> bytes:
        count = size_bytes // (8 + len(end)) + 1
        ids = (self._rng.random(count) ** 1.5 * len(self._names)).astype(np.int64)
        return end.join(map(self._names.__getitem__, ids.tolist()))[:size_bytes]

    def _relocations(self, size_bytes: int) -> bytes:
        count = size_bytes // 24
        rows = np.zeros((count, 3), dtype="<u8")
        rows[:, 0] = 0x3D000 + np.arange(count) * 8
        rows[:, 1] = 8
        rows[:, 2] = self._rng.integers(0, 1 << 14, count) * 16
        return rows.tobytes()


def _idioms(rng: np.random.Generator) -> tuple[Bytes, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Short runs of instructions: their bytes (one per row), their lengths, and where a call's distance lies or -1."""
    modrm = rng.integers(0, 256, 48).tolist()
    picks = rng.random((_IDIOMS, 8, 3))
    idioms: Bytes = np.zeros((_IDIOMS, _WIDTH), dtype=np.uint8)
    lengths = np.zeros(_IDIOMS, dtype=np.int64)
    calls = np.full(_IDIOMS, -1, dtype=np.int64)
    for i in range(_IDIOMS):
        code = bytearray()
        for shape, first, second in picks[i, : 1 + i % 7].tolist():
            opcode, operands = _SHAPES[int(shape**1.5 * len(_SHAPES))]
            code += bytes.fromhex(opcode)
            for operand in operands:
                code.append(_operand(operand, modrm, first, second))
        code = code[: _WIDTH - 5]
        if i % 4 == 3:
            calls[i] = len(code) + 1
            code += b"\xe8\0\0\0\0"
        lengths[i] = len(code)
        idioms[i, : len(code)] = np.frombuffer(bytes(code), dtype=np.uint8)
    return idioms, lengths, calls


def _operand(kind: str, modrm: list[int], first: float, second: float) -> int:
    match kind:
        case "m":
            return modrm[int(first**2 * len(modrm))]
        case "d":
            return int(second**2 * 24) * 8
        case "r":
            return int(first**2 * 120)
        case _:
            return 0
