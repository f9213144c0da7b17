"""``dotgnatly serve -sl``: a signal for a server that runs in another process."""

import os
import signal
import subprocess
import sys

from dotgnatly.errors import NotFoundError, StateError

_SIGNALS = {
    "stop": "SIGKILL",
    "quit": "SIGINT",
    "term": "SIGTERM",
    "reopen": "SIGUSR1",
    "reload": "SIGHUP",
    "ldm": "SIGUSR2",
}
"""Source: ``server.CommandToSignal`` (2.15)."""

if sys.platform == "win32":  # where a process can be ended, and told nothing
    _SIGNALS = {"stop": "SIGTERM"}

_OURS = "^[^ ]*(python[^ ]* (.* )?-m dotgnatly|python[^ ]* [^ ]*/dotgnatly|dotgnatly) serve( |$)"
"""What a command line looks like that runs a server, as ``pgrep`` matches it everywhere."""


def send(command: str) -> int:
    """Send what a command such as ``reload=1234`` says.

    Args:
        command: A signal. After "=" a process id, or the path of a file with one; the beginning of
            some with a "*" is all of them. Without it, the one server that runs.

    Raises:
        StateError: There is no such signal, or it is not clear who is to get it.
        NotFoundError: There is nobody to get it.
    Source: ``server.ProcessSignal`` (2.15).
    """
    word, _, whom = command.partition("=")
    if word not in _SIGNALS:
        raise StateError(f"there is no signal {word!r}, but {', '.join(_SIGNALS)}")
    for pid in _pids(whom):
        try:
            os.kill(pid, getattr(signal, _SIGNALS[word]))
        except OSError as exc:
            raise NotFoundError(f"process {pid} gets no {word}: {exc.strerror}") from exc
    return 0


def _pids(whom: str) -> list[int]:
    if os.path.isfile(whom):
        with open(whom, encoding="ascii", errors="replace") as file:
            whom = file.read().strip()
    begin = whom.removesuffix("*")
    if begin and not (begin.isdecimal() and int(begin)):  # 0 and less would be a group, or all
        raise StateError(f"{whom!r} is no process id and no file with one")
    if begin and begin == whom:
        return [int(whom)]
    pids = [pid for pid in _running() if pid.startswith(begin)]
    if not pids:
        raise NotFoundError("there is no such server")
    if len(pids) > 1 and not whom:
        raise StateError(f"which of them, {', '.join(pids)}?")
    return [int(pid) for pid in pids]


def _running() -> list[str]:
    try:
        found = subprocess.run(  # noqa: S603 - nothing of it is the caller's
            ["pgrep", "-f", _OURS],  # noqa: S607 - wherever it is
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError as exc:
        raise StateError("there is no pgrep to look for servers: name a process id") from exc
    return [pid for pid in found.stdout.split() if pid != str(os.getpid())]
