"""The page behind a real server of this process, on a free port of this machine."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask
from waitress import create_server

__all__ = ["serving"]


@contextmanager
def serving(app: Flask, threads: int = 4) -> Iterator[str]:
    """Serve an application; yield its address, without a slash at the end."""
    server = create_server(app, host="127.0.0.1", port=0, threads=threads)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:
        server.close()
        thread.join(5)
