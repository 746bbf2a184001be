"""The command line as options that go together, and the survey that they ask for."""

import argparse

from pyactivity.errors import BadValue
from pyactivity.parsers import AUTO, report_parser, select_parser
from pyactivity.patterns import read_patterns
from pyactivity.streams import STDOUT
from pyactivity.survey import Survey, take_survey

_MOST_PATTERN_BYTES = 16 << 20


def parse(words: list[str]) -> argparse.Namespace:
    """The options of a command line. Leaves with SystemExit as argparse does."""
    if words[:1] == ["select"]:
        parser, words = select_parser(), words[1:]
        parser.set_defaults(command="select")
    else:
        parser = report_parser()
        parser.set_defaults(command="report")
    # Between the DIRs, too: pyactivity select ~ --activity 1 ~/more
    options = parser.parse_intermixed_args(words)
    options.directories = options.directories or ["."]
    if options.since is not None and options.until is not None and options.since > options.until:
        parser.error("--since is later than --until")
    options.published = {}
    if options.command == "report":
        _check_report(options, parser)
    return options


def survey_of(options: argparse.Namespace) -> Survey:
    """Scan and arrange as the options say. Raises BadValue."""
    lines = list(options.exclude)
    for name in options.exclude_from:
        try:
            with open(name, "rb") as stream:
                data = stream.read(_MOST_PATTERN_BYTES + 1)
            if len(data) > _MOST_PATTERN_BYTES:
                raise BadValue(f"--exclude-from {name}: longer than {_MOST_PATTERN_BYTES >> 20} MiB: no patterns")
            lines += read_patterns(data)
        except OSError as error:
            raise BadValue(f"--exclude-from {name}: {error.strerror}") from error
    return take_survey(
        options.directories,
        radius_ns=None if options.radius == AUTO else options.radius,
        since_ns=options.since,
        until_ns=options.until,
        by=options.by,
        exclude=lines,
        keep_junk=options.keep_junk,
        one_file_system=options.one_file_system,
        streams=options.streams,
    )


def _check_report(options: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    if options.depth is not None and not options.tree:
        parser.error("--depth is about --tree")
    if options.sort and not (options.tree or options.browse):
        parser.error("--sort is about --tree and --browse")
    if options.tree and (options.names or options.against):
        parser.error("--tree sums up, and goes with neither --names nor --against")
    others = ("tree", "overview", "names", "null", "json", "explain", "newest", "largest", "against")
    if options.browse and any(getattr(options, name) for name in others):
        parser.error("--browse shows directories, and goes with no other way to show")
    if options.overview and (options.tree or options.names or options.limit is not None):
        parser.error("--overview goes with neither --tree, --names nor --limit")
    ranked = options.newest or options.largest
    if ranked and (options.tree or options.overview or options.names or options.explain or options.limit is not None):
        parser.error("--newest and --largest are of files, and go with neither --tree, --names, --explain nor --limit")
    if options.explain and (options.tree or options.null):
        parser.error("--explain is about groups, and goes with neither --tree nor --null")
    options.published = {form: path for form in ("html", "svg", "png") if (path := getattr(options, form))}
    if list(options.published.values()).count(STDOUT) > 1:
        parser.error("there is one standard output: only one of --html, --svg and --png can be -")
    if options.published and (ranked or options.explain or options.browse or options.overview):
        parser.error("--html, --svg and --png go with no other way to show")
    if options.published and (options.tree or options.names or options.null or options.json):
        parser.error("--html, --svg and --png go with neither --tree nor --names nor --null nor --json")
