"""Archives for media that rot: what can be read can be restored.

    import pybackup

    pybackup.create(["docs"], "docs.xtar")
    pybackup.extract("docs.xtar", "back")

Paths are str, bytes or os.PathLike; what comes back holds them as bytes, since names may be any. Problems that hurt
one file only go to a `Monitor`; without one each becomes a `ProblemWarning`. What ends a run is raised (`errors`).
"""

from pybackup import errors
from pybackup.model.version import VERSION

TYPE_CHECKING = False  # `typing` takes longer to load than all else here

if TYPE_CHECKING:
    from pybackup.api import *

__version__ = VERSION

__all__ = [
    "Compression",
    "DirectoryStore",
    "Monitor",
    "Problem",
    "ProblemWarning",
    "Store",
    "Trouble",
    "__version__",
    "add_recovery_volumes",
    "backup",
    "chain_merge",
    "compare",
    "create",
    "create_set",
    "diff",
    "disc_build",
    "disc_burn",
    "disc_check",
    "disc_label",
    "disc_plan",
    "drill",
    "errors",
    "export",
    "extract",
    "forecast",
    "full_backup",
    "incremental_backup",
    "info",
    "list",
    "mount",
    "plan_create",
    "plan_disc_build",
    "plan_disc_burn",
    "plan_extract",
    "plan_snapshot_prune",
    "plan_snapshot_run",
    "plan_stage_lost",
    "protect",
    "read",
    "rebuild",
    "repair",
    "restore_backup",
    "restore_chain",
    "salvage",
    "snapshot_diff",
    "snapshot_list",
    "snapshot_prune",
    "snapshot_run",
    "snapshot_verify",
    "stage_close",
    "stage_init",
    "stage_lost",
    "stage_scan",
    "stage_status",
    "stage_verify",
    "structure_restore",
    "structure_save",
    "unpack",
    "verify",
    "verify_set",
]


def __getattr__(name: str) -> object:
    """Load the functions when one is used: a module of the package needs none of them, and Ctrl-C none of the wait."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from pybackup import api

    return getattr(api, name)
