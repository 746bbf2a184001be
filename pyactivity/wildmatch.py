"""One pattern of `.gitignore` as a regular expression whose matching takes time linear in the path.

The language is that of git's wildmatch.c with slashes told apart, read from its source and compared with git by tests:

    ?  [...]   one character but a slash
    *          any characters but slashes
    **/        nothing, or any directories, where it begins a component: at the start or behind a slash
    /**        at the end, whatever lies below
    \\x         the character x; nothing else is special

Characters are those of UTF-8, and each byte that is none; in git they are bytes.

Why linear. A pattern is a sequence of pieces of fixed length with gaps between them. Behind a gap the earliest place of
a piece is the best one, since what follows has more room then. So each piece is sought once, from the left, inside an
atomic group (`(?>...)`) that forgets the other places, and the last piece of a component stands where the component
ends. No place of a path is tried twice for the same piece: the work is bounded by the length of the path times that of
the pattern.
"""

import re
from collections.abc import Iterator

_SPECIAL = re.compile(r"[*?\[\\]")
_ONE = "[^/]"
_GAP = "*"  # tokens that are no expressions of one character
_ANY_DIRECTORIES, _DIRECTORIES, _REST = "**/", "**\\/", "/**"
_WHATEVER = frozenset({_ANY_DIRECTORIES, _DIRECTORIES, _REST})

# git's own tables, which are those of ASCII whatever the locale, but for its spaces: no vertical tab, no form feed.
_CLASSES = {
    "alnum": "09AZaz",
    "alpha": "AZaz",
    "blank": "\t\t  ",
    "cntrl": "\x01\x1f\x7f\x7f",
    "digit": "09",
    "graph": "!~",
    "lower": "az",
    "print": " ~",
    "punct": "!/:@[`{~",
    "space": "\t\n\r\r  ",
    "upper": "AZ",
    "xdigit": "09AFaf",
}


class MatchesNothing(ValueError):
    """A pattern that no path can match."""


def expression(pattern: str) -> str:
    """Return an expression that matches, from the start to the end, what a pattern matches.

    pattern  without `!`, a slash at the start and one at the end; to be matched on a name or on a whole path, with
             the flag DOTALL
    Raises MatchesNothing.
    """
    groups: list[list[str]] = [[]]
    joints: list[str] = []
    for token in _tokens(pattern):
        if token in _WHATEVER:
            joints.append(token)
            groups.append([])
        else:
            groups[-1].append(token)
    if joints and joints[-1] == _REST:
        last = ""
        groups.pop()
        joints.pop()
    else:
        last = r"\Z"
    parts = [_group(groups[0], last if len(groups) == 1 else "")]
    within = bool(groups[0]) and groups[0][-1] != "/"  # "a**/" goes on in the component that it is in
    for number, (joint, group) in enumerate(zip(joints, groups[1:], strict=True), 2):
        skipped, within = (".*?/", False) if joint == _DIRECTORIES else ("(?:|.*?/)", within)
        text = skipped + _group(group, last if number == len(groups) else "", within)
        # Before the end the earliest place is the best one; at the end there is but one, found by trying them all.
        parts.append(text if number == len(groups) else f"(?>{text})")
        within = within and not group
    return "".join(parts)


def crossing_expression(pattern: str) -> str:
    """Return an expression for a pattern whose stars cross slashes, and which matches what lies below a path, too.

    As `expression` otherwise. A slash is a character like others then; `?` and brackets still do not match it.
    """
    tokens: list[str] = []
    for token in _tokens(pattern):
        tokens += (_GAP,) if token == _REST else (_GAP, "/") if token in _WHATEVER else (token,)
    return _component(tokens, r"(?:/.*)?\Z", ".")


def _tokens(pattern: str) -> Iterator[str]:
    """Expressions of one character each, and what stands for more."""
    special = _SPECIAL.search(pattern)
    plain = special.start() if special else len(pattern)
    at, last = 0, len(pattern)
    while at < last:
        character = pattern[at]
        if character == "\\":
            if at + 1 == last:
                raise MatchesNothing("a backslash at the end")
            yield re.escape(pattern[at + 1])
            at += 2
        elif character == "?":
            yield _ONE
            at += 1
        elif character == "[":
            text, at = _bracket(pattern, at)
            yield text
        elif character == "*":
            end = at
            while pattern[end : end + 1] == "*":
                end += 1
            # git takes off what is plain before it looks: behind it a component begins, too.
            begins = at == plain or pattern[at - 1] == "/"
            token, length = _stars(pattern[end : end + 2]) if end - at > 1 and begins else (_GAP, 0)
            yield token
            at = end + length
        else:
            yield re.escape(character)
            at += 1


