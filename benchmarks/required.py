"""What is required of pybackup when its media are damaged, and the verdict on what came back.

The figures are what the best of the peers brought back of 300 files (see README.md): without parity nothing less, and
with 5 % of parity everything but of a medium that was cut off.
"""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.ordeal import Outcome
from benchmarks.survivors import BOUND, OWN, OWN_5, OWN_BARE, UNPROTECTED

CORPUS: Final = "peers300"
_BESIDE: Final = [contender.name for contender in (BOUND, *UNPROTECTED)]


@dataclass(frozen=True)
class Requirement:
    """Of `CORPUS`, `contender` brings back at least `files` after damage by `model`, the mean over the seeds."""

    contender: str
    model: str
    files: int


REQUIREMENTS: Final = tuple(
    Requirement(contender, model, files)
    for contender, figures in ((OWN_BARE.name, (290, 297, 263, 298, 295, 150)), (OWN_5.name, (300,) * 5 + (150,)))
    for model, files in zip(
        ("sectors-10", "burst-1%", "flips-50", "start-64K", "end-64K", "cut-60%"), figures, strict=True
    )
)


OFFICE: Final = "home"
RIGHT: Final = {"sectors-1%": 85.0, "sectors-5%": 75.0}
"""Of `OFFICE`, the percentage of bytes that come back in their places without parity, of files in part as well."""
CUT: Final = "cut-92%"
"""Where that much of an archive is left, no less than tarlz brings back."""


@dataclass(frozen=True)
class Suffered:
    """What came back of one contender's media: a mean per model, and how many of what must not be.

    A file is silently wrong or missing when no step complained. `failure` says why nothing was measured.
    """

    medium_bytes: int
    files: int
    bytes: int
    outcomes: tuple[Outcome, ...]
    failure: str | None = None

    def intact(self, model: str) -> float | None:
        """The mean number of files that came back whole; None when that model was not run."""
        return _mean([one.intact for one in self.outcomes if one.model == model])

    def percent(self, model: str, measure: str) -> float | None:
        """The mean percentage of `files` or `bytes` that came back whole, or of bytes `right` in their places."""
        whole = self.files if measure == "files" else self.bytes
        attribute = {"files": "intact", "bytes": "intact_bytes", "right": "right_bytes"}[measure]
        mean = _mean([getattr(one, attribute) for one in self.outcomes if one.model == model])
        return None if mean is None else 100 * mean / whole

    def wrong(self, model: str | None = None, *, silent: bool = False) -> int:
        """Files with other content under their names, over all seeds, all models or one."""
        return sum(one.wrong for one in self._those(model) if one.silent or not silent)

    def missing_silently(self, model: str | None = None) -> int:
        """Files missing though no step complained."""
        return sum(one.missing for one in self._those(model) if one.silent)

    def lied(self, model: str | None = None) -> int:
        """Runs in which no step complained and something was wrong or missing."""
        return sum(one.silent and one.wrong + one.missing > 0 for one in self._those(model))

    def hung(self) -> int:
        """Runs in which a step had to be killed."""
        return sum(None in one.statuses for one in self.outcomes)

    def _those(self, model: str | None) -> list[Outcome]:
        return [one for one in self.outcomes if model in (None, one.model)]


@dataclass(frozen=True)
class Verdict:
    """PASS, FAIL, or NOT RUN when a contender, model or corpus was left out, and the figures that say so."""

    outcome: str
    text: str


Results = Mapping[str, Suffered]  # by contender


def judge(results: Mapping[str, Results], *, trial: bool = False) -> list[Verdict]:
    """A verdict on every requirement, from the results by corpus and contender; of a `trial` no figures count."""
    counted = [_restored(requirement, {} if trial else results.get(CORPUS, {})) for requirement in REQUIREMENTS]
    counted += _right({} if trial else results.get(OFFICE, {}))
    honest = [verdict for contender in OWN for verdict in _honest(contender.name, results)]
    return [*counted, *honest]


def _restored(requirement: Requirement, results: Results) -> Verdict:
    told = f"{CORPUS} {requirement.model}: {requirement.contender}"
    own = results.get(requirement.contender)
    mean = None if own is None else own.intact(requirement.model)
    if own is not None and own.failure:
        return Verdict("FAIL", f"{told} failed: {own.failure}")
    if own is None or mean is None:
        return Verdict("NOT RUN", f"{told} shall bring back {requirement.files} files")
    text = f"{told} brought back {mean:.1f} files, required {requirement.files}{_beside(requirement.model, results)}"
    return Verdict("PASS" if mean >= requirement.files else "FAIL", text)


def _right(results: Results) -> list[Verdict]:
    """That enough bytes come back, and with a part of the archive no less than tarlz's."""
    own, tarlz = results.get(OWN_BARE.name), results.get("tarlz")
    verdicts = []
    for model, least in (*RIGHT.items(), (CUT, None)):
        required = least if least is not None else tarlz.percent(model, "right") if tarlz else None
        found = None if own is None else own.percent(model, "right")
        told = f"{OFFICE} {model}: {OWN_BARE.name}"
        if own is not None and own.failure:
            verdicts.append(Verdict("FAIL", f"{told} failed: {own.failure}"))
        elif found is None or required is None:
            verdicts.append(Verdict("NOT RUN", f"{told}, bytes that come back"))
        else:
            outcome = "PASS" if found >= required else "FAIL"
            text = f"{told} brought back {found:.1f} % of bytes, required {required:.1f}"
            verdicts.append(Verdict(outcome, text))
    return verdicts


def _beside(model: str, results: Results) -> str:
    """What others without parity brought back in the same run."""
    found = {name: one.intact(model) for name in _BESIDE if (one := results.get(name)) is not None}
    told = [f"{name} {mean:.1f}" for name, mean in found.items() if mean is not None]
    return f" ({', '.join(told)})" if told else ""


def _honest(name: str, results: Mapping[str, Results]) -> list[Verdict]:
    """That a contender never left a wrong file and never was silent about a loss, on any corpus."""
    mine = [of_corpus[name] for of_corpus in results.values() if name in of_corpus]
    runs = sum(len(one.outcomes) for one in mine)
    never = (
        ("a wrong file under its name", "files", [one.wrong() for one in mine]),
        ("exit status 0 after a loss", "runs", [one.lied() for one in mine]),
    )
    verdicts = []
    for what, unit, counts in never:
        if any(one.failure for one in mine):
            verdicts.append(Verdict("FAIL", f"{name}: never {what}: it failed"))
        elif not runs:
            verdicts.append(Verdict("NOT RUN", f"{name}: never {what}"))
        else:
            text = f"{name}: never {what}: {sum(counts)} {unit} in {runs} runs"
            verdicts.append(Verdict("FAIL" if sum(counts) else "PASS", text))
    return verdicts


def _mean(values: Sequence[int]) -> float | None:
    return statistics.fmean(values) if values else None
