"""Subjects, and subjects that become others, as kinds of fields."""

import re
from typing import Any

from dotgnatly.config._containers import FrozenDict, Items, Named, Nested
from dotgnatly.config._kinds import Faults, Text, under, wrong

_PART = r"(?!>\.)[^.\t\n\f\r ]+"
_SUBJECT = rf"{_PART}(?:\.{_PART})*"
_WILDCARD = r"(?:^|\.)[*>](?:\.|\Z)"
_WORD = r"[\S\x1c-\x1f]+"
"""What stands between spaces for Go: it counts fewer characters as such than Python."""


def is_subject(text: str) -> bool:
    """Whether a text is a subject, wildcards allowed. Source: ``server.IsValidSubject`` (2.15)."""
    if ".." not in text and ">." not in text and text.split() == [text]:
        return text[0] != "." != text[-1]  # so it is with nearly all, and this is quicker
    return re.fullmatch(_SUBJECT, text) is not None


def has_wildcard(subject: str) -> bool:
    """Whether a token of a subject is a wildcard. Source: ``server.subjectHasWildcard`` (2.15)."""
    return re.search(_WILDCARD, subject) is not None


def names_queue(value: object) -> bool:
    """Whether a value is a subject and a queue group, with a space between them.

    Source: ``server.checkPermSubjectArray`` (2.15).
    """
    if not isinstance(value, str) or is_subject(value):
        return False
    words = re.findall(_WORD, value)
    return len(words) == 2 and all(map(is_subject, words))  # noqa: PLR2004 - subject and queue


class Subject(Text):
    """A subject; ``literal``: without wildcards; ``queue``: a queue group may follow."""

    def __init__(self, *, literal: bool = False, queue: bool = False) -> None:
        self.literal = literal
        self.queue = queue

    def faults(self, value: Any) -> Faults:
        if faults := super().faults(value):
            return faults
        if is_subject(value):
            if not (self.literal and has_wildcard(value)):
                return ()
        elif self.queue and names_queue(value):
            return ()
        return wrong("a subject without wildcards" if self.literal else "a subject", value)


class Mappings(Named):
    """Subjects, and what they become: see ``mappings``."""

    def __init__(self) -> None:
        super().__init__(Items(Nested("mappings.MappingConfiguration"), lone=True))

    def faults(self, value: Any) -> Faults:
        found = [*super().faults(value)]
        if isinstance(value, FrozenDict):
            from dotgnatly.config.mappings import destination_faults

            for source, destinations in value.items():
                if not is_subject(str(source)):
                    found += under(source, wrong("a subject", source))
                elif isinstance(destinations, tuple):
                    found += under(source, destination_faults(source, destinations))
        return found
