"""The page behind waitress: what it may be asked, how long, and what is written of each request."""

from __future__ import annotations

import errno
import socket
import time
from collections.abc import Callable
from typing import Any

from flask import Flask, g, request
from waitress.server import create_server
from werkzeug.wrappers import Response

from escalation.errors import InputError, reason
from escalation.web.app import MOST_BYTES
from escalation.web.settings import Settings, is_local

__all__ = ["Server", "log_access"]

MOST_BODY = 20 * MOST_BYTES  # an upload, such as a spreadsheet; what is more is not even read


def log_access(app: Flask, write: Callable[[str], None]) -> None:
    """Write a line of every request: method, screen, status, milliseconds; nothing of people."""

    @app.before_request
    def begin() -> None:
        g.began = time.perf_counter()

    @app.after_request
    def end(response: Response) -> Response:
        rule = request.url_rule.rule if request.url_rule is not None else "-"
        took = 1000 * (time.perf_counter() - g.get("began", time.perf_counter()))
        write(f"{request.method} {rule} {response.status_code} {took:.0f} ms")
        return response

    # so that what other functions before a request do is measured too
    asked: list[Any] = app.before_request_funcs[None]
    asked.insert(0, asked.pop())


class Server:
    """The page at an address of this machine.

    Parameters
    ----------
    app : Flask
    settings : Settings
    port : int
        0 for any that is free.

    Raises
    ------
    InputError
        If it cannot listen there.
    """

    def __init__(self, app: Flask, settings: Settings, port: int) -> None:
        options: dict[str, Any] = {}
        if settings.proxied:
            options = {
                "trusted_proxy": "127.0.0.1" if is_local(settings.host) else "*",
                "trusted_proxy_headers": "x-forwarded-for x-forwarded-proto x-forwarded-host",
                "trusted_proxy_count": 1,
            }
        self._socket = _listen(settings.host, port)
        self.port: int = self._socket.getsockname()[1]
        self._server: Any = create_server(
            app,
            sockets=[self._socket],
            threads=settings.threads,
            ident=None,
            url_prefix=settings.base_path,
            max_request_header_size=32_768,
            max_request_body_size=MOST_BODY,
            channel_timeout=60,
            clear_untrusted_proxy_headers=True,
            **options,
        )

    def run(self) -> None:
        """Answer until interrupted."""
        self._server.run()

    def close(self) -> None:
        """Stop listening."""
        self._server.close()
        self._socket.close()


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family)
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        why = "another program is using it" if taken else reason(error)
        raise InputError(
            f"cannot listen at {host}, port {port}: {why}; --port 0 takes any that is free"
        ) from error
