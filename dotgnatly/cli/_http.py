"""What the commands have in common that ask a server over HTTP."""

import os
from contextlib import closing
from urllib.parse import urlsplit

from dotgnatly.errors import StateError


def base_url(target: str | None) -> str:
    """The base of the monitoring endpoints.

    Args:
        target: A URL, or a port of this machine; None is the port that the environment gives to
            ``serve``, or 8222.
    """
    target = target or os.environ.get("NATS__HTTP_PORT") or "8222"
    return f"http://127.0.0.1:{target}" if target.isdecimal() else target.rstrip("/")


def get(url: str, timeout: float) -> tuple[int, str]:
    """What is answered: the status, and the document.

    Raises:
        StateError: Nothing is, within so many seconds.
    """
    from http.client import HTTPConnection, HTTPException, HTTPSConnection, InvalidURL

    try:
        parts = urlsplit(url)
        connect = {"http": HTTPConnection, "https": HTTPSConnection}.get(parts.scheme)
        if connect is None or not parts.hostname:
            raise InvalidURL(url)  # noqa: TRY301 - the words for it are below
        with closing(connect(parts.netloc.rpartition("@")[2], timeout=timeout)) as connection:
            connection.request("GET", f"{parts.path}?{parts.query}" if parts.query else parts.path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode(errors="replace")
    except OSError as exc:
        raise StateError(f"{url}: {exc}") from exc
    except (InvalidURL, ValueError) as exc:  # such as for a bracket, a port or a name of a host
        raise StateError(f"{url} is no http URL") from exc
    except HTTPException as exc:
        raise StateError(f"{url}: the answer is none of HTTP") from exc
