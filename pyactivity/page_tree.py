"""The directories of a report as one tree in preorder, so that what lies below a directory is one range of numbers."""

import os
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pyactivity.model import NO_PARENT
from pyactivity.report import Report


@dataclass(frozen=True, slots=True, eq=False)
class Tree:
    """Directories in preorder, the root of the selection first.

    names    of each, one component; empty for the root
    depth    (d,) int64, 0 for the root
    scanned  (d,) bool, false for those that are only on the way to a DIR
    number   one for each directory of `Files`: its number here, -1 where nothing that is shown lies in or below it
    """

    names: tuple[bytes, ...]
    depth: NDArray[np.int64]
    scanned: NDArray[np.bool_]
    number: NDArray[np.int64]


def tree_of(report: Report, used: Iterable[int]) -> Tree:
    """The tree of the directories of a report at the indices `used`, and of those above, down from the root."""
    nodes = _Nodes(report)
    wanted = {0}
    for index in used:
        node = nodes.of[index]
        while node not in wanted:
            wanted.add(node)
            node = nodes.parents[node]
    children: dict[int, list[int]] = {}
    for node in wanted - {0}:
        children.setdefault(nodes.parents[node], []).append(node)
    order, depth = [], []
    pending = [(0, 0)]
    while pending:
        node, level = pending.pop()
        order.append(node)
        depth.append(level)
        inner = sorted(children.get(node, ()), key=nodes.names.__getitem__, reverse=True)
        pending.extend((child, level + 1) for child in inner)
    number = np.full(len(nodes.names), -1, np.int64)
    number[order] = np.arange(len(order))
    return Tree(
        tuple(nodes.names[node] for node in order),
        np.array(depth, np.int64),
        np.array([nodes.scanned[node] for node in order], np.bool_),
        number[nodes.of],
    )


class _Nodes:
    """Directories by number, 0 the root, each with the number of the one above, in no order."""

    def __init__(self, report: Report) -> None:
        self.names, self.parents, self.scanned = [b""], [NO_PARENT], [False]
        self.of: list[int] = []
        self._paths: dict[bytes, int] = {b"": 0}
        given: list[tuple[bytes, int]] = []
        for path, parent in zip(report.files.directories, report.files.parents.tolist(), strict=True):
            if parent != NO_PARENT:
                self.of.append(self._add(os.path.basename(path), self.of[parent], scanned=True))
            elif below := report.below(path):
                self.of.append(self._add(os.path.basename(below), NO_PARENT, scanned=True))
                given.append((below, self.of[-1]))
            else:
                self.of.append(0)
                self.scanned[0] = True
        if given:
            self._hang(given, report)

    def _hang(self, given: list[tuple[bytes, int]], report: Report) -> None:
        """Put each DIR where it belongs, which may be within another."""
        for node, path in zip(self.of, report.files.directories, strict=True):
            self._paths.setdefault(report.below(path), node)
        for below, node in given:
            self.parents[node] = self._way(os.path.dirname(below))

    def _way(self, below: bytes) -> int:
        if (node := self._paths.get(below)) is None:
            parent = self._way(os.path.dirname(below))
            node = self._paths[below] = self._add(os.path.basename(below), parent, scanned=False)
        return node

    def _add(self, name: bytes, parent: int, *, scanned: bool) -> int:
        self.names.append(name)
        self.parents.append(parent)
        self.scanned.append(scanned)
        return len(self.names) - 1
