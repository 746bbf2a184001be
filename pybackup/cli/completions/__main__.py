"""Generate the completion scripts, beside this file."""

from ..shells import script_path
from . import bash, fish, zsh
from .interface import read_interface

MAKERS = {"bash": bash.make, "zsh": zsh.make, "fish": fish.make}


def scripts() -> dict[str, str]:
    """Return the text of each script, by the name of its shell."""
    interface = read_interface()
    return {shell: make(interface) for shell, make in MAKERS.items()}


if __name__ == "__main__":
    for shell, text in scripts().items():
        script_path(shell).write_text(text, encoding="utf-8")
