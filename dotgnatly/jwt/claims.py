"""The claims of operators, accounts and users: made, signed, read and revoked.

Their fields are the keys of the JWT. As in a configuration only what was set counts; what is not
said has no limit. What signs and reads is NATS's own jwt module.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, TypeAlias, TypeVar, overload

import msgspec
from msgspec import UNSET, UnsetType

from dotgnatly import runtime
from dotgnatly.config._base import Block, Strings
from dotgnatly.config._containers import Nested
from dotgnatly.errors import ConfigError, Fault
from dotgnatly.jwt._kinds import AccountKey, OperatorKey, OperatorKeys, Time, UserKey
from dotgnatly.jwt.account import Account
from dotgnatly.jwt.user import User

_C = TypeVar("_C", bound="Claims")

_TIMES = {"exp", "nbf"}
"""Where faults are that time brings, and heals."""

_USER_LIMITS = {"subs": 0, "data": 0, "payload": 0}
_ACCOUNT_LIMITS = _USER_LIMITS | {
    "imports": 0,
    "exports": 0,
    "wildcards": False,
    "conn": 0,
    "leaf": 0,
}


class Operator(Block, frozen=True, kw_only=True):
    """The ``nats`` part of an operator JWT. Source: ``jwt.Operator`` (2.8)."""

    signing_keys: OperatorKeys | None | UnsetType = UNSET
    """Other operator nkeys that sign its accounts; default none."""
    account_server_url: str | None | UnsetType = UNSET
    """Where servers get accounts that have no resolver; default none."""
    operator_service_urls: Strings | None | UnsetType = UNSET
    """URLs of servers, for tools; default none."""
    system_account: AccountKey | None | UnsetType = UNSET
    """The account of servers' events and of requests to them; default none."""
    assert_server_version: str | None | UnsetType = UNSET
    """The oldest server that may be used, as "2.15.2"; default any."""
    strict_signing_key_usage: bool | None | UnsetType = UNSET
    """Only signing keys sign, not the operator's own nor an account's; default false."""
    tags: Strings | None | UnsetType = UNSET
    """Default none."""


class Claims(Block, frozen=True, kw_only=True):
    """What all JWTs say. Source: ``jwt.ClaimsData`` (2.8)."""

    type: ClassVar[str]
    """What ``nats.type`` says in the JWT."""

    name: str | None | UnsetType = UNSET
    """Name for people; default none."""
    aud: str | None | UnsetType = UNSET
    """Whom it is for; default all."""
    exp: Time | None | UnsetType = UNSET
    """When it expires; default never."""
    nbf: Time | None | UnsetType = UNSET
    """From when on it is valid; default at once."""
    iss: str | None | UnsetType = UNSET
    """Public nkey of who signed it; set by ``encode``."""
    iat: Time | None | UnsetType = UNSET
    """When it was signed; set by ``encode``."""
    jti: str | None | UnsetType = UNSET
    """Its number; set by ``encode``."""

    def validate(self) -> tuple[Fault, ...]:
        """Check the claims, as NATS's jwt module does as well. Loads the native library.

        Returns:
            What is doubtful and no fault.

        Raises:
            ConfigError: With every fault that there is, and the warnings. What has expired, or is
                not valid yet, is one.
        Source: ``jwt.Claims.Validate`` (2.8).
        """
        super().validate()
        found = msgspec.json.decode(runtime.native().jwt_check(_plain(self)))
        return _judge(found["errors"], found["warnings"])

    def _contradictions(self) -> Iterable[Fault]:
        if not getattr(self, "sub", None):
            yield Fault("sub", "is required")

    @classmethod
    def _complete(cls, nats: dict[str, Any]) -> dict[str, Any]:
        """The ``nats`` part of a JWT with all that it says: it leaves out limits of 0."""
        return nats


class OperatorClaims(Claims, frozen=True, kw_only=True):
    """The claims of an operator, which it signs itself. Source: ``jwt.OperatorClaims`` (2.8)."""

    type: ClassVar[str] = "operator"

    sub: OperatorKey | None | UnsetType = UNSET
    """Public nkey of the operator; required."""
    nats: Annotated[Operator | Mapping[str, Any], Nested(Operator)] | None | UnsetType = UNSET
    """What it says of the operator; default nothing."""


class AccountClaims(Claims, frozen=True, kw_only=True):
    """The claims of an account, which its operator signs. Source: ``jwt.AccountClaims`` (2.8)."""

    type: ClassVar[str] = "account"

    sub: AccountKey | None | UnsetType = UNSET
    """Public nkey of the account; required."""
    nats: Annotated[Account | Mapping[str, Any], Nested(Account)] | None | UnsetType = UNSET
    """What it says of the account; default nothing."""

    @classmethod
    def _complete(cls, nats: dict[str, Any]) -> dict[str, Any]:
        limits = _ACCOUNT_LIMITS | nats.get("limits", {})
        keys = [
            key if isinstance(key, str) else key | {"template": _USER_LIMITS | key["template"]}
            for key in nats.get("signing_keys", ())
        ]
        return nats | {"limits": limits} | ({"signing_keys": keys} if keys else {})


