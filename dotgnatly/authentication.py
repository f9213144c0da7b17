"""Who may log in, decided by a function of the program: see ``NatsController.on_authenticate``."""

import inspect
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import msgspec

from dotgnatly import questions
from dotgnatly._handlers import wait_for
from dotgnatly.config import PermissionsConfiguration
from dotgnatly.config._kinds import nanoseconds
from dotgnatly.config._units import REDACTED
from dotgnatly.questions import Answerer, Question

if TYPE_CHECKING:
    from dotgnatly._server import Server

_SECRETS = ("password", "token", "jwt")
_THREADS = 32
"""That decide at the same time, at the most."""


class AuthenticationRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Who wants to log in, and with what. What a client did not say is empty.

    Source: ``jwt.AuthorizationRequest`` (2.8).
    """

    user: str = ""
    """The name that it gives; of a client without one that of ``no_auth_user``, if that is set."""
    password: str = ""
    """Its password; not shown by ``repr``, as the next one and ``jwt``."""
    token: str = ""
    """Its token."""
    nkey: str = ""
    """Its public nkey. It has signed with the seed: that is verified."""
    jwt: str = ""
    """The user JWT that a client of MQTT has as its password; of others the server passes on none.
    Anybody can sign one: ``jwt.decode`` tells who did. If it is no bearer token, its owner has
    signed, as an nkey."""
    account: str = ""
    """The account that the JWT asks for."""
    name: str = ""
    """What it calls itself."""
    lang: str = ""
    """The language of its client library, such as "python3"."""
    version: str = ""
    """The version of its client library."""
    cid: int
    """The number of its connection, see ``clients``."""
    kind: Literal["Client", "Leafnode"]
    type: str = ""
    """Of a client "nats", "websocket" or "mqtt"; of a leaf node nothing."""
    host: str = ""
    """The address that it comes from; nothing inside the process."""
    mqtt_client: str = ""
    """The client identifier of MQTT."""
    tls_version: str = ""
    """Such as "1.3"; nothing without TLS."""
    tls_subject: str = ""
    """The subject of its certificate, such as "CN=ann,O=shop", if the server verifies those."""
    certificate: str = ""
    """That certificate in PEM."""
    server_name: str = ""
    """The server that it wants to log in to: this one, or another of the cluster."""
    server_id: str = ""
    """The id of that server."""

    def __repr__(self) -> str:
        said = ", ".join(f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"AuthenticationRequest({said})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        said = ((name, getattr(self, name)) for name in self.__struct_fields__)
        return [(name, REDACTED if name in _SECRETS else value) for name, value in said if value]


class AuthenticatedUser(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody who is let in may do. Source: ``jwt.UserClaims`` (2.8)."""

    account: str = "$G"
    """The account to be in; default the global one. If there is none of the name, it is refused."""
    permissions: PermissionsConfiguration | Mapping[str, Any] | None = None
    """As a user has them; default the ``default_permissions`` of the account, or everything."""
    expires: datetime | timedelta | None = None
    """When, with a time zone, or after how long it is disconnected, in whole seconds; default
    never."""

    def claims(self) -> dict[str, Any]:
        """The claims of the user's JWT.

        Raises:
            ConfigError: The permissions are not valid.
            ValueError: The time has no time zone.
        """
        claims: dict[str, Any] = {"aud": self.account, "nats": _permissions(self.permissions)}
        if self.expires is not None:
            claims["exp"] = _seconds(self.expires)
        return claims


Decide: TypeAlias = Callable[
    [AuthenticationRequest], AuthenticatedUser | None | Awaitable[AuthenticatedUser | None]
]
"""A function or a coroutine function that lets somebody in, or with None does not."""


