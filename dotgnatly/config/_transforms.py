"""How a subject becomes another one: what nats-server takes for a destination."""

import re

_SPACE = r"[\t\n\f\r ]"
_WILDCARD = "[wW]ildcard"
_FUNCTIONS = {
    "wildcard": _WILDCARD,
    "partition": "[pP]artition",
    "splitfromleft": "[sS]plit[fF]rom[lL]eft",
    "splitfromright": "[sS]plit[fF]rom[rR]ight",
    "slicefromleft": "[sS]lice[fF]rom[lL]eft",
    "slicefromright": "[sS]lice[fF]rom[rR]ight",
    "right": "[rR]ight",
    "left": "[lL]eft",
    "split": "[sS]plit",
    "random": "[rR]andom",
}
"""In the order in which the server looks for them."""

_LONGEST = 4096
"""Longer texts are not searched for functions: it takes the square of their length."""

_INT32 = range(-(1 << 31), 1 << 31)
_INT64 = range(-(1 << 63), 1 << 63)


def destination_fault(source: str, destination: str, *, strict: bool = False) -> str | None:
    """What keeps a subject from becoming a destination; None if nothing does.

    Args:
        source: The subject, with wildcards or without.
        destination: With ``$1`` or ``{{wildcard(1)}}`` in place of the first wildcard. An empty one
            is none, and right; one of more than 4096 characters is left to the server.
        strict: The way back must be known as well, as for imports: no other functions, and every
            wildcard is used.
    Source: ``server.ValidateMapping``, ``server.NewSubjectTransformWithStrict`` (2.15).
    """
    if not destination or len(destination) > _LONGEST:
        return None
    tokens, sources = destination.split("."), source.split(".")
    wildcards = sources.count("*") if {"*", ">"} & {*sources} else None
    try:
        _check_shape(tokens, sources)
        used = sum(_used(token, wildcards, strict=strict) for token in tokens)
    except ValueError as exc:
        return str(exc)
    unused = strict and used < (wildcards or 0)
    return "does not use every wildcard of the source" if unused else None


def _check_shape(tokens: list[str], sources: list[str]) -> None:
    if "" in tokens or ">" in tokens[:-1]:
        raise ValueError("is not a subject")
    if "*" in tokens:
        raise ValueError("has a wildcard: write $1 or {{wildcard(1)}} for the source's first one")
    if (tokens[-1] == ">") != (sources[-1] == ">"):
        raise ValueError("must end with > if the source does, and only then")


def _used(token: str, wildcards: int | None, *, strict: bool) -> int:
    """How many wildcards of the source a token uses, of so many; None if there is not even a ``>``.

    Raises:
        ValueError: The source cannot become it.
    """
    shown = token[:60]
    try:
        function, indexes = _placeholder(token)
    except ValueError as exc:
        raise ValueError(f"has {shown}: {exc}") from exc
    if function is None:
        if not strict and re.search(_SPACE, token):
            raise ValueError("has a space")
        return 0
    if strict and function != "wildcard":
        raise ValueError(f"has {shown}: an import knows wildcards only")
    without = function in ("partition", "random")
    if not (without if wildcards is None else all(index <= wildcards for index in indexes)):
        raise ValueError(f"has {shown}: the source has no such wildcard")
    return len(indexes)


def with_placeholders(subject: str) -> str:
    """The subject with ``$1`` and so on for its wildcards. Source: ``server.transformTokenize``."""
    tokens = subject.split(".")
    numbers = iter(range(1, len(tokens) + 1))
    return ".".join(f"${next(numbers)}" if token == "*" else token for token in tokens)  # noqa: S105


def has_placeholder(subject: str) -> bool:
    """Whether a token stands for a wildcard. Source: ``server.transformUntokenize`` (2.15)."""
    for token in subject.split("."):
        arguments = _arguments(_WILDCARD, token)
        if re.match(r"\$[1-9]", token) or (len(arguments) == 1 and arguments[0]):
            return True
    return False


def _placeholder(token: str) -> tuple[str | None, list[int]]:
    """What a token of a destination stands for: a function, and which wildcards it takes.

    Raises:
        ValueError: It is none of the functions, or has not the right arguments.
    Source: ``server.indexPlaceHolders`` (2.15).
    """
    if token[0] == "$":
        index = _integer(token[1:])
        return (None, []) if index is None else ("wildcard", [index])
    if not (len(token) > len("{{}}") and token[:2] == "{{" and token[-2:] == "}}"):
        return None, []
    for function, pattern in _FUNCTIONS.items():
        if arguments := _arguments(pattern, token):
            return function, _indexes(function, arguments)
    raise ValueError("no such function")


def _arguments(pattern: str, token: str) -> list[str]:
    call = rf"\{{\{{{_SPACE}*{pattern}{_SPACE}*\((.*)\){_SPACE}*\}}\}}"
    match = re.search(call, token)
    return re.split(rf",{_SPACE}*", match[1]) if match else []


def _indexes(function: str, arguments: list[str]) -> list[int]:
    match function, [_integer(argument.strip(" ")) for argument in arguments]:
        case "wildcard", [int(index)]:
            return [index]
        case "random", [int(most)] if most < _INT32.stop:
            return []
        case "partition", [int(most), *indexes] if most < _INT32.stop and None not in indexes:
            return [index for index in indexes if index is not None]
        case "split", [int(index), _] if " " not in arguments[1]:
            return [index]
        case (("wildcard" | "random" | "partition" | "split"), _):
            pass
        case _, [int(index), int(length)] if length in _INT32:
            return [index]
    raise ValueError("not the arguments that it takes")


def _integer(text: str) -> int | None:
    if re.fullmatch(r"[+-]?[0-9]{1,99}", text) and (number := int(text)) in _INT64:
        return number
    return None
