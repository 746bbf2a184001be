"""The bases of a content: how many deltas deep it is, and its sources; all else is in tests/chains/test_deltas.py."""

from __future__ import annotations

from pybackup.make.reuse import DeltaRules
from pybackup.model.entry import Entry, Kind
from pybackup.model.member import Member, Method, Stored


def content(digest: bytes, base: Stored | None = None, *, is_delta: bool = False) -> Stored:
    member = Member(digest[0], 100, 60, 100, Method.COPY, 0, digest, is_delta=is_delta)
    return Stored(
        Entry(b"file", Kind.FILE, size=100), (member,), digest, base_digest=base.digest if base else b"", base=base
    )


def test_depth_counts_contents_and_sources_are_all_of_them() -> None:
    first = content(b"1" * 32)
    second = content(b"2" * 32, first, is_delta=True)
    third = content(b"3" * 32, second, is_delta=True)
    assert [each.depth for each in (first, second, third)] == [0, 1, 2]
    assert [member.digest[:1] for member in third.sources] == [b"3", b"2", b"1"]
    assert [member.digest[:1] for _, member in third.own] == [b"3"]


def test_the_rules_are_those_of_a_chain_that_stays_sound() -> None:
    rules = DeltaRules()
    assert (rules.min_bytes, rules.max_depth, float(rules.min_saving), rules.base_copies) == (1 << 20, 1, 0.5, 2)
