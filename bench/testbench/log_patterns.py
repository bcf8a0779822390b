"""CloudWatch Logs' filter patterns: terms, phrases, regular expressions, and comparisons in JSON.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
Not here: patterns of fields between blanks, `[ip, user, ...]`. They are refused.
"""

import json
import re
from collections.abc import Callable, Iterator
from operator import eq, ge, gt, le, lt, ne
from typing import Any

Matcher = Callable[[str], bool]
Test = Callable[[Any], bool]

_TERM = re.compile(r'\s*([-?]?)(?:"((?:[^"\\]|\\.)*)"|%((?:[^%\\]|\\.)+)%|([^\s"]+))')
_WORD = re.compile(r"[A-Za-z0-9_]+")
_TOKEN = re.compile(
    r'\s*(?:(?P<or>\|\|)|(?P<and>&&)|(?P<open>\()|(?P<close>\))|(?P<compare>!=|>=|<=|=|>|<)|"(?P<text>(?:[^"\\]|\\.)*)"'
    r"|%(?P<regex>(?:[^%\\]|\\.)+)%|(?P<path>\$(?:\.[A-Za-z0-9_\-*@]+|\[[^\]]+\]|\.\[[^\]]+\])+)|(?P<word>[^\s()|&=<>!]+))"
)
_STEP = re.compile(r"\.?\[['\"]?([^\]'\"]+)['\"]?\]|\.([A-Za-z0-9_\-*@]+)")
_COMPARE = {"=": eq, "!=": ne, ">": gt, ">=": ge, "<": lt, "<=": le}


class PatternError(ValueError):
    """A pattern that CloudWatch Logs refuses."""


def compile_pattern(pattern: str) -> Matcher:
    """Whether a message matches the pattern; an empty one matches all. Raises `PatternError`."""
    text = pattern.strip()
    if not text:
        return _contains("")
    if text.startswith("["):
        raise PatternError("patterns of fields between blanks are not emulated here")
    return _json(text) if text.startswith("{") else _terms(text)


def _terms(pattern: str) -> Matcher:
    required: list[Matcher] = []
    optional: list[Matcher] = []
    excluded: list[Matcher] = []
    position = 0
    while position < len(pattern.rstrip()):
        found = _TERM.match(pattern, position)
        if found is None:
            raise PatternError("Invalid filter pattern: a quote is not closed")
        sign, phrase, regex, word = found.groups()
        if word is not None and not _WORD.fullmatch(word):
            raise PatternError(f"Invalid character(s) in term '{word}'")
        matcher = _regex(regex) if regex is not None else _contains(word if phrase is None else _unescaped(phrase))
        {"": required, "?": optional, "-": excluded}[sign].append(matcher)
        position = found.end()

    def matches(message: str) -> bool:
        if any(each(message) for each in excluded) or not all(each(message) for each in required):
            return False
        return bool(required or not optional) or any(each(message) for each in optional)

    return matches


def _contains(term: str) -> Matcher:
    return lambda message: term in message


def _regex(text: str) -> Matcher:
    try:
        compiled = re.compile(text)
    except re.error as error:
        raise PatternError(f"Invalid regular expression %{text}%: {error}") from error
    return lambda message: compiled.search(message) is not None


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _json(pattern: str) -> Matcher:
    if not pattern.endswith("}"):
        raise PatternError("Invalid filter pattern: a brace is not closed")
    tokens = _tokens(pattern[1:-1])
    test = _alternatives(tokens)
    if tokens:
        raise PatternError(f"Invalid filter pattern: unexpected {tokens[0][1]!r}")

    def matches(message: str) -> bool:
        try:
            document = json.loads(message)
        except ValueError:
            return False
        return isinstance(document, dict) and test(document)

    return matches


def _tokens(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    position = 0
    while position < len(text.rstrip()):
        token = _TOKEN.match(text, position)
        if token is None or token.lastgroup is None:
            raise PatternError(f"Invalid filter pattern: unexpected {text[position:].strip()!r}")
        found.append((token.lastgroup, token[token.lastgroup]))
        position = token.end()
    return found


def _alternatives(tokens: list[tuple[str, str]]) -> Test:
    tests = [_conjunction(tokens)]
    while tokens and tokens[0][0] == "or":
        tokens.pop(0)
        tests.append(_conjunction(tokens))
    return lambda document: any(test(document) for test in tests)


def _conjunction(tokens: list[tuple[str, str]]) -> Test:
    tests = [_condition(tokens)]
    while tokens and tokens[0][0] == "and":
        tokens.pop(0)
        tests.append(_condition(tokens))
    return lambda document: all(test(document) for test in tests)


def _condition(tokens: list[tuple[str, str]]) -> Test:
    kind, text = _take(tokens)
    if kind == "open":
        inner = _alternatives(tokens)
        if _take(tokens)[0] != "close":
            raise PatternError("Invalid filter pattern: a parenthesis is not closed")
        return inner
    if kind != "path":
        raise PatternError(f"Invalid filter pattern: {text!r} is no property such as $.level")
    steps = [bracketed or plain for bracketed, plain in _STEP.findall(text[1:])]
    operator_kind, operator = _take(tokens)
    if operator_kind == "word":
        return _keyword(steps, operator.upper(), _take(tokens)[1].upper())
    if operator_kind != "compare":
        raise PatternError(f"Invalid filter pattern: {operator!r} is no comparison")
    test = _comparison(operator, *_take(tokens))
    return lambda document: any(test(value) for value in _values(document, steps))


def _take(tokens: list[tuple[str, str]]) -> tuple[str, str]:
    if not tokens:
        raise PatternError("Invalid filter pattern: it ends too early")
    return tokens.pop(0)


def _keyword(steps: list[str], operator: str, operand: str) -> Test:
    constants = {"NULL": None, "TRUE": True, "FALSE": False}
    if operator == "IS" and operand in constants:
        return lambda document: any(value is constants[operand] for value in _values(document, steps))
    if (operator, operand) == ("NOT", "EXISTS"):
        return lambda document: not list(_values(document, steps))
    raise PatternError(f"Invalid filter pattern: {operator} {operand}")


def _comparison(operator: str, kind: str, operand: str) -> Test:
    compare = _COMPARE[operator]
    if kind == "word":
        try:
            number = float(operand)
        except ValueError:
            pass
        else:
            return lambda value: (
                isinstance(value, (int, float)) and not isinstance(value, bool) and compare(value, number)
            )
    if operator not in ("=", "!="):
        raise PatternError(f"Invalid filter pattern: {operator} compares numbers only")
    if kind == "regex":
        found = _regex(operand)
    elif kind in ("word", "text"):
        parts = (re.escape(_unescaped(part)) for part in operand.split("*"))
        found = _regex(f"(?s)^{'.*'.join(parts)}$")
    else:
        raise PatternError(f"Invalid filter pattern: unexpected {operand!r}")
    return lambda value: isinstance(value, (str, int, float)) and found(_as_text(value)) == (operator == "=")


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _values(document: Any, steps: list[str]) -> Iterator[Any]:
    """What the property is: nothing when it is not there, each element for a wildcard."""
    if not steps:
        yield document
        return
    first, *rest = steps
    if first == "*" and isinstance(document, (list, dict)):
        for element in document if isinstance(document, list) else document.values():
            yield from _values(element, rest)
    elif isinstance(document, dict) and first in document:
        yield from _values(document[first], rest)
    elif isinstance(document, list) and first.isdecimal() and int(first) < len(document):
        yield from _values(document[int(first)], rest)
