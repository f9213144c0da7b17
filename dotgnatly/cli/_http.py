"""What the commands have in common that ask a server over HTTP."""

import argparse
import os
from contextlib import closing, suppress
from urllib.parse import urlsplit

from dotgnatly.errors import StateError

_DAY_S = 86_400.0


def add_server(parser: argparse.ArgumentParser) -> None:
    """Add the argument of ``base_url``."""
    parser.add_argument(
        "server",
        nargs="?",
        metavar="URL|PORT",
        help="where it answers monitoring requests; default $NATS__HTTP_PORT, or 8222",
    )


def add_timeout(parser: argparse.ArgumentParser) -> None:
    """Add how long an answer is waited for."""
    parser.add_argument(
        "--timeout", type=seconds, default=5.0, metavar="SECONDS", help="default %(default)s"
    )


def seconds(text: str) -> float:
    """The value of an option.

    Raises:
        ArgumentTypeError: It is none that anybody would wait for.
    """
    with suppress(ValueError):
        if 0 < float(text) <= _DAY_S:
            return float(text)
    raise argparse.ArgumentTypeError(f"expected seconds, up to a day, got {text!r}")


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


def document(url: str, timeout: float) -> str:
    """What is answered where all is well.

    Raises:
        StateError: It is not, or nothing is answered within so many seconds.
    """
    status, text = get(url, timeout)
    if status != 200:  # noqa: PLR2004 - OK
        raise StateError(f"{url}: {status}")
    return text
