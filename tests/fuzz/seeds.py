"""What is mutated: small archives and volumes, made once a run, each valid."""

from __future__ import annotations

import os
import random
import tempfile
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path

from pybackup.layout import index, ustar
from pybackup.layout.sparse import SparseLayout
from pybackup.make.plan import CreateOptions, plan_create
from pybackup.make.run import perform_create
from pybackup.make.sidecar import protect_file
from pybackup.model.source import Source
from pybackup.monitor import Monitor
from pybackup.parity.stream.amount import Amount
from pybackup.parity.stream.geometry import ParityOptions
from pybackup.sector import SECTOR

from .mutate import indexes

_PARITY = Amount(share=Fraction(1, 5))
TIME_NS = 1_600_000_000_123_456_789


@dataclass(frozen=True, slots=True)
class Seeds:
    """Valid bytes.

    Attributes
    ----------
    plain, protected
        The same tree as an archive, without parity and with it.
    image, sidecar
        A file of random bytes and the stream of it, in several groups.
    """

    plain: bytes
    protected: bytes
    image: bytes
    sidecar: bytes

    @property
    def indexes(self) -> list[index.Blob]:
        """Those of the archive."""
        return [blob for _, blob in indexes(self.plain)]

    @property
    def blocks(self) -> list[bytes]:
        """All blocks of the archive that hold something."""
        blocks = (self.plain[at : at + ustar.BLOCK] for at in range(0, len(self.plain), ustar.BLOCK))
        return [block for block in blocks if any(block)]


@cache
def seeds() -> Seeds:
    """Some 50 KB each: every kind of entry, method, structure; files in containers in containers."""
    with tempfile.TemporaryDirectory(prefix="pybackup-fuzz-") as base:
        top = Path(base) / "top"
        _plant(top)
        plain = _archive(top, Path(base) / "plain.xtar", None)
        protected = _archive(top, Path(base) / "protected.xtar", ParityOptions(_PARITY, group_sectors=24))
        image = random.Random(1).randbytes(40 * SECTOR + 99)
        (Path(base) / "image").write_bytes(image)
        options = ParityOptions(_PARITY, sidecar=True, group_sectors=16)
        where = os.fsencode(base)
        protect_file(where + b"/image", where + b"/image.xpar", options, monitor=Monitor())
        return Seeds(plain, protected, image, (Path(base) / "image.xpar").read_bytes())


def _plant(top: Path) -> None:
    chance = random.Random(2)
    words = [chance.randbytes(4).hex() for _ in range(200)]
    (top / "a" / "b").mkdir(parents=True)
    (top / "empty").mkdir()
    (top / "a" / "stored.zip").write_bytes(chance.randbytes(3000))
    (top / "a" / "b" / "text").write_text(" ".join(chance.choice(words) for _ in range(3000)))
    (top / "a" / "b" / ("é" * 80)).write_bytes(b"a name that needs an extension")
    (top / "tiny").write_bytes(b"tiny")
    (top / "program").write_bytes(b"\x7fELF\2\1\1" + bytes(11) + b"\x3e\0" + chance.randbytes(50) * 60)
    (top / "nothing").write_bytes(b"")
    with (top / "holes").open("wb") as file:
        for at in (1 << 16, 1 << 18):
            file.seek(at)
            file.write(b"between holes" * 100)
        file.truncate(1 << 19)
    (top / "link").symlink_to("tiny")
    os.link(top / "tiny", top / "zhard")
    os.mkfifo(top / "fifo")
    # With a member of its own.
    (top / "tiny").chmod(0o4755)
    for path in sorted(top.rglob("*"), reverse=True):
        os.utime(path, ns=(TIME_NS, TIME_NS), follow_symlinks=False)


def _archive(top: Path, output: Path, parity: ParityOptions | None) -> bytes:
    options = CreateOptions(parity=parity, segment_bytes=1 << 20, workers=1)
    monitor = Monitor()
    plan = plan_create(
        [Source(os.fsencode(top), b"top")], os.fsencode(output), judge=None, options=options, monitor=monitor
    )
    perform_create(plan, monitor=monitor)
    return output.read_bytes()


def sparse_stream() -> bytes:
    """A sparse file's stream."""
    layout = SparseLayout(1 << 20, [(4096, 1024), (65536, 700)])
    return layout.head(b"holes", mode=0o644, mtime=0) + bytes(1024) + b"x" * 700 + layout.tail()
