"""Generating the completion script for zsh."""

from __future__ import annotations

from .interface import Argument, Command, Interface, Values

_SCRIPT = """\
#compdef pybackup
# zsh completion for pybackup; made by python -m pybackup.cli.completions, do not edit

_pybackup() {{
    local curcontext="$curcontext" state line ret=1
    typeset -A opt_args
    _arguments -C \\
{main} \\
        '1:verb:->verb' '*::argument:->arguments' && ret=0
    case $state in
    verb)
        local -a verbs=(
{verbs}
        )
        _describe -t commands verb verbs && ret=0
        ;;
    arguments)
        curcontext="${{curcontext%:*:*}}:pybackup-$words[1]:"
        case $words[1] in
{cases}
        esac
        ;;
    esac
    return ret
}}

{families}

_pybackup "$@"
"""

_FAMILY = """\
_pybackup_{family}() {{
    local curcontext="$curcontext" state line ret=1
    typeset -A opt_args
    _arguments -C '1:verb:->verb' '*::argument:->arguments' && ret=0
    case $state in
    verb)
        local -a verbs=(
{verbs}
        )
        _describe -t commands verb verbs && ret=0
        ;;
    arguments)
        case $words[1] in
{cases}
        esac
        ;;
    esac
    return ret
}}"""

_ACTIONS = {Values.FILES: "_files", Values.DIRECTORIES: "_files -/", Values.OTHER: " "}


def make(interface: Interface) -> str:
    """Return the text of the script."""
    single = [command for command in interface.commands if len(command.words) == 1]
    cases = [_case(command) for command in single]
    cases += [f"        {family}) _pybackup_{family} && ret=0 ;;" for family in interface.families]
    return _SCRIPT.format(
        main=" \\\n".join(f"        {_option(option)}" for option in interface.main.options),
        verbs=_described(interface.choices()),
        cases="\n".join(cases),
        families="\n\n".join(_family(family, interface) for family in interface.families),
    )


def _family(family: str, interface: Interface) -> str:
    cases = [_case(command) for command in interface.commands if command.words[0] == family]
    return _FAMILY.format(family=family, verbs=_described(interface.choices(family)), cases="\n".join(cases))


def _described(choices: dict[str, str]) -> str:
    return "\n".join(f"            {_quoted(f'{word}:{_escaped(summary)}')}" for word, summary in choices.items())


def _case(command: Command) -> str:
    specs = [_option(option) for option in command.options]
    specs += [_positional(argument, number) for number, argument in enumerate(command.positionals, 1)]
    lines = " \\\n".join(f"                {spec}" for spec in specs)
    return f"        {command.words[-1]})\n            _arguments -s -S \\\n{lines} && ret=0\n            ;;"


def _option(option: Argument) -> str:
    exclusion = "*" if option.many else f"({' '.join(option.flags)})"
    takes = option.values is not Values.NONE
    value = f":{_escaped(option.metavar or 'value')}:{_action(option)}" if takes else ""
    specs = []
    for flag in option.flags:
        # --name=value and --name value; -o value and -ovalue
        name = flag + ("" if not takes else "=" if flag.startswith("--") else "+")
        specs.append(_quoted(f"{exclusion}{name}[{_escaped(option.help)}]{value}"))
    return " ".join(specs)


def _positional(argument: Argument, number: int) -> str:
    return _quoted(f"{'*' if argument.many else number}:{argument.metavar}:{_action(argument)}")


def _action(argument: Argument) -> str:
    if argument.values is Values.WORDS:
        return f"({' '.join(argument.words)})"
    return _ACTIONS[argument.values]


def _escaped(text: str) -> str:
    for character in "\\:[]":
        text = text.replace(character, "\\" + character)
    return text


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