def _stars(behind: str) -> tuple[str, int]:
    """What two stars that begin a component are by the two characters behind them, and how many of these they take."""
    if not behind:
        return _REST, 0
    if behind[0] == "/":
        return _ANY_DIRECTORIES, 1
    return (_DIRECTORIES, 2) if behind == "\\/" else (_GAP, 0)


def _group(tokens: list[str], end: str, within: bool = False) -> str:
    """Components that follow one another, the first one maybe begun already."""
    components: list[list[str]] = [[]]
    for token in tokens:
        if token == "/":
            components.append([])
        else:
            components[-1].append(token)
    inner, last = components[:-1], components[-1]
    if not all(inner[within:]) or (end and not last and not within):
        raise MatchesNothing("a component without a name")
    text = "".join(_component(component, "/") for component in inner)
    return text + (_component(last, end) if last or end else "")


def _component(tokens: list[str], end: str, of_gap: str = _ONE) -> str:
    pieces: list[str] = [""]
    for token in tokens:
        if token == _GAP:
            pieces.append("")
        else:
            pieces[-1] += token
    if len(pieces) == 1:
        return pieces[0] + end
    between = "".join(f"(?>{of_gap}*?{piece})" for piece in pieces[1:-1])
    return f"{pieces[0]}{between}(?>{of_gap}*{pieces[-1]}{end})"


def _bracket(pattern: str, at: int) -> tuple[str, int]:
    """The expression of a bracket that opens at a place, and the place behind it: wildmatch.c, step by step."""
    at += 1
    negated = pattern[at : at + 1] in ("!", "^")
    at += negated
    ranges: list[tuple[str, str]] = []
    previous, first = "", True
    while True:
        character = pattern[at : at + 1]
        if character == "]" and not first:
            break
        first = False
        if character == "-" and previous and pattern[at + 1 : at + 2] not in ("", "]"):
            character, at = _member(pattern, at + 1)
            ranges.append((previous, character))
            previous = ""
        elif character == "[" and pattern[at + 1 : at + 2] == ":" and (end := _class_end(pattern, at)):
            ranges += _class(pattern[at + 2 : end - 1])
            previous, at = "", end
        else:
            previous, at = _member(pattern, at)
            ranges.append((previous, previous))
        at += 1
    return _set(ranges, negated), at + 1


def _member(pattern: str, at: int) -> tuple[str, int]:
    """The character at a place in a bracket, and the place of its last sign."""
    at += pattern[at : at + 1] == "\\"
    if at >= len(pattern):
        raise MatchesNothing("a bracket that does not close")
    return pattern[at], at


def _class_end(pattern: str, at: int) -> int:
    """Where the bracket of a class such as `[:digit:]` closes; 0 where none opens here."""
    end = pattern.find("]", at + 2)
    if end < 0:
        raise MatchesNothing("a bracket that does not close")
    return end if end > at + 2 and pattern[end - 1] == ":" else 0


def _class(name: str) -> Iterator[tuple[str, str]]:
    if name not in _CLASSES:
        raise MatchesNothing(f"an unknown class [:{name}:]")
    ends = iter(_CLASSES[name])
    return zip(ends, ends, strict=True)


def _set(ranges: list[tuple[str, str]], negated: bool) -> str:
    """One character of some ranges, or of none of them, but never a slash."""
    ranges = [(first, last) for first, last in ranges if first <= last]
    inside = "".join(f"{re.escape(first)}-{re.escape(last)}" for first, last in ranges)
    if negated:
        return f"[^/{inside}]"
    if all(both == ("/", "/") for both in ranges):
        raise MatchesNothing("a bracket without any character")
    return f"(?!/)[{inside}]" if any(first <= "/" <= last for first, last in ranges) else f"[{inside}]"
