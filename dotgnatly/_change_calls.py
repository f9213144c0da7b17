"""The calls by which both controllers change a configuration, and look at its versions."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from dotgnatly._changes import Change, Changes, MakeNext, Options
from dotgnatly._server import Server
from dotgnatly.config import BrokerConfiguration
from dotgnatly.history import ConfigurationVersion
from dotgnatly.jobs import Steps

if TYPE_CHECKING:
    from dotgnatly.diff import ConfigurationDiff
    from dotgnatly.plan import Plan

T = TypeVar("T")


class ChangeCalls:
    """What ``NatsController`` does with its configuration."""

    _server: Server
    _changes: Changes

    def _run(self, steps: Steps[T]) -> T:
        raise NotImplementedError  # as the controller does

    def update_config(
        self,
        config: BrokerConfiguration | Mapping[str, Any] | None = None,
        *,
        allow_restart: bool = False,
        timeout: float | None = 30.0,
        author: str | None = None,
        reason: str | None = None,
        **changes: Any,
    ) -> ConfigurationVersion:
        """Change some of the configuration of the running server; clients stay connected.

        Args:
            config: What to change: its set fields. Blocks are merged key by key, lists replaced,
                maps such as ``accounts`` merged by name; None sets a field back to its default and
                removes an entry of a map.
            allow_restart: Restart the server if it cannot take the change while it runs: clients
                are disconnected, ports and store are kept.
            timeout: Seconds until it must be done, or it is undone; None waits for ever.
            author: Who changes it, for the version.
            reason: Why, for the version.
            **changes: More changes, by field.

        Returns:
            The version that is in force now; a new one also if nothing differs.

        Raises:
            ServerStoppedError: It is not running.
            ConfigError: The result is not valid. In this and the cases below the previous
                configuration is in force.
            RestartRequiredError: A running server cannot take this change, and ``allow_restart`` is
                not set.
            ImpossibleChangeError: Not even a restart can make it.
            ChangeVetoedError: A handler of "configuration_changing" refused it.
            PortInUseError: Somebody else has the new address of a listener.
            ChangeError: The server fell short of it, was not done in time, or the version could not
                be kept.
            StartError: The server did not start again after a restart, not even as it was: it is
                stopped.

        Example:
            >>> from dotgnatly import BrokerConfiguration, NatsController
            >>> with NatsController(BrokerConfiguration(port=-1, debug=True)) as controller:
            ...     print(controller.update_config(max_payload="2MB", debug=None).diff)
            debug: True -> (not set)
            max_payload: (not set) -> 2097152

        Source: ``Server.ReloadOptions`` (2.15).
        """
        options = Options(timeout, allow_restart, author, reason)
        return self._run(self._changes.update(config, changes, options))

    def replace_config(
        self,
        config: BrokerConfiguration | Mapping[str, Any],
        *,
        allow_restart: bool = False,
        timeout: float | None = 30.0,
        author: str | None = None,
        reason: str | None = None,
    ) -> ConfigurationVersion:
        """Put a complete new configuration in force; clients stay connected.

        Args:
            config: All of it, not a patch: changes made so far are gone.
            allow_restart: Restart the server if it cannot take the change while it runs: clients
                are disconnected, ports and store are kept.
            timeout: Seconds until it must be done.
            author: Who changes it, for the version.
            reason: Why, for the version.

        Returns:
            The version that is in force now.

        Raises:
            DotgnatlyError: As ``update_config``.
        """
        options = Options(timeout, allow_restart, author, reason)
        return self._run(self._changes.replace(config, options))

    def reload(
        self,
        *,
        discard_changes: bool = False,
        allow_restart: bool = False,
        timeout: float | None = 30.0,
        author: str | None = None,
        reason: str | None = None,
    ) -> ConfigurationVersion:
        """Read the configuration file again; clients stay connected.

        Changes made at run time lie above the file and stay.

        Args:
            discard_changes: Drop them instead: the file alone is in force afterwards.
            allow_restart: Restart the server if it cannot take the change while it runs: clients
                are disconnected, ports and store are kept.
            timeout: Seconds until it must be done.
            author: Who changes it, for the version.
            reason: Why, for the version.

        Returns:
            The version that is in force now.

        Raises:
            ConfigError: The file is not valid, or the configuration did not come from a file; the
                previous configuration is in force.
            DotgnatlyError: As ``update_config``.
        """
        options = Options(timeout, allow_restart, author, reason)
        return self._run(self._changes.reload(options, discard=discard_changes))

    def apply(
        self,
        change: MakeNext,
        *,
        allow_restart: bool = False,
        timeout: float | None = 30.0,
        author: str | None = None,
        reason: str | None = None,
    ) -> ConfigurationVersion:
        """Change the configuration by a function; clients stay connected.

        Nothing else changes between what the function is given and what comes into force.

        Args:
            change: Makes of the configuration in force the one that is to be: all of it. It must
                not call the controller, which waits for it. It may be called again if a handler of
                "configuration_changing" is there and another change comes in between.
            allow_restart: As ``update_config``, and so the rest.
            timeout: Seconds until it must be done.
            author: Who changes it, for the version.
            reason: Why, for the version.

        Returns:
            The version that is in force now.

        Raises:
            DotgnatlyError: As ``update_config``.
            Exception: What the function raised; nothing was changed.

        Example:
            >>> from dotgnatly import BrokerConfiguration, NatsController
            >>> with NatsController(BrokerConfiguration(port=-1, max_payload=1000)) as controller:
            ...     version = controller.apply(lambda c: c.replace(max_payload=2 * c.max_payload))
            ...     controller.varz().max_payload
            2000
        """
        options = Options(timeout, allow_restart, author, reason)
        return self._run(self._changes.apply(change, options))

    def plan(self, change: Change | None = None, **changes: Any) -> "Plan":
        """What ``update_config``, or ``apply`` for a function, would do; nothing is done.

        Args:
            change: What these calls take as their first argument.
            **changes: More changes, by field, as ``update_config`` takes them.

        Returns:
            Every field that would change, whether a running server takes it, and the connections
            that would be closed.

        Raises:
            ServerStoppedError: The server is not running.
            ConfigError: The result is not valid.

        Example:
            >>> from dotgnatly import BrokerConfiguration, NatsController
            >>> with NatsController(BrokerConfiguration(port=-1)) as controller:
            ...     print(controller.plan(server_name="hub", debug=True))
            server_name: (not set) -> 'hub' (restart)
            debug: (not set) -> True (hot)
        """
        return self._run(self._changes.plan(change, changes))

    def rollback(
        self,
        number: int | None = None,
        *,
        allow_restart: bool = False,
        timeout: float | None = 30.0,
        author: str | None = None,
        reason: str | None = None,
    ) -> ConfigurationVersion:
        """Put an earlier version in force again, as a new version; clients stay connected.

        Args:
            number: Which one. Without it, the one before the last change; each further rollback
                goes one change further back.
            allow_restart: As ``update_config``, and so the rest.
            timeout: Seconds until it must be done.
            author: Who does it, for the version.
            reason: Why, for the version.

        Returns:
            The version that is in force now, of kind "rollback".

        Raises:
            NotFoundError: There is no such version, or it is kept no more; nothing was changed.
            DotgnatlyError: As ``update_config``.

        Example:
            >>> from dotgnatly import BrokerConfiguration, NatsController
            >>> with NatsController(BrokerConfiguration(port=-1, debug=True)) as controller:
            ...     version = controller.update_config(debug=False)
            ...     print(controller.rollback().diff)
            debug: False -> True
        """
        options = Options(timeout, allow_restart, author, reason)
        return self._run(self._changes.rollback(number, options))

    def push_account(
        self,
        account_jwt: str,
        *,
        timeout: float | None = 30.0,
        author: str | None = None,
        reason: str | None = None,
    ) -> ConfigurationVersion | None:
        """Put the JWT of an account in force, a new one or one that is there already.

        Clients stay connected that may be; those of revoked users are cut off. A resolver of the
        type "full" keeps it in its directory, from where other servers get it within its
        ``interval``. One in memory keeps nothing: there it becomes part of the configuration, in
        ``resolver_preload``.

        Args:
            account_jwt: Signed by an operator of the server's, see ``dotgnatly.jwt``.
            timeout: Seconds until it must be done.
            author: Who changes it, for the version.
            reason: Why, for the version.

        Returns:
            The version that is in force now; None if a directory keeps the JWT.

        Raises:
            ConfigError: It is not valid, has expired, or is signed by somebody else; nothing was
                changed.
            StateError: The server has no resolver of these types.
            ChangeError: It cannot be kept; nothing was changed.
            DotgnatlyError: As ``update_config``.
        """
        options = Options(timeout, author=author, reason=reason)
        return self._run(self._changes.push_account(account_jwt, options))

    def history(self) -> list[ConfigurationVersion]:
        """The versions that are kept, oldest first: the last one is in force while it runs.

        Raises:
            StateError: The version store cannot be read; so with the two below.
        """
        return self._run(self._server.locked(self._server.versions()))

    def version(self, number: int) -> ConfigurationVersion:
        """One of them.

        Raises:
            NotFoundError: There is no such version, or it is kept no more.
        """
        return self._run(self._server.locked(self._server.version(number)))

    def diff(self, before: int, after: int) -> "ConfigurationDiff":
        """What differs between two versions, by their numbers.

        Raises:
            NotFoundError: As ``version``.
        """
        return self._run(self._server.locked(self._server.diff(before, after)))


class AsyncChangeCalls:
    """What ``AsyncNatsController`` does with its configuration."""

    _server: Server
    _changes: Changes

    async def _run(self, steps: Steps[T]) -> T:
        raise NotImplementedError  # as the controller does

    async def update_config(
        self,
        config: BrokerConfiguration | Mapping[str, Any] | None = None,
        *,
        allow_restart: bool = False,
        timeout: float | None = 30.0,
        author: str | None = None,
        reason: str | None = None,
        **changes: Any,
    ) -> ConfigurationVersion:
        """As ``NatsController.update_config``."""
        options = Options(timeout, allow_restart, author, reason)
        return await self._run(self._changes.update(config, changes, options))

    async def replace_config(
        self,
        config: BrokerConfiguration | Mapping[str, Any],
        *,
        allow_restart: bool = False,
        timeout: float | None = 30.0,
        author: str | None = None,
        reason: str | None = None,
    ) -> ConfigurationVersion:
        """As ``NatsController.replace_config``."""
        options = Options(timeout, allow_restart, author, reason)
        return await self._run(self._changes.replace(config, options))

    async def reload(
        self,
        *,
        discard_changes: bool = False,
        allow_restart: bool = False,
        timeout: float | None = 30.0,
        author: str | None = None,
        reason: str | None = None,
    ) -> ConfigurationVersion:
        """As ``NatsController.reload``."""
        options = Options(timeout, allow_restart, author, reason)
        return await self._run(self._changes.reload(options, discard=discard_changes))

    async def apply(
        self,
        change: MakeNext,
        *,
        allow_restart: bool = False,
        timeout: float | None = 30.0,
        author: str | None = None,
        reason: str | None = None,
    ) -> ConfigurationVersion:
        """As ``NatsController.apply``."""
        options = Options(timeout, allow_restart, author, reason)
        return await self._run(self._changes.apply(change, options))

    async def plan(self, change: Change | None = None, **changes: Any) -> "Plan":
        """As ``NatsController.plan``."""
        return await self._run(self._changes.plan(change, changes))

    async def rollback(
        self,
        number: int | None = None,
        *,
        allow_restart: bool = False,
        timeout: float | None = 30.0,
        author: str | None = None,
        reason: str | None = None,
    ) -> ConfigurationVersion:
        """As ``NatsController.rollback``."""
        options = Options(timeout, allow_restart, author, reason)
        return await self._run(self._changes.rollback(number, options))

    async def push_account(
        self,
        account_jwt: str,
        *,
        timeout: float | None = 30.0,
        author: str | None = None,
        reason: str | None = None,
    ) -> ConfigurationVersion | None:
        """As ``NatsController.push_account``."""
        options = Options(timeout, author=author, reason=reason)
        return await self._run(self._changes.push_account(account_jwt, options))

    async def history(self) -> list[ConfigurationVersion]:
        """As ``NatsController.history``."""
        return await self._run(self._server.locked(self._server.versions()))

    async def version(self, number: int) -> ConfigurationVersion:
        """As ``NatsController.version``."""
        return await self._run(self._server.locked(self._server.version(number)))

    async def diff(self, before: int, after: int) -> "ConfigurationDiff":
        """As ``NatsController.diff``."""
        return await self._run(self._server.locked(self._server.diff(before, after)))
