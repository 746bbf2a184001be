"""Which of the sessions planned in a home come out as activities: pyactivity beside gaps alone and DBSCAN.

    python -m benchmarks.sessions                 # four homes, three seeds each

A session comes out where a group has just its files; of pyactivity's groups those that a person made are compared, for
the report tells them apart from bulk and streams. Recall is the share of sessions that came out, precision the share of
groups that are a session. DBSCAN is the usual one in one dimension: a core has five files within the radius. The radius
is an hour for all three, and for pyactivity the one it chooses by the data, too. Exit status 1 where pyactivity finds
fewer than nine in ten, either way, or fewer than another.
"""

import argparse
import sys
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from benchmarks.homes import HOUR_NS, KINDS, NOW_NS, Home
from pyactivity.clusters import cluster
from pyactivity.survey import ACTIVITY, survey_of

_REQUIRED = 0.9
_CORE = 5

_Groups = list[NDArray[np.intp]]


def main() -> int:
    """Measure, print, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    missed = False
    print(f"{'home':<14}{'files':>8}{'sessions':>10}  {'':<18}{'precision':>10}{'recall':>8}")
    for kind, plant in KINDS.items():
        homes = [plant(seed) for seed in range(options.seeds)]
        figures = {name: _mean(homes, name) for name in _WAYS}
        best = max(recall for name, (_, recall) in figures.items() if not name.startswith("pyactivity"))
        files, sessions = sum(len(home.rows) for home in homes), sum(len(home.sessions) for home in homes)
        for number, (name, (precision, recall)) in enumerate(figures.items()):
            ours = name.startswith("pyactivity")
            short = ours and (min(precision, recall) < _REQUIRED or recall < best)
            missed |= short
            head = f"{kind:<14}{files // len(homes):>8,}{sessions // len(homes):>10}" if not number else f"{'':<32}"
            print(f"{head}  {name:<18}{precision:>10.3f}{recall:>8.3f}{'  MISSED' if short else ''}")
    return int(missed)


def dbscan(times_ns: NDArray[np.int64], radius_ns: int, core: int = _CORE) -> _Groups:
    """Groups of times, (n,) int64, as DBSCAN (Ester, Kriegel, Sander, Xu, KDD 1996) finds them on a line; no noise."""
    order = np.argsort(times_ns, kind="stable")
    sorted_ns = times_ns[order]
    near = np.searchsorted(sorted_ns, sorted_ns + radius_ns, "right") - np.searchsorted(
        sorted_ns, sorted_ns - radius_ns
    )
    cores = np.flatnonzero(near >= core)
    if not len(cores):
        return []
    ends = np.flatnonzero(np.diff(sorted_ns[cores]) > radius_ns) + 1
    groups: _Groups = []
    taken = 0
    for run in np.split(cores, ends):
        first = max(taken, int(np.searchsorted(sorted_ns, sorted_ns[run[0]] - radius_ns)))
        taken = int(np.searchsorted(sorted_ns, sorted_ns[run[-1]] + radius_ns, "right"))
        groups.append(order[first:taken])
    return groups


def _pyactivity(home: Home, radius_ns: int | None) -> _Groups:
    found = survey_of(home.scan(), radius_ns=radius_ns, now_ns=NOW_NS)
    made = (part.members[~found.bulk[part.members]] for part in found.parts() if part.kind == ACTIVITY)
    return [members for members in made if len(members)]


def _times_ns(home: Home) -> NDArray[np.int64]:
    return np.array([time_ns for _, time_ns, _ in home.rows], np.int64)


_WAYS: dict[str, Callable[[Home], _Groups]] = {
    "pyactivity": lambda home: _pyactivity(home, HOUR_NS),
    "pyactivity, auto": lambda home: _pyactivity(home, None),
    "gaps alone": lambda home: list(cluster(_times_ns(home), HOUR_NS)),
    "DBSCAN": lambda home: dbscan(_times_ns(home), HOUR_NS),
}


def _mean(homes: Iterable[Home], way: str) -> tuple[float, float]:
    """Precision and recall, each the mean over homes."""
    figures = []
    for home in homes:
        groups = {frozenset(group.tolist()) for group in _WAYS[way](home)}
        sessions = set(map(frozenset, home.sessions))
        hits = len(groups & sessions)
        figures.append((hits / max(len(groups), 1), hits / len(sessions)))
    precision, recall = np.mean(figures, axis=0).tolist()
    return precision, recall


if __name__ == "__main__":
    sys.exit(main())
