"""Writing results and messages: everything is written, or an error gives the reason; exiting never fails."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

from pybackup.cli.streams import abandon, deliver, deliver_lines, say
from pybackup.errors import EnvironmentFailed


class OneByteAtATime(io.RawIOBase):
    """A stream that accepts as few bytes per write as allowed."""

    def __init__(self) -> None:
        super().__init__()
        self.taken = b""

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        self.taken += bytes(data)[:1]  # type: ignore[call-overload]
        return 1


def test_all_is_written_where_a_part_is_taken_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    sink = OneByteAtATime()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(sink, write_through=True))  # type: ignore[type-var]
    deliver([b"abc", b"", b"def"])
    assert sink.taken == b"abcdef"


def test_what_an_encoding_lacks_is_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    data = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(data, encoding="ascii"))
    deliver_lines(["ü\udcff", "b"])
    assert data.getvalue() == b"\\xfc\\udcff\nb\n"


def test_a_reader_that_left_has_what_it_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    os.close(read)
    made = 0

    def pieces() -> object:
        nonlocal made
        for _ in range(1000):
            made += 1
            yield bytes(100_000)

    with open(write, "w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        deliver(pieces())  # type: ignore[arg-type]
        assert made < 3
        # What is written now goes nowhere, and so what is left in the buffer fails no more.
        stream.write("more")
        stream.flush()


@pytest.mark.parametrize("where", ["/dev/full", None])
def test_results_that_cannot_be_written_are_an_error(where: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if where is None:
        monkeypatch.setattr(sys, "stdout", None)
        with pytest.raises(EnvironmentFailed, match="no standard output"):
            deliver([b"x"])
        return
    with open(where, "w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        with pytest.raises(EnvironmentFailed, match="cannot write the results: No space left"):
            deliver([bytes(100_000)])


def test_what_makes_the_results_may_fail_by_its_own_error() -> None:
    def pieces() -> object:
        yield b""
        raise BrokenPipeError("of something else")

    with pytest.raises(BrokenPipeError, match="of something else"):
        deliver(pieces())  # type: ignore[arg-type]


def test_a_remark_that_cannot_be_said_harms_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    say("x")
    abandon(None)
    with open("/dev/full", "w") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        say("x")
        say("y")
    with open(tmp_path / "said", "w", encoding="latin-1") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        say("ü☃")
    assert (tmp_path / "said").read_bytes() == b"\xfc\\u2603\n"
