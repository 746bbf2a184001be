"""Trees that hypothesis makes up, there and back again."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kit import planting
from kit.archives import check, round_trip
from kit.planting import MIB

from pybackup.compress.methods import Compression

# What ext4 keeps: 34 bits of seconds from -2**31 on.
TIMES = st.integers(-(1 << 31) * 10**9, ((1 << 34) - (1 << 31)) * 10**9 - 1)
_FORBIDDEN = (b"", b".", b"..")
ANY_NAMES = st.binary(min_size=1, max_size=20).map(lambda name: name.translate(None, b"/\0"))
OUR_NAMES = st.sampled_from(
    [b".xtar", b".xtar.index", b".pybackup", b"a", b"a.7z", b"a.part0001", b"a.part0001.7z", b"a.sparse", b"a~1"]
)
LONG_NAMES = st.builds(lambda name, n_bytes: (name * 255)[:n_bytes], ANY_NAMES, st.integers(101, 255))
NAMES = st.one_of(OUR_NAMES, ANY_NAMES, LONG_NAMES).filter(lambda name: name not in _FORBIDDEN)
CONTENTS = st.one_of(
    st.just(b""),
    st.binary(max_size=200),
    st.builds(planting.text, st.integers(0, 20_000), st.integers(0, 9)),
    st.builds(planting.noise, st.sampled_from((513, 40_000, MIB - 1, MIB, MIB + 1, 2 * MIB + 7)), st.integers(0, 9)),
    st.builds(planting.elf, st.integers(64, 20_000), st.integers(0, 9)),
)
XATTRS = st.dictionaries(
    st.binary(min_size=1, max_size=12).map(lambda name: b"user." + name.replace(b"\0", b"_")),
    st.binary(max_size=60),
    max_size=2,
)


@dataclass(frozen=True)
class Node:
    """Something to plant; of a file, ``pieces`` lie at offsets of whole blocks with holes between."""

    kind: str
    mode: int
    owner: tuple[int, int]
    mtime_ns: int
    xattrs: dict[bytes, bytes]
    content: bytes = b""
    holes: list[int] = field(default_factory=list)
    below: dict[bytes, Node] = field(default_factory=dict)


def _nodes(kind: str, **more: st.SearchStrategy[object]) -> st.SearchStrategy[Node]:
    return st.builds(
        Node,
        st.just(kind),
        st.integers(0, 0o7777),
        st.tuples(st.sampled_from((0, 1, 1000, 70_000)), st.sampled_from((0, 2, 4_000_000))),
        TIMES,
        XATTRS if kind in ("file", "directory") else st.just({}),
        **more,
    )


TARGETS = st.binary(min_size=1, max_size=300).map(lambda target: target.replace(b"\0", b"/"))
LEAVES = st.one_of(
    _nodes("file", content=CONTENTS),
    _nodes("sparse", content=CONTENTS, holes=st.lists(st.integers(0, 40), max_size=4)),
    _nodes("symlink", content=TARGETS),
    _nodes("fifo"),
    _nodes("device"),
    _nodes("link"),
)
TREES = st.recursive(
    LEAVES, lambda nodes: _nodes("directory", below=st.dictionaries(NAMES, nodes, max_size=5)), max_leaves=12
)


class Planting:
    """Plants nodes; hard links go to a file planted before, where there is one."""

    def __init__(self) -> None:
        self._files: list[bytes] = []

    def plant(self, path: bytes, node: Node) -> None:
        """Make what the node says at ``path``, the metadata when all below is made."""
        if node.kind == "link" and self._files:
            os.link(self._files[node.mode % len(self._files)], path)
            return
        self._make(path, node)
        os.chown(path, *node.owner, follow_symlinks=False)
        for name, value in node.xattrs.items():
            os.setxattr(path, name, value)
        if node.kind != "symlink":
            os.chmod(path, node.mode)
        os.utime(path, ns=(0, node.mtime_ns), follow_symlinks=False)

    def _make(self, path: bytes, node: Node) -> None:
        match node.kind:
            case "directory":
                os.mkdir(path)
                for name, child in node.below.items():
                    self.plant(path + b"/" + name, child)
            case "symlink":
                os.symlink(node.content, path)
            case "fifo":
                os.mkfifo(path)
            case "device":
                os.mknod(path, stat.S_IFCHR, os.makedev(1, node.mode))
            case _:
                with open(path, "wb") as file:
                    for offset, data in self._pieces(node):
                        file.seek(offset)
                        file.write(data)
                    file.truncate(max(file.tell(), 4096 * sum(node.holes)))
                self._files.append(path)

    @staticmethod
    def _pieces(node: Node) -> Iterator[tuple[int, bytes]]:
        at = 0
        for hole in node.holes or [0]:
            at += hole * 4096
            yield at, node.content
            at += -(-len(node.content) // 4096) * 4096


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.dictionaries(NAMES, TREES, max_size=6),
    st.sampled_from((1, 2, 4)),
    st.sampled_from(Compression),
)
def test_any_tree_comes_back(nodes: dict[bytes, Node], segment_mib: int, compression: Compression) -> None:
    with TemporaryDirectory() as scratch:
        tree = Path(scratch) / "tree"
        tree.mkdir()
        planting_of = Planting()
        for name, node in nodes.items():
            planting_of.plant(os.fsencode(tree) + b"/" + name, node)
        round_trip(tree, Path(scratch), compression=compression, segment_bytes=segment_mib * MIB)
        check(Path(scratch) / "round.xtar", tree)
