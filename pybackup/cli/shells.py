"""The shells that pybackup has completion for."""

from pathlib import Path

SCRIPTS = {"bash": "pybackup.bash", "zsh": "_pybackup", "fish": "pybackup.fish"}
"""The name of the script of each."""


def script_path(shell: str) -> Path:
    """Return where the script of a shell lies."""
    return Path(__file__).parent / "completions" / SCRIPTS[shell]
