"""The ``resolver`` block: where the JWTs of accounts come from."""

import re
from collections.abc import Iterable
from typing import Annotated, ClassVar, Literal, TypeAlias

from msgspec import UNSET, UnsetType

from dotgnatly.config._base import Block, Duration, FilePath
from dotgnatly.config._kinds import Choice
from dotgnatly.errors import Fault

ResolverType: TypeAlias = Annotated[
    Literal["full", "cache", "memory"], Choice(("full", "cache", "memory"), mem="memory")
]


class ResolverConfiguration(Block, frozen=True, kw_only=True):
    """The ``resolver`` block. ``"MEMORY"`` in its place is the type "memory".

    ``"URL(http://host/jwt/v1/accounts/)"`` in its place, which is no block, fetches them by HTTP.
    Source: ``server.DirAccResolver``, ``server.CacheDirAccResolver``, ``server.MemAccResolver``,
    ``Options.processConfigFileLine`` (2.15).
    """

    _exact: ClassVar[bool] = True

    type: ResolverType | None | UnsetType = UNSET
    """All JWTs in a directory, in step with other servers ("full"), those in use, asked of servers
    that have them all ("cache"), or only those of ``resolver_preload`` ("memory"); required."""
    dir: FilePath | None | UnsetType = UNSET
    """Directory of the JWTs, made if it is missing; required but for "memory"."""
    allow_delete: bool | None | UnsetType = UNSET
    """Of "full": let the operator delete accounts; default false."""
    hard_delete: bool | None | UnsetType = UNSET
    """Of "full", with ``allow_delete``: delete the file, do not rename it; default false."""
    interval: Duration | None | UnsetType = UNSET
    """Of "full": how often it is compared with the other servers; default 1 min."""
    limit: int | None | UnsetType = UNSET
    """JWTs in the directory; default no limit, of "cache" 1000."""
    ttl: Duration | None | UnsetType = UNSET
    """Of "cache": how long a JWT is kept; default 0, no limit."""
    timeout: Duration | None | UnsetType = UNSET
    """How long other servers may take to send a JWT; default 1.9 s.
    Source: ``server.FetchTimeout``."""

    @classmethod
    def from_short(cls, value: object) -> object:
        """The block that "MEMORY" stands for; a URL in its one spelling."""
        if not isinstance(value, str):
            return value
        if value.strip().lower() in {"mem", "memory"}:
            return cls(type="memory")
        url = re.fullmatch(r'\s*URL\(\s*"?([^\s"]*)"?\s*\)\s*', value, re.IGNORECASE)
        return f"URL({url[1]})" if url else value

    def _contradictions(self) -> Iterable[Fault]:
        if not self.type:
            yield Fault("type", "is required")
        elif self.type != "memory" and not self.dir:
            yield Fault("dir", "is required")
        hard_delete = isinstance(self.hard_delete, bool)  # false is refused as well
        if self.type == "cache":
            values = {"interval": self.interval, "allow_delete": self.allow_delete}
            for name, value in (values | {"hard_delete": hard_delete}).items():
                if value:
                    yield Fault(name, "is of the type 'full' only")
        elif self.type == "full":
            if self.ttl:
                yield Fault("ttl", "is of the type 'cache' only")
            if hard_delete and not self.allow_delete:
                yield Fault("hard_delete", "has no effect without allow_delete")
