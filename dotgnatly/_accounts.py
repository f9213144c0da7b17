"""Accounts of a running server: entries of its configuration, made, changed and taken out."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from dotgnatly._changes import Changes, MakeNext, Options
from dotgnatly._server import Server
from dotgnatly.config import BrokerConfiguration
from dotgnatly.config._kinds import under, wrong
from dotgnatly.errors import ConfigError, NotFoundError, StateError
from dotgnatly.history import ConfigurationVersion
from dotgnatly.jobs import Steps

if TYPE_CHECKING:
    from dotgnatly.config import AccountConfiguration

T = TypeVar("T")

Account: TypeAlias = "AccountConfiguration | Mapping[str, Any]"
AccountChange: TypeAlias = "Account | Callable[[AccountConfiguration], Account]"
"""A patch, or a function that makes of an account the one that is to be."""


def accounts_of(config: BrokerConfiguration) -> "dict[str, AccountConfiguration]":
    """The accounts of a configuration, by name."""
    named: Any = config.accounts or {}
    return {name: account for name, account in named.items() if account is not None}


def creating(accounts: Mapping[str, Account]) -> MakeNext:
    """The change that adds accounts, all of them or none."""

    def change(config: BrokerConfiguration) -> BrokerConfiguration:
        there = accounts_of(config)
        for name in accounts:
            if name in there:
                raise StateError(f"there is an account {name} already")
        return config.merge({"accounts": _blocks(accounts)})

    return change


def updating(name: str, change: AccountChange) -> MakeNext:
    """The change of an account that is there."""

    def make(config: BrokerConfiguration) -> BrokerConfiguration:
        account = _find(config, name)
        if not callable(change):
            return config.merge({"accounts": _blocks({name: change})})
        return config.replace(accounts=accounts_of(config) | _blocks({name: change(account)}))

    return make


def deleting(name: str) -> MakeNext:
    """The change that takes out an account that is there."""

    def change(config: BrokerConfiguration) -> BrokerConfiguration:
        _find(config, name)
        return config.merge({"accounts": {name: None}})

    return change


def _find(config: BrokerConfiguration, name: str) -> "AccountConfiguration":
    account = accounts_of(config).get(name)
    if account is None:
        raise NotFoundError(f"there is no account {name}")
    return account


def _blocks(accounts: Mapping[str, Any]) -> dict[str, Any]:
    """Accounts as they are kept; None, which would take one out, is a mistake."""
    faults = [
        fault
        for name, account in accounts.items()
        if account is None
        for fault in under("accounts", under(name, wrong("a block", account)))
    ]
    if faults:
        raise ConfigError(errors=faults)
    return dict(accounts)


class AccountCalls:
    """What ``NatsController`` does with accounts."""

    _server: Server
    _changes: Changes

    def _run(self, steps: Steps[T]) -> T:
        raise NotImplementedError  # as the controller does

    def accounts(self) -> "dict[str, AccountConfiguration]":
        """The accounts of the configuration in force, by name; those that nobody named are not.

        Where each stands above the file is in ``config``; what goes on in them, monitoring tells.
        """
        return accounts_of(self._server.layers.config)

    def create_account(
        self,
        name: str,
        account: Account,
        *,
        allow_restart: bool = False,
        timeout: float | None = 30.0,
        author: str | None = None,
        reason: str | None = None,
    ) -> ConfigurationVersion:
        """Add an account to the running server; clients of other accounts stay connected.

        It is part of the configuration from then on: it survives reloads and restarts, and a
        rollback takes it out. Once any account has users everybody must log in, so the first one
        disconnects who did not. Its clients have JetStream if its ``jetstream`` says so, even
        ``{}``.

        Args:
            name: Not yet the name of an account. "$SYS" is the system account, whose users may ask
                the server everything; "$G" is taken.
            account: Users, permissions, limits, imports and exports.
            allow_restart: As ``update_config``, and so the rest.
            timeout: Seconds until it must be done.
            author: Who does it, for the version.
            reason: Why, for the version.

        Returns:
            The version that is in force now.

        Raises:
            StateError: There is such an account; in this case, too, nothing was changed.
            ConfigError: The account is not valid, or not with all others: a user has the name of
                another account's, or an import names no account.
            DotgnatlyError: As ``update_config``.

        Example:
            >>> from dotgnatly import NatsController
            >>> with NatsController({"port": -1}) as controller:
            ...     shop = {"users": [{"user": "ann", "password": "secret"}]}
            ...     print(controller.create_account("SHOP", shop).diff)
            accounts.SHOP.users[0]: (not set) -> UserConfiguration(user='ann', password='***')

        Source: ``Server.ReloadOptions``, ``server.parseAccounts`` (2.15).
        """
        options = Options(timeout, allow_restart, author, reason)
        return self._run(self._changes.apply(creating({name: account}), options))

    def create_accounts(
        self,
        accounts: Mapping[str, Account],
        *,
        allow_restart: bool = False,
        timeout: float | None = 30.0,
        author: str | None = None,
        reason: str | None = None,
    ) -> ConfigurationVersion:
        """Add many accounts in one change, all of them or none: one version and one reload.

        Args:
            accounts: By name, as ``create_account`` takes each.
            allow_restart: As ``update_config``, and so the rest.
            timeout: Seconds until it must be done.
            author: Who does it, for the version.
            reason: Why, for the version.

        Returns:
            The version that is in force now.

        Raises:
            DotgnatlyError: As ``create_account``.
        """
        options = Options(timeout, allow_restart, author, reason)
        return self._run(self._changes.apply(creating(accounts), options))

    def update_account(
        self,
        name: str,
        change: AccountChange,
        *,
        allow_restart: bool = False,
        timeout: float | None = 30.0,
        author: str | None = None,
        reason: str | None = None,
    ) -> ConfigurationVersion:
        """Change an account of the running server.

        Clients stay connected whose user is still there with the same password. What they may do
        no more, they cannot from then on: their subscriptions end.

        Args:
            name: Of an account that is there.
            change: What to change, as in ``update_config``: blocks are merged key by key, lists
                such as ``users`` replaced, None sets a key back. Or a function that makes of the
                account in force the one that is to be; as in ``apply`` nothing else changes
                meanwhile, and it must not call the controller.
            allow_restart: As ``update_config``, and so the rest.
            timeout: Seconds until it must be done.
            author: Who does it, for the version.
            reason: Why, for the version.

        Returns:
            The version that is in force now.

        Raises:
            NotFoundError: There is no such account; in this case, too, nothing was changed.
            ConfigError: As ``create_account``.
            DotgnatlyError: As ``update_config``.
            Exception: What the function raised; nothing was changed.

        Example:
            >>> from dotgnatly import NatsController
            >>> ann, bob = ({"user": name, "password": "secret"} for name in ("ann", "bob"))
            >>> with NatsController({"port": -1, "accounts": {"SHOP": {"users": [ann]}}}) as server:
            ...     add = lambda account: account.replace(users=[*account.users, bob])
            ...     print(*server.update_account("SHOP", add).diff.paths)
            accounts.SHOP.users[1]
        """
        options = Options(timeout, allow_restart, author, reason)
        return self._run(self._changes.apply(updating(name, change), options))

    def delete_account(
        self,
        name: str,
        *,
        allow_restart: bool = False,
        timeout: float | None = 30.0,
        author: str | None = None,
        reason: str | None = None,
    ) -> ConfigurationVersion:
        """Take an account out of the running server; its clients are disconnected.

        Its file streams stay in the store and go on where an account of the same name is made, or
        comes back by ``rollback``: delete what nobody may find. Its memory streams are lost.

        Args:
            name: Of an account that is there.
            allow_restart: As ``update_config``, and so the rest.
            timeout: Seconds until it must be done.
            author: Who does it, for the version.
            reason: Why, for the version.

        Returns:
            The version that is in force now.

        Raises:
            NotFoundError: There is no such account; in this case, too, nothing was changed.
            ConfigError: Something needs it: an import of another account, or a leaf node.
            DotgnatlyError: As ``update_config``.
        """
        options = Options(timeout, allow_restart, author, reason)
        return self._run(self._changes.apply(deleting(name), options))


class AsyncAccountCalls:
    """What ``AsyncNatsController`` does with accounts."""

    _server: Server
    _changes: Changes

    async def _run(self, steps: Steps[T]) -> T:
        raise NotImplementedError  # as the controller does

    async def accounts(self) -> "dict[str, AccountConfiguration]":
        """As ``NatsController.accounts``."""
        return accounts_of(self._server.layers.config)

    async def create_account(
        self,
        name: str,
        account: Account,
        *,
        allow_restart: bool = False,
        timeout: float | None = 30.0,
        author: str | None = None,
        reason: str | None = None,
    ) -> ConfigurationVersion:
        """As ``NatsController.create_account``."""
        options = Options(timeout, allow_restart, author, reason)
        return await self._run(self._changes.apply(creating({name: account}), options))

    async def create_accounts(
        self,
        accounts: Mapping[str, Account],
        *,
        allow_restart: bool = False,
        timeout: float | None = 30.0,
        author: str | None = None,
        reason: str | None = None,
    ) -> ConfigurationVersion:
        """As ``NatsController.create_accounts``."""
        options = Options(timeout, allow_restart, author, reason)
        return await self._run(self._changes.apply(creating(accounts), options))

    async def update_account(
        self,
        name: str,
        change: AccountChange,
        *,
        allow_restart: bool = False,
        timeout: float | None = 30.0,
        author: str | None = None,
        reason: str | None = None,
    ) -> ConfigurationVersion:
        """As ``NatsController.update_account``."""
        options = Options(timeout, allow_restart, author, reason)
        return await self._run(self._changes.apply(updating(name, change), options))

    async def delete_account(
        self,
        name: str,
        *,
        allow_restart: bool = False,
        timeout: float | None = 30.0,
        author: str | None = None,
        reason: str | None = None,
    ) -> ConfigurationVersion:
        """As ``NatsController.delete_account``."""
        options = Options(timeout, allow_restart, author, reason)
        return await self._run(self._changes.apply(deleting(name), options))
