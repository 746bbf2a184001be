"""pybackup completion."""

from __future__ import annotations

import argparse

from ..shells import SCRIPTS, script_path
from ..streams import deliver

EPILOG = """\
examples:
  pybackup completion bash > ~/.local/share/bash-completion/completions/pybackup
  pybackup completion zsh > "${fpath[1]}/_pybackup"
  pybackup completion fish > ~/.config/fish/completions/pybackup.fish
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    parser.add_argument("shell", metavar="SHELL", choices=tuple(SCRIPTS), help="bash, zsh or fish")


def perform(options: argparse.Namespace) -> int:
    """Print the completion script of a shell; return the exit status."""
    deliver([script_path(options.shell).read_bytes()])
    return 0
