"""A volume completed from its body has its former bytes, parity included."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from kit.small_sets import small_set

from pybackup.archive.find import look_into
from pybackup.archive.measure import measure
from pybackup.errors import Damaged
from pybackup.host.scratch import Scratch
from pybackup.layout.recovery import Body
from pybackup.make.complete_volume import complete_volume
from pybackup.monitor import Monitor


def _completed(data: bytes, body: Body, directory: Path) -> bytes:
    with Scratch(os.fsencode(directory)) as output:
        output.write(data)
        stream = complete_volume(output, body)
        if stream:
            stream.fill(Monitor())
        output.flush()
        return Path(os.fsdecode(output.temporary)).read_bytes()


@pytest.mark.parametrize("parity", ["10%", "none"])
@pytest.mark.parametrize("more", [b"", b"something else" * 1000])
def test_byte_for_byte(tmp_path: Path, parity: str, more: bytes) -> None:
    small = small_set(parity=parity)
    for name in small.data:
        whole = small.volumes[name]
        (tmp_path / name).write_bytes(whole)
        (volume,) = look_into(os.fsencode(tmp_path / name)).volumes
        body = measure(volume, Monitor())
        assert _completed(whole[: body.n_bytes] + more, body, tmp_path) == whole


def test_a_body_that_does_not_tell_is_damaged(tmp_path: Path) -> None:
    whole = small_set().volumes["docs-001.xtar"]
    (tmp_path / "a").write_bytes(whole)
    (volume,) = look_into(os.fsencode(tmp_path / "a")).volumes
    body = measure(volume, Monitor())
    with pytest.raises(Damaged, match="first header of a restored volume is damaged"):
        _completed(bytes(512) + whole[512 : body.n_bytes], body, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a"]
