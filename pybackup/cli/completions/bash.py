"""Generating the completion script for bash."""

from __future__ import annotations

from collections.abc import Iterable

from .interface import Argument, Command, Interface, Values

_SCRIPT = """\
# bash completion for pybackup; made by python -m pybackup.cli.completions, do not edit

_pybackup() {{
    local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD - 1]}} verb= word options= words=
    COMPREPLY=()
    # bash takes the = of --option=value for a word of its own
    if [[ $current == '=' ]]; then
        current=
    elif [[ $previous == '=' ]]; then
        previous=${{COMP_WORDS[COMP_CWORD - 2]}}
    fi
    for word in "${{COMP_WORDS[@]:1:COMP_CWORD - 1}}"; do
        case "$verb" in
        '') [[ $word == -* ]] || verb=$word ;;
        {families}) [[ $word == -* ]] || verb="$verb $word" ;;
        esac
    done
    case "$verb" in
    '')
        options='{main_options}'
        words='{main_words}'
        ;;
{cases}
    esac
    if [[ $current == -* ]]; then
        COMPREPLY=($(compgen -W "$options" -- "$current"))
    elif [[ $words ]]; then
        COMPREPLY=($(compgen -W "$words" -- "$current"))
    fi
    # nothing found: readline goes on with the names of files
}}

complete -o default -F _pybackup pybackup
"""


def make(interface: Interface) -> str:
    """Return the text of the script."""
    cases = [_case(command) for command in interface.commands]
    cases += [_family(family, interface) for family in interface.families]
    return _SCRIPT.format(
        families="|".join(interface.families),
        main_options=_flags(interface.main.options),
        main_words=" ".join(interface.choices()),
        cases="\n".join(cases),
    )


def _family(family: str, interface: Interface) -> str:
    return f"    {family}) words='{' '.join(interface.choices(family))}' ;;"


def _case(command: Command) -> str:
    lines = [f"    '{' '.join(command.words)}')", f"        options='{_flags(command.options)}'"]
    words = [word for argument in command.positionals for word in argument.words]
    if words:
        lines.append(f"        words='{' '.join(words)}'")
    lines.append('        case "$previous" in')
    lines += [line for argument in command.options if (line := _value(argument))]
    return "\n".join([*lines, "        esac", "        ;;"])


def _value(argument: Argument) -> str:
    flags = "|".join(argument.flags)
    if argument.values is Values.WORDS:
        return f"        {flags}) words='{' '.join(argument.words)}' ;;"
    if argument.values is Values.DIRECTORIES:
        # compopt works only while readline completes
        return f"        {flags}) compopt +o default -o dirnames 2>/dev/null; return ;;"
    if argument.values is Values.FILES:
        return f"        {flags}) return ;;"
    if argument.values is Values.OTHER:
        return f"        {flags}) compopt +o default 2>/dev/null; return ;;"
    return ""


def _flags(options: Iterable[Argument]) -> str:
    return " ".join(flag for option in options for flag in option.flags)
