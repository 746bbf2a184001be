"""The shells for which pybackup has completion scripts."""

from pathlib import Path

SCRIPTS = {"bash": "pybackup.bash", "zsh": "_pybackup", "fish": "pybackup.fish"}
"""The file name of the script, by the name of the shell."""


def script_path(shell: str) -> Path:
    """Return the path of the script for a shell."""
    return Path(__file__).parent / "completions" / SCRIPTS[shell]
