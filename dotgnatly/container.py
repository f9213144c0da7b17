"""What the container of this process leaves it: the limits of its control groups, on Linux."""

import os
import sys

_NONE = 1 << 60
"""As much, or more, is what version 1 says where there is no limit."""


def memory(root: str = "/") -> int | None:
    """Bytes that the process and its like may use; None where nobody has set a limit.

    The smallest limit on the way from its own control group up, of version 1 or 2, counts.

    Args:
        root: Where the system's files are.
    """
    if sys.platform != "linux":
        return None
    limits = []
    for mount, group, name in _groups(root):
        while True:
            limit = _number(os.path.join(root, mount, group.lstrip("/"), name))
            if limit is not None and limit < _NONE:
                limits.append(limit)
            if group in {"", "/"}:
                break
            group = os.path.dirname(group)  # noqa: PLW2901 - upwards
    return min(limits, default=None)


def _groups(root: str) -> list[tuple[str, str, str]]:
    """The hierarchies that limit memory: where each is, the group of this process, the file."""
    try:
        with open(os.path.join(root, "proc/self/cgroup")) as file:
            lines = file.read().splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        number, _, rest = line.partition(":")
        controllers, _, group = rest.partition(":")
        if number == "0" and not controllers:
            found.append(("sys/fs/cgroup", group, "memory.max"))
        elif "memory" in controllers.split(","):
            found.append(("sys/fs/cgroup/memory", group, "memory.limit_in_bytes"))
    return found


def _number(path: str) -> int | None:
    try:
        with open(path) as file:
            return int(file.read())
    except (OSError, ValueError):  # not seen from inside the container, or "max"
        return None