class UserClaims(Claims, frozen=True, kw_only=True):
    """The claims of a user, which its account signs. Source: ``jwt.UserClaims`` (2.8)."""

    type: ClassVar[str] = "user"

    sub: UserKey | None | UnsetType = UNSET
    """Public nkey of the user; required."""
    nats: Annotated[User | Mapping[str, Any], Nested(User)] | None | UnsetType = UNSET
    """What it says of the user; default nothing."""

    @classmethod
    def _complete(cls, nats: dict[str, Any]) -> dict[str, Any]:
        return _USER_LIMITS | nats


AnyClaims: TypeAlias = OperatorClaims | AccountClaims | UserClaims

_CLASSES: dict[str, type[Claims]] = {
    cls.type: cls for cls in (OperatorClaims, AccountClaims, UserClaims)
}


def encode(claims: Claims, seed: str) -> str:
    """Sign claims, and return the JWT.

    What has expired already is signed as well; ``decode`` and servers refuse it.

    Args:
        claims: Their ``iss``, ``iat`` and ``jti`` are made anew.
        seed: Of the operator or a signing key of his for operators and accounts, of the account or
            a signing key of its for users. It is kept nowhere.

    Raises:
        ConfigError: The claims are not valid, or the seed is none, or one of the wrong kind.
    Source: ``jwt.Claims.Encode`` (2.8).
    """
    if faults := claims.faults():
        raise ConfigError(errors=faults)
    token: bytes = runtime.native().jwt_encode(_plain(claims), seed.encode(errors="replace"))
    return token.decode()


@overload
def decode(token: str, *, check_time: bool = True) -> AnyClaims: ...
@overload
def decode(token: str, kind: type[_C], *, check_time: bool = True) -> _C: ...
def decode(token: str, kind: type[Claims] | None = None, *, check_time: bool = True) -> Claims:
    """Verify the signature of a JWT, and return its claims.

    Whoever ``iss`` names has signed it: whether he is to be trusted, the caller knows. Of what is
    doubtful tells ``validate``.

    Args:
        token: The JWT.
        kind: The class that its claims must be of; default any.
        check_time: Refuse what has expired, or is not valid yet.

    Raises:
        ConfigError: It is no JWT of an operator, account or user, or not of that kind; it was
            tampered with; it is not valid. What is wrong for its time has the path "exp" or "nbf".
    Source: ``jwt.Decode`` (2.8).
    """
    found = msgspec.json.decode(runtime.native().jwt_decode(token.encode(errors="replace")))
    keys = found["claims"]
    nats = {name: value for name, value in keys["nats"].items() if name != "version"}
    cls = _CLASSES[nats.pop("type")]
    if kind is not None and not issubclass(cls, kind):
        named = getattr(kind, "type", kind.__name__)
        raise ConfigError(errors=[Fault("nats.type", f"expected {named}, got {cls.type}")])
    errors = [fault for fault in found["errors"] if check_time or fault[0] not in _TIMES]
    _judge(errors, found["warnings"])
    return cls.from_conf({**keys, "nats": cls._complete(nats)})


def revoke(claims: AccountClaims, user: str, at: datetime | None = None) -> AccountClaims:
    """The claims of an account with a user revoked, to be signed and given to servers.

    Those cut off the user, and refuse what was signed for it up to that second. What is signed for
    it later is valid again.

    Args:
        claims: Of the account.
        user: Public nkey of the user, or "*" for all.
        at: Up to when JWTs are revoked, with a time zone; default now. A later time that is there
            already stays.

    Raises:
        ConfigError: It is no public nkey of a user, or the time has no zone.
    Source: ``jwt.RevocationList.Revoke`` (2.8).
    """
    change = Account(revocations={user: datetime.now(UTC) if at is None else at})
    if faults := change.faults():
        raise ConfigError(errors=faults)
    before, now = _revoked(claims.nats, user), _revoked(change, user)
    if before and now and before > now:
        return claims
    return claims.merge({"nats": change})


def _revoked(nats: object, user: str) -> datetime | None:
    """Up to when a user is revoked."""
    revocations = nats.revocations if isinstance(nats, Account) else None
    at = revocations.get(user) if isinstance(revocations, Mapping) else None
    return at if isinstance(at, datetime) else None


def _plain(claims: Claims) -> bytes:
    """The claims as the native library takes them."""
    keys = claims.to_dict()
    return msgspec.json.encode(keys | {"nats": keys.get("nats", {}) | {"type": claims.type}})


def _judge(errors: Iterable[Any], warnings: Iterable[Any]) -> tuple[Fault, ...]:
    """The warnings; ConfigError if there are errors."""
    doubts = tuple(Fault(*fault) for fault in warnings)
    if faults := [Fault(*fault) for fault in errors]:
        raise ConfigError(errors=faults, warnings=doubts)
    return doubts
