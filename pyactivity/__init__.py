"""When were the files below some directories modified, as groups of activity.

scan = gather(["/home/me"])
clusters = cluster(scan.files.mtime_ns)
newest = [describe(scan.files, clusters.members(i)) for i in clusters.newest(limit=10)]

`gather` reads the file system, and nothing else here does. `take_survey` does all of it: it scans, chooses a radius,
sets impossible times apart and marks what came in bulk.
"""

__version__ = "0.1.0"

from importlib import import_module

TYPE_CHECKING = False  # `typing` takes longer to load than all else here
if TYPE_CHECKING:
    from pyactivity.activities import Activities, arrange
    from pyactivity.bulk import came_in_bulk
    from pyactivity.clusters import HOUR_NS, Clusters, cluster
    from pyactivity.description import Carrier, Group, describe
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

# Asked for, not loaded: pybackup takes the patterns from here, and they need no NumPy.
_HOMES = {
    "activities": ("Activities", "arrange"),
    "bulk": ("came_in_bulk",),
    "clusters": ("HOUR_NS", "Clusters", "cluster"),
    "description": ("Carrier", "Group", "describe"),
    "errors": ("ActivityError", "BadValue", "EnvironmentFailed"),
    "model": ("NO_PARENT", "Files", "LeftOut", "Problem", "Scan"),
    "radius": ("Radius", "choose_radius"),
    "scan": ("gather",),
    "selection": ("selection_lines", "selection_root"),
    "survey": ("Part", "Survey", "take_survey"),
}


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
