"""The ``mappings`` blocks: subjects that become others."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, ClassVar, TypeAlias

from msgspec import UNSET, UnsetType

from dotgnatly.config import _subjects
from dotgnatly.config._base import Block
from dotgnatly.config._kinds import Percent
from dotgnatly.config._transforms import destination_fault
from dotgnatly.errors import Fault

Share: TypeAlias = Annotated[int | str, Percent(0)]

_ALL = 100
"""Percent."""


class MappingConfiguration(Block, frozen=True, kw_only=True):
    """A destination of a subject of ``mappings``. A subject in its place has all the weight.

    Source: ``server.MapDest`` (2.15).
    """

    _aliases: ClassVar[Mapping[str, str]] = {"dest": "destination"}

    destination: str | None | UnsetType = UNSET
    """Subject, with ``$1`` or ``{{wildcard(1)}}`` for the wildcards; required.
    Source: ``MapDest.Subject``."""
    weight: Share | None | UnsetType = UNSET
    """Percent of the messages, 0 to 100; required. Source: ``MapDest.Weight``."""
    cluster: str | None | UnsetType = UNSET
    """Only in this cluster; default everywhere. Source: ``MapDest.Cluster``."""

    def _contradictions(self) -> Iterable[Fault]:
        if self.destination is None or self.destination is UNSET:
            yield Fault("destination", "is required")
        if self.weight is None or self.weight is UNSET:
            yield Fault("weight", "is required")

    @classmethod
    def from_short(cls, value: object) -> object:
        """The block that a subject stands for."""
        return cls(destination=value, weight=_ALL) if isinstance(value, str) else value


Destinations: TypeAlias = (
    str
    | MappingConfiguration
    | Mapping[str, Any]
    | Sequence[MappingConfiguration | Mapping[str, Any]]
)
Mappings: TypeAlias = Annotated[Mapping[str, Destinations | None], _subjects.Mappings()]


def destination_faults(source: str, destinations: Iterable[object]) -> Iterable[Fault]:
    """What is wrong with the destinations of a subject, of each and of all together.

    Source: ``Account.AddWeightedMappings`` (2.15).
    """
    seen = set[str]()
    weights = Counter[Any]()
    for index, mapping in enumerate(destinations):
        if not isinstance(mapping, MappingConfiguration):
            continue
        if isinstance(mapping.destination, str):
            if mapping.destination in seen:
                yield Fault(f"[{index}].destination", "is there twice")
            elif reason := destination_fault(source, mapping.destination):
                yield Fault(f"[{index}].destination", reason)
            seen.add(mapping.destination)
        if isinstance(mapping.weight, int):
            cluster = str(mapping.cluster or "")
            weights[cluster] += mapping.weight
            if mapping.weight <= _ALL < weights[cluster]:
                yield Fault(f"[{index}].weight", "the weights are more than 100 together")
