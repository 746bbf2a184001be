"""When were the files below some directories modified, as groups of activity.

scan = gather(["/home/me"])
clusters = cluster(scan.files.mtime_ns)
newest = [describe(scan.files, clusters.members(i)) for i in clusters.newest(limit=10)]

`gather` reads the file system, and nothing else here does. `take_survey` does all of it: it scans, chooses a radius,
sets impossible times apart and marks what came in bulk.
"""

__version__ = "0.1.0"

from pyactivity.activities import Activities, arrange
from pyactivity.bulk import came_in_bulk
from pyactivity.clusters import HOUR_NS, Clusters, cluster
from pyactivity.describe import Carrier, Group, describe
from pyactivity.errors import ActivityError, BadValue, EnvironmentFailed
from pyactivity.model import NO_PARENT, Files, LeftOut, Problem, Scan
from pyactivity.radius import Radius, choose_radius
from pyactivity.scan import gather
from pyactivity.selection import selection_lines, selection_root
from pyactivity.survey import Part, Survey, take_survey

__all__ = [
    "HOUR_NS",
    "NO_PARENT",
    "Activities",
    "ActivityError",
    "BadValue",
    "Carrier",
    "Clusters",
    "EnvironmentFailed",
    "Files",
    "Group",
    "LeftOut",
    "Part",
    "Problem",
    "Radius",
    "Scan",
    "Survey",
    "__version__",
    "arrange",
    "came_in_bulk",
    "choose_radius",
    "cluster",
    "describe",
    "gather",
    "selection_lines",
    "selection_root",
    "take_survey",
]