class Authenticator(Answerer):
    """What a controller needs for its decisions."""

    def __init__(self, server: "Server", seeds: tuple[str | None, str | None]) -> None:
        super().__init__("on_authenticate", _THREADS)
        self.decide: Decide
        self.seeds = seeds
        self._server = server
        self._callout: dict[str, Any] = {}

    def callout(self) -> dict[str, Any]:
        """What Go is told of it, the same every time."""
        if not self._callout:
            from dotgnatly.jwt import create_pair

            issuer, xkey = self.seeds
            self._callout = {
                "whom": self.number,
                "issuer_seed": issuer or create_pair("account").seed,
                "xkey_seed": xkey or create_pair("curve").seed,
                "user_seed": create_pair("user").seed,
            }
        return self._callout

    def start(self, library: ModuleType) -> None:
        """Be asked from now on."""
        questions.reader.start(library)

    def ask(self, question: Question) -> None:
        """Have a question decided: in the event loop, or on a thread.

        Raises:
            RuntimeError: The loop is closed, or there can be no thread.
        """
        request, loop = _decode(question.data), self._server.loop
        if loop is not None and _is_async(self.decide):
            import asyncio

            steps = self._adecide(question, request)
            try:
                asyncio.run_coroutine_threadsafe(steps, loop)
            except RuntimeError:
                steps.close()
                raise
            return
        decide, log = partial(self._decide, request), partial(_log, request)
        self.do(lambda: question.answer_with(decide, log))

    def _decide(self, request: AuthenticationRequest) -> bytes:
        user = self.decide(request)
        return _encode(wait_for(user) if isinstance(user, Awaitable) else user)

    async def _adecide(self, question: Question, request: AuthenticationRequest) -> None:
        import asyncio

        answer = b""
        try:
            async with asyncio.timeout(question.deadline - time.monotonic()):
                await asyncio.sleep(0)  # where it is too late already, that is known then
                user = self.decide(request)
                answer = _encode(await user if isinstance(user, Awaitable) else user)
        except Exception:  # noqa: BLE001 - whatever it raises
            _log(request)
        finally:
            question.answer(answer)


_decode = msgspec.json.Decoder(AuthenticationRequest).decode


def _is_async(function: Callable[..., object]) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004 - of an object that can be called
    )


def _encode(user: AuthenticatedUser | None) -> bytes:
    if user is None:
        return b""
    if not isinstance(user, AuthenticatedUser):  # whatever it is, it must let nobody in
        raise TypeError(f"on_authenticate must return AuthenticatedUser or None, not {type(user)}")
    return msgspec.json.encode(user.claims())


def _log(request: AuthenticationRequest) -> None:
    from dotgnatly import logs

    logs.package_logger().exception("on_authenticate failed and so refuses client %d", request.cid)


def _permissions(given: PermissionsConfiguration | Mapping[str, Any] | None) -> dict[str, Any]:
    """As a JWT has them."""
    if given is None:
        return {}
    if not isinstance(given, PermissionsConfiguration):
        given = PermissionsConfiguration.from_dict(given)
    given.validate()
    plain = given.to_dict()
    found = {
        theirs: _subjects(plain[ours])
        for ours, theirs in (("publish", "pub"), ("subscribe", "sub"))
        if plain.get(ours) is not None
    }
    responses = plain.get("allow_responses")
    if isinstance(responses, Mapping):
        ttl = nanoseconds(responses.get("expires") or 0)
        found["resp"] = {"max": responses.get("max", 0), "ttl": ttl}
    return found


def _subjects(permission: Mapping[str, Any]) -> dict[str, Any]:
    allow, deny = permission.get("allow"), permission.get("deny") or []
    if allow is not None and not allow:
        return {"deny": [">"]}  # of a JWT an empty list would allow everything
    return {"allow": allow or [], "deny": deny}


def _seconds(expires: datetime | timedelta) -> int:
    if isinstance(expires, timedelta):
        expires = datetime.now(UTC) + expires
    if expires.tzinfo is None:
        raise ValueError("expires needs a time zone")
    return int(expires.timestamp())


__all__ = ["AuthenticatedUser", "AuthenticationRequest"]
