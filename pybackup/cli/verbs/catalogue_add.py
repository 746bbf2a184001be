"""pybackup catalogue add."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from ..catalogue import add_catalogue, json_medium, opened
from ..options import add_talk, talk_of
from ..results import conclude
from ..streams import deliver, deliver_lines
from ..text import count, display, humane_bytes, json_line, json_name, printable
from ..values import argument, path

if TYPE_CHECKING:
    from pybackup.jobs.catalogue_add import AddedMedium

EPILOG = """\
A MEDIUM is an archive, an image, a drive with a disc, or a directory of these: entered by their indexes, without their
contents being read. A directory without any archive in it is entered with all its files, and these are hashed, unless
--no-hash leaves that to 'catalogue hash'; so is a mounted disc or drive. What is entered again is recognised, and what
changed is told. A disc looks like its copies: --copy says that this is one more.

examples:
  pybackup catalogue add volumes/
  pybackup catalogue add /dev/sr0 --place 'the blue box'
  pybackup catalogue add /media/me/photos --label 'photo drive' --no-hash
  pybackup catalogue add /dev/sr0 --copy --place 'my sister'
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
    add_catalogue(parser)
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Enter media."""
    from pybackup.jobs.catalogue_add import AddOptions, add

    chosen = AddOptions(
        options.label,
        options.place,
        options.title,
        options.description,
        options.copy,
        options.tree,
        not options.no_hash,
    )
    with talk_of(options, options.media[0]) as talk, opened(options) as catalogue:
        for added in add(catalogue, options.media, chosen, talk):
            talk.end()
            if options.json:
                deliver([_json(added)])
            elif not options.quiet:
                deliver_lines([_line(added)])
        return conclude(talk)


def _line(added: AddedMedium) -> str:
    entered, held = added.entered, added.medium.volume
    what = f"{count(held.files, 'file')}, {humane_bytes(held.content_bytes)}"
    if entered.changed:
        how = f"changed: {entered.added:,} new, {entered.altered:,} altered, {entered.gone:,} gone"
    elif entered.new_volume:
        how = "new"
    else:
        how = "a new copy of a volume that is known" if entered.new_medium else "known already"
    told = f"; it tells of {printable(', '.join(added.told))} as well" if added.told else ""
    return f"{printable(entered.label)}: {how}; {what}, {display(added.path)}{told}"


def _json(added: AddedMedium) -> bytes:
    entered = added.entered
    fields: dict[str, Any] = {
        "path": json_name(added.path),
        "medium": json_medium(added.medium),
        "new_volume": entered.new_volume,
        "new_medium": entered.new_medium,
        "changed": {"new": entered.added, "altered": entered.altered, "gone": entered.gone}
        if entered.changed
        else None,
        "told": list(added.told),
    }
    return json_line(fields)
