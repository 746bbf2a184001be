"""pybackup catalogue add."""

from __future__ import annotations

import argparse

from pybackup.options.values import natural, path

from ..catalogue import add_catalogue, deliver_added, opened
from ..options import add_talk, argument, talk_of
from ..results import conclude

EPILOG = """\
A MEDIUM is an archive, an image, a drive with a disc, or a directory of these: their indexes are read, not their
contents. A directory without archives of pybackup is entered with all its files, as is a mounted disc or drive, and the
image of any other disc; the files are hashed, unless --no-hash leaves that to 'catalogue hash'. Archives in it, of
pybackup and of other programs (zip, tar, tar.gz, tar.bz2, tar.xz, 7z), are entered as if they were directories, down to
--depth, and within limits on what comes out of them; archives that cannot be read are reported. A medium that is
entered again is recognised, and its changes are shown. Copies of a disc look alike: --copy says that this is another.

examples:
  pybackup catalogue add volumes/
  pybackup catalogue add /dev/sr0 --place 'the blue box'
  pybackup catalogue add /media/me/photos --label 'photo drive' --no-hash
  pybackup catalogue add /dev/sr0 --copy --place 'my sister'
  pybackup catalogue add old-disc.iso --depth 1
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    parser.add_argument(
        "media",
        metavar="MEDIUM",
        nargs="+",
        type=argument(path),
        help="an archive, an image, a device, or a directory",
    )
    add = parser.add_argument
    add("--label", metavar="TEXT", default="", help="the label on it (default: the name of its volume)")
    add("--place", metavar="TEXT", default="", help="the place where it is kept")
    add("--title", metavar="TEXT", default="", help="a title for it")
    add("--description", metavar="TEXT", default="", help="a longer description")
    add("--copy", action="store_true", help="this is another copy of a known medium")
    add(
        "--tree",
        action="store_true",
        help="enter all files of a directory or an image, even if it has archives of pybackup",
    )
    add("--no-hash", action="store_true", help="do not read the contents of the files of a directory")
    add(
        "--depth",
        metavar="N",
        type=argument(natural),
        default=3,
        help="how many levels of archives in archives are entered as directories; 0 for none (default: 3)",
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
