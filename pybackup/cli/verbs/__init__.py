"""The verbs: one module each, named after it."""

from __future__ import annotations

import argparse
import importlib
from typing import Protocol, cast

# What they do, in the order of the help. A verb of two words is one of a family.
SUMMARIES = {
    "create": "archive directories and files",
    "list": "show what is in an archive",
    "info": "show what an archive says of itself",
    "extract": "restore an archive, or parts of it",
    "unpack": "expand the containers of an archive, leaving the tree of .7z files",
    "verify": "check every byte of an archive",
    "protect": "write parity for any file, as a sidecar",
    "repair": "merge damaged copies, and rebuild what none has from parity",
    "rebuild": "bring back lost and damaged volumes of a set, from the others and its recovery volumes",
    "salvage": "get every file out of damaged copies that is left, in part where not whole",
    "forecast": "tell what an archive survives: bursts, scattered bad sectors, lost ends",
    "drill": "damage copies of an archive, repair them, and compare what comes back with the forecast",
    "disc plan": "tell how many discs a tree takes, how full they get and how long it lasts",
    "disc build": "build the image of a disc for each volume, with all that is needed to read it",
    "disc burn": "burn an image through xorriso, and read it back",
    "disc check": "tell how discs are, what they would still survive, and what to do",
    "disc label": "write labels to print, for the disc and its case",
    "catalogue init": "make a catalogue, which tells which medium holds what",
    "catalogue add": "enter media: archives, images, discs, drives, directories",
    "catalogue list": "show the media that are known",
    "catalogue show": "show all that is known of a medium",
    "catalogue files": "show what is on a medium, or on all",
    "catalogue find": "find files by name, content, size or time on all media",
    "catalogue whereis": "tell on which media something is",
    "catalogue history": "show the versions of a file that the media hold",
    "catalogue at-risk": "show what has too few copies, or is on media not checked for long",
    "catalogue due": "show the media that should be checked",
    "catalogue check": "tell which files of a live directory are safe on media, and which are not",
    "catalogue hash": "hash the files of a medium that were entered without",
    "catalogue lost": "mark a medium as lost, and tell what went with it",
    "catalogue found": "mark a medium as there again",
    "catalogue move": "write down where a medium lies",
    "catalogue remove": "forget a medium",
    "catalogue upgrade": "bring a catalogue of an earlier version up to this one",
    "structure save": "save the skeleton of a tree: directories, links, permissions, owners, times",
    "structure restore": "restore a skeleton, from its file or from an archive",
    "completion": "print the completion script for a shell",
}


class Verb(Protocol):
    """What the module of a verb has."""

    EPILOG: str

    def define(self, parser: argparse.ArgumentParser) -> None:
        """Give the parser the verb's arguments."""

    def perform(self, options: argparse.Namespace) -> int:
        """Do it, and return the exit status."""


def load(words: str) -> Verb:
    """Return the module of a verb; none is imported before it is needed."""
    return cast(Verb, importlib.import_module(f"{__name__}.{words.replace(' ', '_').replace('-', '_')}"))
