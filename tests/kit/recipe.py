"""The recipe of the golden archives: ``python -m tests.kit.recipe``, as root, writes them anew.

Only while a format version is in the making: what a released version wrote must be readable for ever.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import os
import stat
import struct
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pybackup.compress import raw_deflate
from pybackup.compress.methods import Compression
from pybackup.make.plan import FORMAT_VERSION

from . import planting
from .archives import archive
from .manifest import Facts, Manifest, manifest
from .planting import MIB, SECOND

GOLDEN = Path(__file__).parents[1] / "golden"
# Of version 1 three are kept: blocks.xtar has segments of blocks, checked.xtar has none, and everything.xtar the first
# recipe for stock tools.
ARCHIVE = f"v{FORMAT_VERSION}/bundles.xtar"
_LAST_NS = 1_700_000_000 * SECOND + 123_456_789
_NAMELESS = (4_000_001, 4_000_002)  # owners whom no system knows by name
_MACHINES = {"x86": 62, "arm": 40, "ppc": 20, "sparc": 2}  # e_machine of the ELF header


def plant(root: Path) -> None:
    """Make the tree in an empty directory: every kind of entry, every method, the same on every machine."""
    base = os.fsencode(root)
    for name in ("d/e", "empty", "d/a.7z", "links"):
        (root / name).mkdir(parents=True)
    _files(root)
    names = (b"caf\xe9", "caf\N{LATIN SMALL LETTER E WITH ACUTE}".encode(), b"new\nline", b"\xe9" * 200)
    for number, odd in enumerate(names):
        with open(base + b"/d/" + odd, "wb") as file:
            file.write(b"%d\n" % number)
        os.mkdir(base + b"/empty/" + odd)
    planting.long_path(root / "empty", 150, b"n" * 90)
    os.link(root / "text", root / "links/to text")
    os.symlink("../text", root / "links/sym")
    os.symlink(b"dangling \xff" * 20, root / "links/dangling")
    os.mkfifo(root / "links/fifo")
    os.mknod(root / "links/null", stat.S_IFCHR, os.makedev(1, 3))
    os.mknod(root / "links/disk", stat.S_IFBLK, os.makedev(300, 70_000))
    _dress(root)


def _files(root: Path) -> None:
    (root / "zero").touch()
    (root / "tiny").write_bytes(b"!")
    (root / "small").write_bytes(planting.text(2000, 1))
    (root / "text").write_bytes(planting.text(5000, 2))
    (root / "photo.jpg").write_bytes(planting.noise(700, 3))
    (root / "long").write_bytes((b"line of a log, the same again and again\n" * 70_000)[: 2 * MIB + 11])
    program = planting.elf(6000, 4)
    for name, machine in _MACHINES.items():
        order = ">" if machine in (2, 20) else "<"
        head = (
            b"\x7fELF\x01" + (b"\x02" if order == ">" else b"\x01") + bytes(10) + struct.pack(order + "HH", 2, machine)
        )
        (root / name).write_bytes(head + (program[len(head) :] if name == "x86" else bytes(5000)))
    planting.write_sparse(root / "sparse", 40 * MIB + 5, {0: b"begin", 20 * MIB: planting.text(5000, 5)})
    planting.write_sparse(root / "holes only", 8192, {})
    for name in (".xtar", ".pybackup", "a", "a.part0001", "s.sparse"):
        (root / "d" / name).write_bytes(name.encode())
    (root / "d/a.7z/in").write_bytes(b"in")


def _dress(root: Path) -> None:
    """Owners, modes, attributes and, last, times."""
    base = os.fsencode(root)
    everything = [base + b"/" + path for path in manifest(root) if path] + [base]
    for path in everything:
        os.chown(path, 0, 0, follow_symlinks=False)
        if not os.path.islink(path):
            os.chmod(path, 0o755 if os.path.isdir(path) else 0o644)
    for name in ("small", "d", "links/fifo"):
        os.chown(root / name, *_NAMELESS)
    for name, mode in {"x86": 0o6755, "d/e": 0o1777, "empty": 0o500, "photo.jpg": 0}.items():
        os.chmod(root / name, mode)
    for name in ("small", "d"):
        os.setxattr(root / name, "user.note", bytes(range(20)))
        os.setxattr(root / name, "user.a=b%", b"c\n")
    acl = struct.pack("<I", 2) + b"".join(
        struct.pack("<HHI", *entry)
        for entry in (
            (1, 7, 0xFFFFFFFF),
            (2, 5, 4_000_001),
            (4, 5, 0xFFFFFFFF),
            (16, 5, 0xFFFFFFFF),
            (32, 0, 0xFFFFFFFF),
        )
    )
    os.setxattr(root / "d/e", planting.ACL_ACCESS, acl)
    os.setxattr(root / "d/e", planting.ACL_DEFAULT, acl)
    os.setxattr(root / "text", planting.ACL_ACCESS, acl)
    for number, path in enumerate(everything):
        os.utime(path, ns=(0, _LAST_NS - number * 1_000_003), follow_symlinks=False)
    planting.set_time(root / "tiny", -1_500_000_000)
    planting.set_time(root / "zero", 12_000_000_000 * SECOND + 1)


def fingerprints() -> dict[str, str]:
    """What the compressed bytes depend on besides ourselves: how these libraries compress, not how they are called."""
    sample = planting.text(60_000, 6) + planting.elf(20_000, 7) + planting.noise(1000, 8)
    chain = [{"id": lzma.FILTER_X86}, {"id": lzma.FILTER_LZMA2, "preset": 6}]
    quick = [{"id": lzma.FILTER_LZMA2, "mode": lzma.MODE_FAST, "mf": lzma.MF_HC4, "nice_len": 128, "depth": 8}]
    return {
        "lzma": _hash(lzma.compress(sample, format=lzma.FORMAT_RAW, filters=chain)),
        "lzma fast": _hash(lzma.compress(sample, format=lzma.FORMAT_RAW, filters=quick)),
        "deflate": _hash(raw_deflate.encode(sample[:4000], fast=False)),
        "deflate by": raw_deflate.writer(),
        "py7zr": version("py7zr"),
    }


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def make(tree: Path, output: Path) -> None:
    """Write the archive of the planted tree, which must be called ``tree``."""
    archive([tree], output, compression=Compression.DEFAULT, segment_bytes=MIB)


def to_json(found: Manifest) -> dict[str, Any]:
    """The manifest as JSON can hold it, without what is empty, nor where data lies: the file system decides that."""
    return {path.decode("latin-1"): dict(_said(facts)) for path, facts in found.items()}


def _said(facts: Facts) -> Iterator[tuple[str, Any]]:
    for aspect, value in asdict(replace(facts, data=())).items():
        if aspect == "xattrs" and value:
            yield aspect, [[name, content.hex()] for name, content in value]
        elif isinstance(value, bytes) and value:
            yield aspect, value.decode("latin-1")
        elif value and value != (0, 0):
            yield aspect, value


def from_json(said: Mapping[str, Any]) -> Manifest:
    """The mirror of `to_json`."""
    return {path.encode("latin-1"): _facts(dict(aspects)) for path, aspects in said.items()}


def _facts(said: dict[str, Any]) -> Facts:
    numbers = {aspect: said.get(aspect, 0) for aspect in ("mode", "uid", "gid", "mtime_ns", "size")}
    texts = {aspect: said.get(aspect, "").encode("latin-1") for aspect in ("target", "linked")}
    return Facts(
        kind=said["kind"],
        content=said.get("content", ""),
        device=tuple(said.get("device", (0, 0))),
        xattrs=tuple((name, bytes.fromhex(content)) for name, content in said.get("xattrs", ())),
        **numbers,
        **texts,
    )


def main() -> None:
    """Write the golden archives of the present format version and what they must give."""
    where = GOLDEN / f"v{FORMAT_VERSION}"
    where.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as scratch:
        tree = Path(scratch) / "tree"
        tree.mkdir()
        plant(tree)
        make(tree, GOLDEN / ARCHIVE)
        expected = {"fingerprints": fingerprints(), "manifest": to_json(manifest(tree))}
        (where / "expected.json").write_text(json.dumps(expected, separators=(",", ":")).replace("},", "},\n") + "\n")


if __name__ == "__main__":
    main()
