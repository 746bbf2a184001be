"""When were the files below some directories modified, as groups of activity.

scan = gather(["/home/me"])
clusters = cluster(scan.files.mtime_ns)
newest = [describe(scan.files, clusters.members(i)) for i in clusters.newest(limit=10)]
"""

__version__ = "0.1.0"

from pyactivity.clusters import HOUR_NS, Clusters, cluster
from pyactivity.describe import Carrier, Group, describe
from pyactivity.errors import ActivityError, BadValue, EnvironmentFailed
from pyactivity.model import NO_PARENT, Files, LeftOut, Problem, Scan
from pyactivity.scan import gather

__all__ = [
    "HOUR_NS",
    "NO_PARENT",
    "ActivityError",
    "BadValue",
    "Carrier",
    "Clusters",
    "EnvironmentFailed",
    "Files",
    "Group",
    "LeftOut",
    "Problem",
    "Scan",
    "__version__",
    "cluster",
    "describe",
    "gather",
]
