"""Who may log in: the call by which a program decides it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, overload

from dotgnatly._server import Server
from dotgnatly.errors import RestartRequiredError

if TYPE_CHECKING:
    from dotgnatly.authentication import Decide

D = TypeVar("D", bound="Decide")


class AuthenticationCalls:
    """What both controllers do with logins."""

    _server: Server

    @overload
    def on_authenticate(self, decide: D) -> D: ...
    @overload
    def on_authenticate(
        self, *, issuer_seed: str | None = None, xkey_seed: str | None = None
    ) -> Callable[[D], D]: ...
    def on_authenticate(
        self,
        decide: "Decide | None" = None,
        *,
        issuer_seed: str | None = None,
        xkey_seed: str | None = None,
    ) -> Any:
        """Have a function decide who may log in, to this server and as what; also as a decorator.

        It is asked about every client and leaf node, users of the configuration included, at its
        login, and about every client, not leaf nodes, once more at each reload. Nobody gets in by a
        failure: who raises, returns None or is slower than ``authorization.timeout`` (2 s, with TLS
        3 s) has refused.

        A function runs on one of several threads, at the same time as others; a coroutine function
        in the event loop of an ``AsyncNatsController``, else in one of its own for each call. It
        may call the controller, but for what changes something: during a reload that would wait
        for the reload, which waits for it.

        It is NATS's own auth callout. Where the configuration has no ``auth_callout`` block, keys
        and user are made here, in the system account. A block of yours, which may be that of a
        whole cluster, needs the seeds of its keys here: this server then also decides for those of
        its cluster that only have the block.

        Args:
            decide: Given an ``AuthenticationRequest``; returns an ``AuthenticatedUser``, or None to
                refuse.
            issuer_seed: Of ``auth_callout.issuer``; default a new one.
            xkey_seed: Of ``auth_callout.xkey``; default a new one.

        Returns:
            The function.

        Raises:
            RestartRequiredError: The server runs, or is just being started, without such a function
                or with other seeds. A function can take the place of another at any time.

        Example:
            >>> from dotgnatly import AuthenticatedUser, NatsController
            >>> controller = NatsController({"port": -1, "accounts": {"SHOP": {}}})
            >>> @controller.on_authenticate
            ... def decide(request):
            ...     if request.user == "ann" and request.password == "secret":
            ...         return AuthenticatedUser(account="SHOP")

        Source: ``server.AuthCallout``, ``server.processClientOrLeafCallout`` (2.15).
        """
        seeds = issuer_seed, xkey_seed

        def register(decide: "Decide") -> "Decide":
            from dotgnatly.authentication import Authenticator

            authenticator = self._server.authenticator
            if authenticator is None or authenticator.seeds != seeds:
                if self._server.running or self._server.lock.locked():  # or just being started
                    raise RestartRequiredError("on_authenticate comes before the start")
                authenticator = Authenticator(self._server, seeds)
            authenticator.decide = decide
            self._server.authenticator = authenticator
            return decide

        return register if decide is None else register(decide)
