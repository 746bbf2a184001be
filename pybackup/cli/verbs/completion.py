"""pybackup completion."""

from __future__ import annotations

import argparse
from pathlib import Path

from .. import completions
from ..streams import deliver

EPILOG = """\
examples:
  pybackup completion bash > ~/.local/share/bash-completion/completions/pybackup
  pybackup completion zsh > "${fpath[1]}/_pybackup"
  pybackup completion fish > ~/.config/fish/completions/pybackup.fish
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("shell", metavar="SHELL", choices=tuple(completions.FILES), help="bash, zsh or fish")


def perform(options: argparse.Namespace) -> int:
    """Print the script."""
    deliver([Path(completions.__file__).with_name(completions.FILES[options.shell]).read_bytes()])
    return 0
