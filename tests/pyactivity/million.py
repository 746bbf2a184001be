"""A report of a million files that need not exist: 40,000 directories, 5,000 sessions, a fifth of it in bulk."""

import numpy as np

from pyactivity.activities import arrange
from pyactivity.bulk import came_in_bulk
from pyactivity.clusters import HOUR_NS
from pyactivity.model import NO_PARENT, Files, Scan
from pyactivity.radius import Radius
from pyactivity.report import Report, report_of
from pyactivity.survey import Survey

_FILES, _DIRECTORIES, _SESSIONS = 1_000_000, 40_000, 5_000
_NOW_NS = 1_795_629_600 * 10**9


def million_files() -> Report:
    random = np.random.default_rng(7)
    paths, parents = [b"/home/anna"], [NO_PARENT]
    for index in range(1, _DIRECTORIES):
        parent = int(random.integers(max(0, index - 500), index))
        if paths[parent].count(b"/") > 10:
            parent = 0
        paths.append(paths[parent] + b"/folder-%d" % index)
        parents.append(parent)
    directory = np.sort(random.integers(0, _DIRECTORIES, _FILES)).astype(np.int32)
    session = np.sort(random.uniform(1.4e9, 1.7956e9, _SESSIONS))
    of_directory = random.integers(0, _SESSIONS, _DIRECTORIES)
    stray = random.random(_FILES) < 0.2
    chosen = np.where(stray, random.integers(0, _SESSIONS, _FILES), of_directory[directory])
    bulk = directory > 0.8 * _DIRECTORIES
    seconds = np.where(bulk, session[4_000], session[chosen]) + random.exponential(np.where(bulk, 5, 1200))
    names = [b"document_%06d.txt" % number for number in random.integers(0, 999_999, _FILES).tolist()]
    files = Files(
        mtime_ns=(seconds * 1e9).astype(np.int64),
        size_bytes=np.exp(random.normal(8.5, 2.4, _FILES)).astype(np.int64),
        directory=directory,
        names=b"".join(names),
        name_ends=np.cumsum([len(name) for name in names]).astype(np.int64),
        directories=tuple(paths),
        parents=np.array(parents, np.int32),
    )
    activities = arrange(files.mtime_ns, HOUR_NS, now_ns=_NOW_NS)
    survey = Survey(Scan(files, ()), activities, "mtime", _NOW_NS, Radius(HOUR_NS, 0), came_in_bulk(files))
    return report_of(survey, [paths[0]], survey.parts())
