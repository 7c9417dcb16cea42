"""Receivers for the tests of notifiers: real servers on this machine, good ones and bad ones."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import attrs


@attrs.define
class Post:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes


class WebServer:
    """Takes every POST with one status, or one status after another; keeps what came."""

    def __init__(self, *statuses: int, headers: dict[str, str] | None = None) -> None:
        self.posts: list[Post] = []
        self._statuses = list(statuses or (204,))
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.posts.append(Post(self.path, dict(self.headers.items()), body))
                status = outer._statuses[0]
                if len(outer._statuses) > 1:
                    outer._statuses.pop(0)
                self.send_response(status)
                for name, text in (headers or {}).items():
                    self.send_header(name, text)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, format: str, *args: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            request_queue_size = 64

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass  # a client that went away is what some tests are about

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port: int = self.server.server_address[1]

    @contextmanager
    def running(self, tls: ssl.SSLContext | None = None) -> Iterator[WebServer]:
        if tls is not None:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield self
        finally:
            self.server.shutdown()
            self.server.server_close()
            thread.join()


@contextmanager
def silent_port() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=16) as listening:
        yield listening.getsockname()[1]


@contextmanager
def closed_port() -> Iterator[int]:
    """A port where nobody listens, and nobody else can begin to."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@contextmanager
def dripping_port(head: bytes, drop: bytes, *, every: float, drops: int = 1000) -> Iterator[int]:
    """A port that reads, answers with the head, and goes on drop by drop."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        stop = threading.Event()

        def serve() -> None:
            try:
                one, _ = listening.accept()
            except OSError:
                return
            with one:
                one.settimeout(5)
                try:
                    one.recv(65536)
                    one.sendall(head)
                    for _ in range(drops):
                        if stop.is_set():
                            return
                        one.sendall(drop)
                        time.sleep(every)
                except OSError:
                    return

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            stop.set()
            listening.close()
            thread.join()
