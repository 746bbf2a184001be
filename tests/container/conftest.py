"""An archive with every kind of entry, made once a worker, and files of changed copies of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from kit.specimen import Specimen

from pybackup.container.read import open_listing
from pybackup.host.storage import ArchiveFile
from pybackup.model.listing import Listing

Opener = Callable[[bytes], ArchiveFile]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opener]:
    """Files with these bytes, open while the test runs."""
    with ExitStack() as files:

        def opener(data: bytes) -> ArchiveFile:
            path = tmp_path / f"file{len(list(tmp_path.iterdir()))}"
            path.write_bytes(data)
            return files.enter_context(ArchiveFile(os.fsencode(path)))

        yield opener


@pytest.fixture
def listing(small: Specimen, opened: Opener) -> Listing:
    """What the whole archive says that it holds."""
    return open_listing(opened(small.data))
