"""What the commands have in common that ask a server over HTTP."""

import os
from contextlib import closing, suppress
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
    import socket
    import threading
    from http.client import HTTPConnection, HTTPException, HTTPSConnection, InvalidURL

    def give_up() -> None:
        late.set()
        if connection.sock is not None:
            with suppress(OSError):  # it is just closed
                connection.sock.shutdown(socket.SHUT_RDWR)

    late = threading.Event()
    alarm = threading.Timer(timeout, give_up)  # a socket's own timeout begins anew with each byte
    alarm.daemon = True
    try:
        parts = urlsplit(url)
        connect = {"http": HTTPConnection, "https": HTTPSConnection}.get(parts.scheme)
        if connect is None or not parts.hostname:
            raise InvalidURL(url)  # noqa: TRY301 - the words for it are below
        with closing(connect(parts.netloc.rpartition("@")[2], timeout=timeout)) as connection:
            alarm.start()
            connection.request("GET", f"{parts.path}?{parts.query}" if parts.query else parts.path)
            answer = connection.getresponse()
            document = answer.read()
            if late.is_set():
                raise TimeoutError(f"no whole answer within {timeout} s")
            return answer.status, document.decode(errors="replace")
    except OSError as exc:
        raise StateError(f"{url}: {exc}") from exc
    except (InvalidURL, ValueError) as exc:  # such as for a bracket, a port or a name of a host
        raise StateError(f"{url} is no http URL") from exc
    except HTTPException as exc:
        what = (
            f"no whole answer within {timeout} s" if late.is_set() else "the answer is none of HTTP"
        )
        raise StateError(f"{url}: {what}") from exc
    finally:
        alarm.cancel()
