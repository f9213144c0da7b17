"""The kinds of options that monitoring calls take, beside ``bool`` and ``Literal``.

As in the configuration an annotation says the type, for type checkers, and how a value is checked.
"""

from collections.abc import Sequence
from typing import Annotated, Any, TypeAlias

from dotgnatly.config._containers import Items
from dotgnatly.config._kinds import Faults, Text, Whole, wrong
from dotgnatly.config._subjects import Subject


class _Name(Text):
    """A string that says something: to the server an empty one is none."""

    def faults(self, value: Any) -> Faults:
        return wrong("a name", value) if value == "" else super().faults(value)


class _Names(Items):
    """Some of them: an empty list would be all to the server."""

    def faults(self, value: Any) -> Faults:
        return wrong("one name or more", value) if value == () else super().faults(value)


Name: TypeAlias = Annotated[str, _Name()]
Names: TypeAlias = Annotated[Sequence[str], _Names(_Name())]
Filter: TypeAlias = Annotated[str, Subject()]
Literally: TypeAlias = Annotated[str, Subject(literal=True)]
Number: TypeAlias = Annotated[int, Whole(1)]
Offset: TypeAlias = Annotated[int, Whole(0)]
