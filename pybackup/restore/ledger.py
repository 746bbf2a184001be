"""The verdicts on files during a restoration; those that are not intact are reported at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from pybackup.archive.joined import needed_of
from pybackup.model.extents import Extents
from pybackup.model.member import Member, Stored
from pybackup.model.problem import Problem, Trouble
from pybackup.model.soundness import FAR_BYTES, Soundness
from pybackup.model.verdict import Fate, FileVerdict, UnnamedFile
from pybackup.monitor import Monitor

from .plan import RestorePlan
from .remains import wanted_of
from .result import Restored, Verdicts


class Ledger:
    """The verdicts of one run, and which bytes of the archive are good.

    Attributes
    ----------
    soundness
        That of the plan, with everything from ``image_bytes`` on, the end of the image, as lost.
    """

    def __init__(self, plan: RestorePlan, image_bytes: int, monitor: Monitor) -> None:
        self.soundness = replace(plan.soundness, bad=plan.soundness.bad | Extents(((image_bytes, FAR_BYTES),)))
        self._plan = plan
        self._monitor = monitor
        self._told: dict[bytes, FileVerdict] = {}
        self._n_bytes = 0
        self._plausible_bytes = 0

    def lost(self) -> Iterator[bytes]:
        """Yield the paths of the files that are not in place."""
        return (path for path, verdict in self._told.items() if verdict.fate is not Fate.REPAIRED)

    @property
    def has_gaps(self) -> bool:
        """Whether content of any file is lost; files that the target refused do not count."""
        return any(told.fate in (Fate.PARTIAL, Fate.LOST) for told in self._told.values())

    def tell(self, stored: Stored, verdict: FileVerdict | None) -> None:
        """Take the verdict on a file, or None for an intact file in place. A loss is reported as a problem."""
        entry = stored.entry
        is_back = verdict is None or verdict.fate is Fate.REPAIRED
        if verdict is None and self._plan.repaired and any(map(self._was_repaired, stored.members)):
            verdict = FileVerdict.whole(entry, Fate.REPAIRED)
        if verdict is not None:
            verdict = self._told[entry.path] = self._with_volumes(stored, verdict)
        if verdict is None or is_back:
            self._n_bytes += entry.size
            return
        if verdict.placed_as:
            self._n_bytes += verdict.present.n_bytes
            self._plausible_bytes += verdict.plausible.n_bytes
        if verdict.fate is not Fate.UNPLACED:  # else the target has said why
            trouble = Trouble.DAMAGED if verdict.fate is Fate.PARTIAL else Trouble.LOST
            needed = f"; needed: {verdict.needed}" if verdict.needed else ""
            self._monitor.problem(Problem(entry.path, trouble, verdict.reason + needed))

    def _with_volumes(self, stored: Stored, verdict: FileVerdict) -> FileVerdict:
        """Return a verdict, with the names of the volumes that would bring the file back."""
        place = self._plan.archive
        if not verdict.needed or isinstance(place, bytes):
            return verdict
        each = [verdict.wanted, *(wanted_of([spare], self.soundness.bad) for spare in stored.spares)]
        needed = " or ".join(needed_of(wanted, place) for wanted in each)
        # Byte ranges say nothing to a user if several volumes are wanted.
        wanted = verdict.wanted.moved(place[0].offset - place[0].address) if len(place) == 1 else Extents()
        return replace(verdict, wanted=wanted, needed=needed)

    def _was_repaired(self, member: Member) -> bool:
        # A member that is still bad was not repaired; its file was in place already.
        repaired = self._plan.repaired.within(member.offset, member.offset + member.packed_bytes)
        return bool(repaired) and not self.known_of([member]).bad

    def known_of(self, members: Sequence[Member]) -> Soundness:
        """Return the soundness of these members' bytes only, so that a task carries less to its worker."""
        if not members:
            return Soundness()
        start = min(member.offset for member in members)
        return self.soundness.within(start, max(member.offset + member.packed_bytes for member in members))

    def result(self, refused: Sequence[Problem], unnamed: Sequence[UnnamedFile]) -> Restored:
        """Return the result of the run; ``refused`` are the problems that the target had."""
        plan, told = self._plan, self._told
        verdicts = Verdicts(plan.entries, told)
        counts = dict.fromkeys(Fate, 0)
        for verdict in told.values():
            counts[verdict.fate] += 1
        counts[Fate.INTACT] = len(verdicts) - sum(counts.values())
        places = {plan.entries.path(row): place for place, row in enumerate(plan.entries.rows)} if told else {}
        return Restored(
            verdicts,
            sorted(told.values(), key=lambda verdict: places[verdict.path]),
            counts,
            self._n_bytes,
            unnamed,
            [problem for problem in refused if problem.path not in told],
            plan.listing.missing,
            "" if plan.refusal else plan.listing.way.value,
            plan.listing.damage,
            self._plausible_bytes,
        )
