"""The one tree of exceptions.

::

    DotgnatlyError
      ConfigError (ValueError)          errors, warnings: path or file:line:column, message, value
      StartError                        key: the configuration key it is about, where there is one
        StartTimeoutError (TimeoutError)  missing: what a cluster waited for
        StoreInUseError                 store_dir, holder
        StoreDamagedError
        PortInUseError (ChangeError)    key, address
      ChangeError
        RestartRequiredError            paths, option
        ImpossibleChangeError           paths
        ChangeVetoedError
      StateError
        ServerStoppedError
        AlreadyRunningError
      NotFoundError (LookupError)
      ShutdownTimeoutError (TimeoutError)
      ForkedProcessError                loaded_at: the call that loaded the Go runtime
      NativeError                       a panic in the bridge, a missing or foreign extension
      ClientError
        NoRespondersError
        RequestTimeoutError (TimeoutError)
        ConnectionClosedError
        SlowConsumerError
        AuthenticationError
        JetStreamError                  code, err_code
          WrongRevisionError
          KeyNotFoundError
          ObjectNotFoundError

Every class carries ``code``. Those that the native library raises have the code of ``abi.h``;
the others have 0.
"""

from collections.abc import Iterable
from typing import Any, ClassVar, NamedTuple


class Fault(NamedTuple):
    """One thing that is wrong with a configuration."""

    path: str
    """Where: a key path such as ``jetstream.store_dir``, or ``file:line:column``; may be empty."""
    message: str
    """What, in one sentence, secrets redacted."""
    value: str = ""
    """What was found there, as ``repr`` shows it, secrets redacted; empty if nothing was."""

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class DotgnatlyError(Exception):
    """Base of all errors of this package; the facts given to it are its attributes."""

    code: ClassVar[int] = 0

    def __init__(self, message: str = "", **facts: Any) -> None:
        super().__init__(message)
        for name, value in facts.items():
            setattr(self, name, value)

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.args, dict(self.__dict__))


def _rebuild(
    cls: type[DotgnatlyError], args: tuple[Any, ...], facts: dict[str, Any]
) -> DotgnatlyError:
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(facts)
    return error


class ConfigError(DotgnatlyError, ValueError):
    """The configuration is refused; nothing was changed.

    Attributes:
        errors: Every fault that was found, in a stable order.
        warnings: What is doubtful but was not the reason.
    """

    code = 1

    def __init__(
        self,
        message: str = "",
        *,
        errors: Iterable[Fault] = (),
        warnings: Iterable[Fault] = (),
        **facts: Any,
    ) -> None:
        self.errors = tuple(Fault(*fault) for fault in errors)
        self.warnings = tuple(Fault(*fault) for fault in warnings)
        super().__init__(message or "; ".join(map(str, self.errors)), **facts)


class StartError(DotgnatlyError):
    """The server did not start. It has been shut down and left nothing behind.

    Attributes:
        key: The configuration key it is about, or "".
    """

    code = 2
    key: str = ""


class StartTimeoutError(StartError, TimeoutError):
    """The server did not accept connections in time. It has been shut down.

    Attributes:
        missing: What members of a cluster were not ready for, such as "nats-0: no route to nats-1".
    """

    code = 3
    missing: tuple[str, ...] = ()


class StoreInUseError(StartError):
    """The JetStream store directory belongs to another running server.

    Attributes:
        store_dir: The directory.
        holder: Who holds it, as that process wrote it down, or "".
    """

    code = 4
    key = "jetstream.store_dir"
    store_dir: str = ""
    holder: str = ""


class StoreDamagedError(StartError):
    """The JetStream store holds less than it should."""

    code = 5


class ChangeError(DotgnatlyError):
    """A running server refused a change; the previous configuration is in force."""

    code = 7


class PortInUseError(StartError, ChangeError):
    """A listener's address is taken by somebody else.

    Attributes:
        key: The key that asked for it, such as ``port`` or ``leafnodes.port``.
        address: The address, ``host:port``.
    """

    code = 6
    address: str = ""


class RestartRequiredError(ChangeError):
    """A running server cannot take this change; nothing was changed.

    A restart can: ``allow_restart=True``.

    Attributes:
        paths: The keys that it is about.
        option: The server's name of the option, such as ``ServerName``, where the server refused.
    """

    code = 8
    paths: tuple[str, ...] = ()
    option: str = ""


class ImpossibleChangeError(ChangeError):
    """Neither a reload nor a restart can make this change; nothing was changed.

    Attributes:
        paths: The keys that it is about.
    """

    code = 9
    paths: tuple[str, ...] = ()


class ChangeVetoedError(ChangeError):
    """A handler of the changing event refused the change."""

    code = 10


class StateError(DotgnatlyError):
    """The controller is not in a state for this call; nothing was changed."""

    code = 11


class ServerStoppedError(StateError):
    """The server is not running."""

    code = 12


class AlreadyRunningError(StateError):
    """The server is running already."""

    code = 13


class NotFoundError(DotgnatlyError, LookupError):
    """There is no such account, version or client."""

    code = 14


class ShutdownTimeoutError(DotgnatlyError, TimeoutError):
    """The server did not stop in time. It goes on stopping; call ``shutdown`` again to wait on."""

    code = 15


class ForkedProcessError(DotgnatlyError):
    """This process was forked from one that had loaded the Go runtime, which does not survive that.

    Attributes:
        loaded_at: The call that loaded it, as ``file:line in function``.
    """

    code = 16
    loaded_at: str = ""


class NativeError(DotgnatlyError):
    """The native library failed: a panic in the bridge, or a missing or foreign extension."""

    code = 17


class ClientError(DotgnatlyError):
    """Base of the errors of the client inside the process."""


class NoRespondersError(ClientError):
    """Nobody is subscribed to the subject of the request."""


class RequestTimeoutError(ClientError, TimeoutError):
    """No reply came in time."""


class ConnectionClosedError(ClientError):
    """The connection is closed."""


class SlowConsumerError(ClientError):
    """A subscription was not read fast enough and messages were dropped."""


class AuthenticationError(ClientError):
    """The server did not accept the credentials."""


class JetStreamError(ClientError):
    """The JetStream API answered with an error.

    Attributes:
        code: HTTP-like status, such as 404.
        err_code: The server's own error code, such as 10059.
    """

    err_code: int = 0


class WrongRevisionError(JetStreamError):
    """The key or subject has another revision than the one expected."""


class KeyNotFoundError(JetStreamError):
    """The bucket has no such key."""


class ObjectNotFoundError(JetStreamError):
    """The object store has no such object."""


_GB_EHANDLE = 18
_GB_ECANCELED = 19

_RAISED: tuple[type[DotgnatlyError], ...] = (
    ConfigError,
    StartError,
    StartTimeoutError,
    StoreInUseError,
    StoreDamagedError,
    PortInUseError,
    ChangeError,
    RestartRequiredError,
    ImpossibleChangeError,
    ChangeVetoedError,
    StateError,
    ServerStoppedError,
    AlreadyRunningError,
    NotFoundError,
    ShutdownTimeoutError,
    ForkedProcessError,
    NativeError,
)
BY_CODE = {cls.code: cls for cls in _RAISED} | {
    _GB_EHANDLE: ServerStoppedError,  # a handle dies when its server has stopped
    _GB_ECANCELED: StateError,
}
"""The exception for each code of ``abi.h``."""


def from_native(code: int, message: str, facts: dict[str, Any]) -> DotgnatlyError:
    """The exception for what the native library reported."""
    return BY_CODE.get(code, NativeError)(message, **facts)
