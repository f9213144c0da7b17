"""Changes of the configuration of one server: made, planned, and taken back.

A change is proposed, shown to the handlers, carried out and noted as a version. Handlers run while
nobody holds the lock, so what they were shown can be out of date afterwards: then it is proposed
anew, from what is in force by then.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from dotgnatly import conffile, runtime
from dotgnatly._handlers import Handle
from dotgnatly._layers import Layers, Settings, as_config
from dotgnatly._server import Due, Server
from dotgnatly.config import BrokerConfiguration
from dotgnatly.diff import ConfigurationDiff, caveats, compare
from dotgnatly.errors import (
    ChangeError,
    ConfigError,
    Fault,
    ImpossibleChangeError,
    RestartRequiredError,
)
from dotgnatly.history import ConfigurationVersion, VersionKind
from dotgnatly.jobs import Steps, Wait

if TYPE_CHECKING:
    from dotgnatly.events import ConfigurationChanged, ConfigurationChanging
    from dotgnatly.info import ServerInfo
    from dotgnatly.plan import Plan, PlannedChange


class Options(msgspec.Struct, frozen=True):
    """How a change is to be made."""

    timeout: float | None
    allow_restart: bool = False
    author: str | None = None
    reason: str | None = None


class Proposal(msgspec.Struct, frozen=True):
    """A change that is valid, and not made yet."""

    number: int
    """That its version would have: it is out of date once there is one."""
    layers: Layers
    settings: Settings
    kind: VersionKind = "update"
    restored: int | None = None


class Made(msgspec.Struct, frozen=True):
    """A change that was made."""

    version: ConfigurationVersion
    previous: BrokerConfiguration
    previous_info: "ServerInfo | None"
    """Of the server before, if somebody wants to know."""


Propose: TypeAlias = Callable[[], Steps[Proposal]]
MakeNext: TypeAlias = Callable[[BrokerConfiguration], BrokerConfiguration | Mapping[str, Any]]
"""Maps the configuration in force to the one that is to be."""

Change: TypeAlias = BrokerConfiguration | Mapping[str, Any] | MakeNext
"""A patch, or a function as ``apply`` takes it."""


class Changes:
    """The changes of one server."""

    def __init__(self, server: Server) -> None:
        self._server = server

    # -- what is asked for ---------------------------------------------------------------------

    def update(
        self, patch: Change | None, fields: Mapping[str, Any], options: Options
    ) -> Steps[ConfigurationVersion]:
        """Change what is set in patch and fields and leave the rest."""
        return self._make(partial(self._propose_update, patch, fields), options)

    def replace(
        self, config: BrokerConfiguration | Mapping[str, Any], options: Options
    ) -> Steps[ConfigurationVersion]:
        """Put a complete new configuration in force."""
        layers = Layers.of(as_config(config), self._server.flags)
        return self._make(partial(self._propose, layers), options)

    def apply(self, change: MakeNext, options: Options) -> Steps[ConfigurationVersion]:
        """Put in force what the function makes of the configuration in force."""
        return self._make(partial(self._propose_update, change, {}), options)

    def reload(self, options: Options, *, discard: bool) -> Steps[ConfigurationVersion]:
        """Read the configuration file again, below the changes made at run time."""
        return self._make(partial(self._propose_reload, discard=discard), options)

    def rollback(self, number: int | None, options: Options) -> Steps[ConfigurationVersion]:
        """Put an earlier version in force again."""
        return self._make(partial(self._propose_rollback, number), options)

    def push_account(
        self, account_jwt: str, options: Options
    ) -> Steps[ConfigurationVersion | None]:
        """Put the JWT of an account in force; a resolver in memory has it in the configuration."""
        account = yield from self._server.locked(self._server.push_account(account_jwt))
        if account is None:
            return None
        patch = BrokerConfiguration(resolver_preload={account: account_jwt})
        return (yield from self.update(patch, {}, options))

    def plan(self, change: Change | None, fields: Mapping[str, Any]) -> Steps["Plan"]:
        """What ``update`` would do."""
        return self._server.locked(self._plan(change, fields))

    # -- proposals -----------------------------------------------------------------------------

    def _propose(
        self, layers: Layers, kind: VersionKind = "update", restored: int | None = None
    ) -> Steps[Proposal]:
        yield from ()
        self._server.require_running()
        settings = self._server.settings(layers.config)
        return Proposal(self._server.history.next_number, layers, settings, kind, restored)

    def _propose_update(self, change: Change | None, fields: Mapping[str, Any]) -> Steps[Proposal]:
        self._server.require_running()
        base, layer, current = (getattr(self._server.layers, n) for n in Layers.__struct_fields__)
        if callable(change):
            layer = layer.merge(current.delta(self._server.ask(change, current)), keep_none=True)
        elif change is not None:
            layer = layer.merge(as_config(change), keep_none=True)
        if fields:
            layer = layer.merge(BrokerConfiguration.from_dict(fields), keep_none=True)
        return (yield from self._propose(Layers.of(base, layer)))

    def _propose_reload(self, *, discard: bool) -> Steps[Proposal]:
        server = self._server
        server.require_running()
        source = server.layers.base.source
        if source is None or source.path is None:
            where = "the configuration was not read from a file"
            raise ConfigError(errors=[Fault("", f"there is nothing to reload: {where}")])
        base = yield from conffile.read("file", source.path)
        if source.environ:
            base = base.merge(BrokerConfiguration.from_environ())
        layer = server.flags if discard else server.layers.changes
        return (yield from self._propose(Layers.of(base, layer)))

    def _propose_rollback(self, number: int | None) -> Steps[Proposal]:
        server = self._server
        server.require_running()
        history = server.history
        version = history.before() if number is None else history.get(number)
        layers = Layers.of_version(version)
        return (yield from self._propose(layers, "rollback", version.number))

    # -- the way of every change ---------------------------------------------------------------

    def _make(self, propose: Propose, options: Options) -> Steps[ConfigurationVersion]:
        server = self._server
        made: Made | None = None
        while made is None:
            announced = None
            if "configuration_changing" in server.handlers:
                announced = yield from server.locked(self._announce(propose, options))
                info = yield from server.info()
                changing = self._changing(announced, info, options)
                yield Handle(server.handlers, "configuration_changing", changing)
            made = yield from server.locked(self._carry_out(propose, announced, options))
        if made.previous_info is not None:
            info = yield from server.info()
            changed = _changed(made, made.previous_info, info)
            yield Handle(server.handlers, "configuration_changed", changed)
        return made.version

    def _changing(
        self, proposal: Proposal, info: "ServerInfo", options: Options
    ) -> "ConfigurationChanging":
        from dotgnatly.events import ConfigurationChanging

        previous, current = self._server.layers.config, proposal.layers.config
        return ConfigurationChanging(
            previous=previous,
            current=current,
            diff=compare(previous, current),
            kind=proposal.kind,
            info=info,
            author=options.author,
            reason=options.reason,
        )

    def _carry_out(
        self, propose: Propose, announced: Proposal | None, options: Options
    ) -> Steps["Made | None"]:
        """Make the change; None if the one that was announced is out of date."""
        server = self._server
        yield from self._settle(options.timeout)
        proposal = announced or (yield from propose())
        if proposal.number != server.history.next_number:
            return None
        server.require_running()
        restart = yield from self._must_restart(proposal.settings, options)
        info = None
        if "configuration_changed" in server.handlers:
            info = yield from server.info()
        previous = server.layers.config
        try:
            version = yield from self._send(proposal, restart, options)
        except RestartRequiredError:  # the server knows better than our table
            if not options.allow_restart:
                raise
            version = yield from self._send(proposal, True, options)  # noqa: FBT003 - as below
        return Made(version, previous, info)

    def _announce(self, propose: Propose, options: Options) -> Steps[Proposal]:
        yield from self._settle(options.timeout)
        return (yield from propose())

    def _settle(self, timeout: float | None) -> Steps[None]:
        late = ChangeError("an earlier change is still being undone")
        yield from self._server.settle(timeout, late)

    def _send(
        self,
        proposal: Proposal,
        restart: bool,  # noqa: FBT001 - of these two calls
        options: Options,
    ) -> Steps[ConfigurationVersion]:
        """Have Go put the settings in force; as ``Server.carry_out``."""
        server, library = self._server, runtime.native()
        send = library.server_restart if restart else library.server_apply
        settings = proposal.settings

        def undo(exc: Exception) -> Steps[None]:
            before = server.settings(server.layers.config)
            yield Wait(send(server, before.text, before.overlay))
            raise ChangeError(f"the version cannot be kept, and all is as before: {exc}") from exc

        kind: VersionKind = "restart" if restart and proposal.kind == "update" else proposal.kind
        version = server.draft(
            proposal.layers, kind, options.author, options.reason, proposal.restored
        )
        late = ChangeError(f"not done after {options.timeout} s, and undone")
        return (
            yield from server.carry_out(
                partial(send, server, settings.text, settings.overlay),
                Due(proposal.layers, version, undo),
                options.timeout,
                late,
            )
        )

    # -- what a change would do ----------------------------------------------------------------

    def _must_restart(self, settings: Settings, options: Options) -> Steps[bool]:
        """Whether the change takes a restart, which must have been allowed."""
        from dotgnatly.plan import worst

        planned = yield from self._classified(settings)
        reload_class = worst(change.reload_class for change in planned)
        if reload_class == "hot":
            return False
        yield Wait(runtime.native().config_check(settings.text, settings.overlay))
        paths = [c.change.path for c in planned if c.reload_class == reload_class]
        if reload_class == "impossible":
            raise ImpossibleChangeError(f"{', '.join(paths)} cannot change", paths=tuple(paths))
        if not options.allow_restart:
            raise RestartRequiredError(
                f"{', '.join(paths)} cannot change on a running server", paths=tuple(paths)
            )
        return True

    def _classified(self, settings: Settings) -> Steps[tuple["PlannedChange", ...]]:
        """Every change of the settings in force, with its class."""
        from dotgnatly.plan import classify, only

        before, after = self._server.fill(self._server.layers.config), settings.filled
        planned = classify(compare(before, after), before, after)
        grave = [change for change in planned if change.reload_class != "hot"]
        if not grave:
            return planned
        matters = yield from self._matters(only(grave, before, after))
        if not matters:
            # Written otherwise, and the same to the server: a default, or the port that it found.
            planned = tuple(msgspec.structs.replace(c, reload_class="hot") for c in planned)
        return planned

    def _matters(self, config: BrokerConfiguration) -> Steps[bool]:
        """Whether any option of the running server differs from what a configuration asks for."""
        library, handle = runtime.native(), self._server.require_running()
        try:
            found = yield Wait(library.server_compare(handle, b"text", conffile.render(config)))
        except ConfigError:  # these changes cannot do without the others
            return True
        return bool(msgspec.json.decode(found))

    def _plan(self, change: Change | None, fields: Mapping[str, Any]) -> Steps["Plan"]:
        from dotgnatly.plan import AffectedClient, Plan, worst

        yield from self._settle(None)
        proposal = yield from self._propose_update(change, fields)
        planned = yield from self._classified(proposal.settings)
        reload_class = worst(change.reload_class for change in planned)
        disconnected: tuple[AffectedClient, ...] = ()
        if reload_class != "impossible":
            library, handle = runtime.native(), self._server.require_running()
            found = yield Wait(
                library.server_plan(
                    handle, reload_class.encode(), proposal.settings.text, proposal.settings.overlay
                )
            )
            disconnected = msgspec.json.decode(found, type=tuple[AffectedClient, ...])
        diff = ConfigurationDiff(tuple(each.change for each in planned))
        warnings = proposal.settings.warnings
        if reload_class == "hot":
            warnings += caveats(diff, proposal.layers.config)
        return Plan(diff=diff, changes=planned, disconnected=disconnected, warnings=warnings)


def _changed(made: Made, before: "ServerInfo", now: "ServerInfo") -> "ConfigurationChanged":
    from dotgnatly.events import ConfigurationChanged

    return ConfigurationChanged(
        previous=made.previous,
        current=made.version.config,
        diff=made.version.diff,
        kind=made.version.kind,
        version=made.version,
        previous_info=before,
        info=now,
        time=made.version.applied_at,
    )
