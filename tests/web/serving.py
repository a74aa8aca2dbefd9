"""The page behind a real server of this process, on a free port of this machine."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from waitress import create_server, wasyncore

__all__ = ["serving", "stop"]


@contextmanager
def serving(app: Flask, threads: int = 4) -> Iterator[str]:
    """Serve an application; yield its address, without a slash at the end."""
    server = create_server(app, host="127.0.0.1", port=0, threads=threads)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:
        stop(server, thread)


def stop(server: Any, thread: threading.Thread) -> None:
    """Have a server's own thread close what it listens to: another would do it under its hands."""
    while server.task_dispatcher.threads:  # it waits for five seconds, a busy machine for longer
        server.task_dispatcher.shutdown()
    server.trigger.pull_trigger(lambda: wasyncore.close_all(server._map))
    thread.join(10)
