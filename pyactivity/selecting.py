"""The command `select`: choose from a survey, write the selection, and say what it is."""

import argparse

import numpy as np
from numpy.typing import NDArray

from pyactivity.choosing import choose, match_paths
from pyactivity.patterns import Patterns
from pyactivity.remarks import tell_choice, tell_scan
from pyactivity.selection import selection_lines, selection_root
from pyactivity.streams import publish, say
from pyactivity.survey import Survey


def select(found: Survey, archived: NDArray[np.bool_] | None, options: argparse.Namespace) -> None:
    """Do what the options of `select` ask for. Raises BadValue and EnvironmentFailed."""
    files, root = found.scan.files, selection_root(options.directories)
    patterns = Patterns(options.path)
    choice = choose(
        found,
        wanted=options.activity,
        paths=match_paths(files, patterns, root) if options.path else None,
        archived=archived,
        max_bytes=options.max_size,
        min_files=options.min_files,
    )
    lines = selection_lines(root, files, choice.members())
    publish(options.output, lines, overwrite=options.overwrite)
    if not options.quiet:
        tell_scan(found, options)
        for line in patterns.idle():
            say(f"--path '{line}' has chosen nothing")
        tell_choice(found, choice)
