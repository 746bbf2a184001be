"""pybackup catalogue add."""

from __future__ import annotations

import argparse

from pybackup.options.values import natural, path

from ..catalogue import add_catalogue, deliver_added, opened
from ..options import add_talk, argument, talk_of
from ..results import conclude

EPILOG = """\
A MEDIUM is an archive, an image, a drive with a disc, or a directory of these: entered by their indexes, without their
contents being read. A directory without any archive in it is entered with all its files, and these are hashed, unless
--no-hash leaves that to 'catalogue hash'; so is a mounted disc or drive, and the image of a disc that is not ours.
Archives of other programs in it (zip, tar, tar.gz, tar.bz2, tar.xz, 7z), and ours, are entered as if they were
directories: to a depth, and within bounds on what comes out of them; what cannot be looked into is told. What is
entered again is recognised, and what changed is told. A disc looks like its copies: --copy says that this is one more.

examples:
  pybackup catalogue add volumes/
  pybackup catalogue add /dev/sr0 --place 'the blue box'
  pybackup catalogue add /media/me/photos --label 'photo drive' --no-hash
  pybackup catalogue add /dev/sr0 --copy --place 'my sister'
  pybackup catalogue add old-disc.iso --depth 1
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        "media",
        metavar="MEDIUM",
        nargs="+",
        type=argument(path),
        help="an archive, an image, a device, or a directory",
    )
    add = parser.add_argument
    add("--label", metavar="TEXT", default="", help="what stands on it (default: the name of its volume)")
    add("--place", metavar="TEXT", default="", help="where it lies")
    add("--title", metavar="TEXT", default="", help="what it is")
    add("--description", metavar="TEXT", default="", help="more about it")
    add("--copy", action="store_true", help="it is one more copy of a medium that is known")
    add("--tree", action="store_true", help="enter a directory with all its files, though there are archives in it")
    add("--no-hash", action="store_true", help="do not read the contents of the files of a directory")
    add(
        "--depth",
        metavar="N",
        type=argument(natural),
        default=3,
        help="enter archives in archives as directories, so many in each other; 0 for none (default: 3)",
    )
    add_catalogue(parser)
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Enter media."""
    from pybackup.host.memory import give_back_at_once
    from pybackup.jobs.catalogue_add import add
    from pybackup.jobs.catalogue_enter import AddOptions

    chosen = AddOptions(
        options.label,
        options.place,
        options.title,
        options.description,
        options.copy,
        options.tree,
        not options.no_hash,
        options.depth,
    )
    give_back_at_once()
    with talk_of(options, options.media[0]) as talk, opened(options) as catalogue:
        deliver_added(add(catalogue, options.media, chosen, talk), options, talk)
        return conclude(talk)
