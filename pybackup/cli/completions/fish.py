"""Generating the completion script for fish."""

from __future__ import annotations

from collections.abc import Iterator

from .interface import Argument, Command, Interface, Values

_HEAD = """\
# fish completion for pybackup; made by python -m pybackup.cli.completions, do not edit

function __pybackup_verb --description 'the verb so far'
    set -l verb
    for word in (commandline -opc)[2..-1]
        if string match -q -- '-*' $word
            continue
        end
        if test -z "$verb"
            set verb $word
        else if contains -- "$verb" {families}
            set verb "$verb $word"
        end
    end
    echo "$verb"
end

function __pybackup_is
    test (__pybackup_verb) = "$argv"
end

complete -c pybackup -f
"""


def make(interface: Interface) -> str:
    """Return the text of the script."""
    lines = [_HEAD.format(families=" ".join(interface.families))]
    lines += _words("", interface.choices())
    lines += [_option("", option) for option in interface.main.options]
    for family in interface.families:
        lines += _words(family, interface.choices(family))
    for command in interface.commands:
        lines += _command(command)
    return "\n".join(lines) + "\n"


def _words(before: str, choices: dict[str, str]) -> list[str]:
    return [f"{_start(before)} -a {word} -d {_quoted(summary)}" for word, summary in choices.items()]


def _command(command: Command) -> Iterator[str]:
    words = " ".join(command.words)
    yield ""
    for option in command.options:
        yield _option(words, option)
    for argument in command.positionals:
        if argument.values is Values.WORDS:
            yield f"{_start(words)} -a {_quoted(' '.join(argument.words))}"
    if any(argument.values is Values.FILES for argument in command.positionals):
        yield f"{_start(words)} -F"


def _option(words: str, option: Argument) -> str:
    parts = [_start(words)]
    for flag in option.flags:
        parts.append(f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}")
    if option.values is Values.FILES:
        parts.append("-r -F")
    elif option.values is not Values.NONE:
        parts.append("-x")
    if option.values is Values.DIRECTORIES:
        parts.append("-a '(__fish_complete_directories)'")
    elif option.values is Values.WORDS:
        parts.append(f"-a {_quoted(' '.join(option.words))}")
    return " ".join([*parts, f"-d {_quoted(option.help)}"])


def _start(words: str) -> str:
    return f'complete -c pybackup -n "__pybackup_is {words}"' if words else "complete -c pybackup -n __pybackup_is"


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
