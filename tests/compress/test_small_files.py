"""Small files packed at one go become what each becomes alone."""

from __future__ import annotations

import pickle
import random
from array import array

import pytest

from pybackup.compress.methods import Compression
from pybackup.compress.pack import PackJob, pack
from pybackup.compress.small_files import SmallFiles
from pybackup.model.member import Method

_RANDOM = random.Random(4)
CONTENTS = [b"", b"x", b"some words, some words " * 9, _RANDOM.randbytes(900), b"\0" * 5000, b"a line\n" * 800]
METHODS = [Method.LZMA2, Method.COPY, Method.LZMA2, Method.LZMA2, Method.X86_LZMA2, Method.LZMA2]


@pytest.mark.parametrize("compression", [Compression.FAST, Compression.DEFAULT, Compression.SMALL])
def test_each_is_packed_as_it_is_alone_and_travels_unchanged(compression: Compression) -> None:
    sizes = array("I", map(len, CONTENTS))
    sent = SmallFiles(b"".join(CONTENTS), sizes, bytes(METHODS), compression)
    packed = list(pickle.loads(pickle.dumps(pickle.loads(pickle.dumps(sent)).pack())).each())
    alone = [
        pack(PackJob(data, b"f", 0o644, 0, method, compression, bundled=True))
        for data, method in zip(CONTENTS, METHODS, strict=True)
    ]
    assert packed == alone
    assert [type(one.method) for one in packed] == [Method] * len(alone)


def test_none_are_none() -> None:
    assert list(SmallFiles(b"", array("I"), b"", Compression.DEFAULT).pack().each()) == []
