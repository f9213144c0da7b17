"""Clients that no package here has: over WebSocket and MQTT, with as much of them as tests need.

They do not reconnect: one that was cut off raises asyncio.IncompleteReadError or ConnectionError,
and one that was not let in PermissionError with what the server says.
"""

import asyncio
import json
import ssl
from contextlib import suppress
from typing import Self


class _Client:
    """A connection that hears what it says."""

    LISTENER: str
    """The name of its listener."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def connect(
        cls,
        port: int,
        tls: ssl.SSLContext | None = None,
        user: str = "",
        password: str = "",
        **others: str,
    ) -> Self:
        """Connect to a listener of this machine, log in if there is a user, and subscribe."""
        name = "localhost" if tls else None
        client = cls(
            *await asyncio.open_connection("127.0.0.1", port, ssl=tls, server_hostname=name)
        )
        try:
            await client._log_in(user, password, **others)
        except BaseException:
            await client.close()
            raise
        return client

    async def _log_in(self, user: str, password: str, **others: str) -> None:
        raise NotImplementedError

    async def close(self) -> None:
        """Close the connection, whatever may come on it still."""
        self._writer.transport.abort()
        with suppress(OSError):  # why it was closed, which is known
            await self._writer.wait_closed()


class WebSocketClient(_Client):
    """NATS's own protocol in the frames of RFC 6455."""

    LISTENER = "websocket"
    _received = b""

    async def _log_in(
        self, user: str, password: str, token: str = "", cookie: str = "", **others: str
    ) -> None:
        assert not others
        self._writer.write(
            b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
            b"Cookie: %b\r\n\r\n" % cookie.encode()
        )
        head = await self._reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 "), head
        login = {"user": user, "pass": password} if user else {"auth_token": token} if token else {}
        await self._send(f"CONNECT {json.dumps(login)}\r\n")
        await self._send("SUB talk.a 1\r\nPING\r\n")
        await self._receive("PONG\r\n")

    async def echo(self, text: str) -> None:
        """Publish a text, and return when it has come back."""
        await self._send(f"PUB talk.a {len(text)}\r\n{text}\r\n")
        await self._receive(f"MSG talk.a 1 {len(text)}\r\n{text}\r\n")

    async def _send(self, text: str) -> None:
        assert len(text) < 126, "longer frames have another head"
        # Final and binary; masked, as a client's must be, by zeros.
        self._writer.write(bytes([0x82, 0x80 | len(text)]) + bytes(4) + text.encode())
        await self._writer.drain()

    async def _receive(self, text: str) -> None:
        """Read on until this has come."""
        while text.encode() not in self._received:
            if b"-ERR '" in self._received:
                raise PermissionError(self._received.decode())
            _, length = await self._reader.readexactly(2)
            if length == 126:
                length = int.from_bytes(await self._reader.readexactly(2))
            self._received += await self._reader.readexactly(length)
        self._received = self._received.partition(text.encode())[2]


class MqttClient(_Client):
    """MQTT 3.1.1 with quality of service 0."""

    LISTENER = "mqtt"
    _CONNECT, _CONNACK, _PUBLISH, _SUBSCRIBE, _SUBACK = 0x10, 0x20, 0x30, 0x82, 0x90
    _CLEAN_SESSION, _WITH_LOGIN = 0x02, 0xC0

    async def _log_in(self, user: str, password: str, **others: str) -> None:
        assert not others
        flags = self._CLEAN_SESSION | (self._WITH_LOGIN if user else 0)
        names = ["raw", user, password] if user else ["raw"]
        no_pings = b"\0\0"
        await self._send(
            self._CONNECT,
            _text("MQTT") + bytes([4, flags]) + no_pings + b"".join(map(_text, names)),
        )
        kind, (_, refused) = await self._read()
        assert kind == self._CONNACK
        if refused:
            raise PermissionError(f"return code {refused}")
        await self._send(self._SUBSCRIBE, bytes([0, 1]) + _text("talk/a") + bytes([0]))
        await self._receive(self._SUBACK, bytes([0, 1, 0]))

    async def echo(self, text: str) -> None:
        """Publish a text, and return when it has come back."""
        message = _text("talk/a") + text.encode()
        await self._send(self._PUBLISH, message)
        await self._receive(self._PUBLISH, message)

    async def _send(self, kind: int, content: bytes) -> None:
        length, rest = [], len(content)
        while rest > 127:
            length.append(0x80 | rest & 127)
            rest >>= 7
        self._writer.write(bytes([kind, *length, rest]) + content)
        await self._writer.drain()

    async def _receive(self, kind: int, content: bytes) -> None:
        """Read a packet, which must be this one."""
        assert await self._read() == (kind, content)

    async def _read(self) -> tuple[int, bytes]:
        kind, length = await self._reader.readexactly(2)
        return kind, await self._reader.readexactly(length)


def _text(text: str) -> bytes:
    return len(text).to_bytes(2) + text.encode()
