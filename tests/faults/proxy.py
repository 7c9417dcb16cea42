"""A small TCP proxy before a server: it can cut a connection when a message was sent and not answered yet."""

from __future__ import annotations

import socket
import threading


class Proxy:
    """Passes bytes on both ways until it is armed.

    Armed with bytes, it waits for a message of a client that holds them, passes it on, lets the server
    answer, and then cuts the connection: the server has done it, and the client cannot know.
    """

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._needles: list[bytes] = []
        self._shut_afterwards = False
        self.is_shut = False
        self.cuts = 0
        self._accepts = threading.Thread(target=self._accept, daemon=True)
        self._accepts.start()

    def arm(self, *needles: bytes, shut: bool = False) -> None:
        """Cut at the message with the last needle that comes after messages with the others.

        Args:
            shut: let nobody in afterwards, until `open`.
        """
        self._needles, self._shut_afterwards = list(needles), shut

    def open(self) -> None:
        self.is_shut = False

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._accepts.join()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.is_shut:
                client.close()
                continue
            server = socket.create_connection(self._server)
            for one, other, is_asking in ((client, server, True), (server, client, False)):
                threading.Thread(target=self._pass, args=(one, other, is_asking), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, is_asking: bool) -> None:
        try:
            while data := source.recv(1 << 16):
                if is_asking and self._is_cut(data):
                    self._cut(source, target, data)
                    return
                target.sendall(data)
        except OSError:
            pass  # the other side is gone
        for end in (source, target):
            end.close()

    def _is_cut(self, data: bytes) -> bool:
        if self._needles and self._needles[0] in data:
            self._needles.pop(0)
            return not self._needles
        return False

    def _cut(self, client: socket.socket, server: socket.socket, data: bytes) -> None:
        """The client hears nothing more; the server gets the message, and time to do it."""
        self.cuts += 1
        self.is_shut = self._shut_afterwards
        client.shutdown(socket.SHUT_RDWR)
        server.sendall(data)
        threading.Event().wait(0.2)
        client.close()
        server.close()
