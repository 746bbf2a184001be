"""What is required of pybackup's speed and size, and the verdict on measured results."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from benchmarks.contenders import BORG, DAR_ZSTD, OWN, OWN_FAST, SEVEN_ZIP, ZIP
from benchmarks.race import Result

KIB: Final = 1024


@dataclass(frozen=True)
class Requirement:
    """On `corpus`, `own`'s `measure` is at most `factor` times that of `peer`, or `per_file` KiB above per file."""

    corpus: str
    own: str
    measure: str  # create, extract or size
    peer: str
    factor: float = 1.0
    per_file_kib: float | None = None


REQUIREMENTS: Final = (
    *(Requirement(corpus, OWN.name, "create", SEVEN_ZIP.name, factor=0.6) for corpus in ("small", "mixed", "large")),
    Requirement("small", OWN_FAST.name, "create", BORG.name),
    Requirement("mixed", OWN_FAST.name, "create", DAR_ZSTD.name),
    Requirement("mixed", OWN_FAST.name, "create", ZIP.name),
    Requirement("many", OWN_FAST.name, "create", ZIP.name, factor=2),
    *(
        Requirement(corpus, OWN.name, "extract", peer.name)
        for corpus in ("small", "mixed", "large")
        for peer in (SEVEN_ZIP, ZIP)
    ),
    Requirement("mixed", OWN.name, "size", SEVEN_ZIP.name, factor=1.05),
    Requirement("many", OWN.name, "size", ZIP.name, factor=1.3),
    Requirement("small", OWN.name, "size", SEVEN_ZIP.name, per_file_kib=0.18),
    Requirement("small", OWN.name, "size", ZIP.name),
    Requirement("small", OWN_FAST.name, "size", ZIP.name),
)


@dataclass(frozen=True)
class Verdict:
    """PASS, MISS, or "not run" when a contender was left out, and the figures that say so."""

    requirement: Requirement
    outcome: str
    text: str


def judge(corpus: str, files: int, results: Mapping[str, Result]) -> list[Verdict]:
    """A verdict on each requirement about `corpus`. A contender that failed makes it a MISS."""
    return [_judge(one, files, results) for one in REQUIREMENTS if one.corpus == corpus]


def _judge(requirement: Requirement, files: int, results: Mapping[str, Result]) -> Verdict:
    own, peer = results.get(requirement.own), results.get(requirement.peer)
    told = f"{requirement.corpus} {requirement.measure}: {requirement.own}"
    if own is None or peer is None:
        return Verdict(requirement, "not run", f"{told} against {requirement.peer}")
    if own.failure or peer.failure:
        return Verdict(requirement, "MISS", f"{told} against {requirement.peer}: a run failed")
    mine, theirs = own.value(requirement.measure), peer.value(requirement.measure)
    if requirement.per_file_kib is not None:
        above = (mine - theirs) / files / KIB
        passed = above <= requirement.per_file_kib
        text = f"{told} is {above:.3f} KiB per file above {requirement.peer}, allowed {requirement.per_file_kib:g}"
    elif requirement.measure == "size":
        passed = mine <= theirs * requirement.factor
        text = f"{told} is {mine / 1e6:.1f} MB, {requirement.peer} {theirs / 1e6:.1f} MB ({mine / theirs:.3f} of it)"
    else:
        passed = mine <= theirs * requirement.factor
        bound = f"{requirement.factor:g} x {requirement.peer}" if requirement.factor != 1 else requirement.peer
        text = (
            f"{told} took {mine:.2f} s, {bound} {theirs * requirement.factor:.2f} s ({mine / theirs:.2f} of its time)"
        )
    return Verdict(requirement, "PASS" if passed else "MISS", text)
