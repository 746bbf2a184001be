"""The functions that the package `pybackup` offers: one for each verb; the package loads this when one is used.

What may be asked of each is in `pybackup.options`, from which its parameters and their description are made.
"""

from pybackup.compress.methods import Compression
from pybackup.model.problem import Problem, Trouble
from pybackup.monitor import Monitor

from .asked import ProblemWarning
from .checking import compare, diff, forecast, verify, verify_set
from .discs import disc_build, disc_burn, disc_check, disc_label, disc_plan, plan_disc_build, plan_disc_burn
from .exporting import export
from .making import add_recovery_volumes, chain_merge, create, create_set, plan_create, protect, structure_save
from .mending import drill, rebuild, repair
from .reading import info, list, read, unpack
from .restoring import extract, plan_extract, restore_chain, salvage, structure_restore
from .snapshots import (
    plan_snapshot_prune,
    plan_snapshot_run,
    snapshot_diff,
    snapshot_list,
    snapshot_prune,
    snapshot_run,
    snapshot_verify,
)

__all__ = [
    "Compression",
    "Monitor",
    "Problem",
    "ProblemWarning",
    "Trouble",
    "add_recovery_volumes",
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
    "export",
    "extract",
    "forecast",
    "info",
    "list",
    "plan_create",
    "plan_disc_build",
    "plan_disc_burn",
    "plan_extract",
    "plan_snapshot_prune",
    "plan_snapshot_run",
    "protect",
    "read",
    "rebuild",
    "repair",
    "restore_chain",
    "salvage",
    "snapshot_diff",
    "snapshot_list",
    "snapshot_prune",
    "snapshot_run",
    "snapshot_verify",
    "structure_restore",
    "structure_save",
    "unpack",
    "verify",
    "verify_set",
]
