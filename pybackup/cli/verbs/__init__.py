"""The verbs of the command line: a module for each, with its name."""

from __future__ import annotations

import argparse
import importlib
from typing import Protocol, cast

# What each verb does, in the order of the help. Verbs of two words with the same first word are a family.
SUMMARIES = {
    "create": "archive directories and files",
    "list": "show what is in an archive",
    "diff": "show what changed between two archives, or since an archive was made",
    "info": "show what an archive says about itself",
    "extract": "restore an archive, or parts of it",
    "restore": "restore a chain of archives, or parts of it, as it was at a time",
    "chain merge": "make a full archive out of a chain, without the sources",
    "export": "write an archive, or parts of it, as a zip or a tar",
    "mount": "mount an archive, or the runs of a chain, as a read-only file system",
    "unpack": "expand the containers of an archive, leaving the tree of .7z files",
    "verify": "check every byte of an archive",
    "protect": "write parity for any file, as a sidecar",
    "repair": "merge damaged copies, and rebuild from parity what no copy has",
    "rebuild": "restore lost and damaged volumes of a set from the others and its recovery volumes",
    "salvage": "restore everything that is left in damaged copies, files in part if need be",
    "forecast": "show how much damage an archive survives: bursts, scattered bad sectors, lost ends",
    "drill": "damage copies of an archive, repair them, and compare what comes back with the forecast",
    "disc plan": "show how many discs a tree needs, how full they get and how long burning takes",
    "disc build": "build a disc image of each volume, with everything that is needed to read it",
    "disc burn": "burn an image with xorriso, and read it back",
    "disc check": "show how damaged discs are, how much more damage they survive, and what to do",
    "disc label": "write labels to print, for the disc and its case",
    "catalogue init": "make a catalogue, which tells which medium holds what",
    "catalogue add": "enter media: archives, images, discs, drives, directories",
    "catalogue list": "show all media",
    "catalogue show": "show all that is known of a medium",
    "catalogue files": "show the files on a medium, or on all media",
    "catalogue find": "find files by name, content, size or time on all media",
    "catalogue whereis": "tell on which media a file is",
    "catalogue history": "show the versions of a file that the media hold",
    "catalogue at-risk": "show files with too few copies, or on media that were not checked for long",
    "catalogue due": "show the media that should be checked",
    "catalogue check": "tell which files of a live directory are safe on media, and which are not",
    "catalogue hash": "hash the files of a medium that were entered without hashes",
    "catalogue verify": "compare a medium, or a directory, with the hashes in the catalogue",
    "catalogue lost": "mark a medium as lost, and tell which files are lost with it",
    "catalogue found": "mark a lost medium as found",
    "catalogue move": "change the place where a medium is kept",
    "catalogue remove": "forget a medium",
    "catalogue prune": "tell which runs of a chain stay restorable, and which media none of these needs",
    "catalogue refresh": "tell which media should be written again, and write what is still needed of them",
    "catalogue export": "write the whole catalogue into one file, which sqlite3 reads",
    "catalogue import": "add the content of an exported catalogue, or of the one on a disc",
    "catalogue rebuild": "make a lost catalogue again from discs and archives, in any order",
    "catalogue upgrade": "bring a catalogue of an earlier version up to this one",
    "run": "run jobs of the job files, or all of one file",
    "jobs init": "write a first job file; at a terminal it asks",
    "jobs list": "show the jobs of the job files",
    "jobs show": "show all settings of a job, and where each value comes from",
    "jobs check": "find every mistake in the job files",
    "jobs status": "tell whether jobs ran as they should have, for people, Prometheus and Nagios",
    "jobs log": "show the runs of a job",
    "jobs tell": "send a trial message by all notifiers of jobs",
    "jobs timers": "print timers that run jobs: units of systemd, or lines for cron",
    "snapshot run": "make a snapshot with rsync: unchanged files are hard links to those of earlier ones",
    "snapshot list": "show the snapshots in a directory",
    "snapshot diff": "show what changed between two snapshots",
    "snapshot verify": "read snapshots, and find files that have rotted",
    "snapshot prune": "remove snapshots that no rule keeps",
    "stage init": "watch a directory, to collect its changes on discs that fill over months",
    "stage status": "show the status of a stage: its discs, how full the open one is, which files wait",
    "stage scan": "copy new and changed files for the open disc, and close that when it is full",
    "stage close": "close the open disc, full or not, and make its image and labels",
    "stage verify": "verify discs of a stage, or staged files and images",
    "stage lost": "mark a disc as lost, so that files which still exist are staged again",
    "structure save": "save the skeleton of a tree: directories, links, permissions, owners, times",
    "structure restore": "restore a skeleton, from its file or from an archive",
    "completion": "print the completion script for a shell",
}
# Other names that people know them by.
ALIASES = {"stage monitor": "stage scan"}


class Verb(Protocol):
    """The functions and texts that the module of each verb has."""

    EPILOG: str

    def define(self, parser: argparse.ArgumentParser) -> None:
        """Give the parser the verb's arguments."""

    def perform(self, options: argparse.Namespace) -> int:
        """Perform the verb, and return the exit status."""


def load(words: str) -> Verb:
    """Return the module of a verb, imported only now."""
    return cast(Verb, importlib.import_module(f"{__name__}.{words.replace(' ', '_').replace('-', '_')}"))
