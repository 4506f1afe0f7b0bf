"""A TCP proxy on loopback that misbehaves as a network does: it cuts, delays and throttles, by a seed."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass
class Weather:
    """What the network does to each connection."""

    cut_between: tuple[int, int] | None = None  # bytes after which a connection is cut, chosen anew for each
    seconds_a_piece: float = 0  # delay of each piece
    piece: int = 16 << 10  # bytes passed on at a time
    seed: int = 1


class Listener:
    """A server on loopback that hands each connection to `serve`, one after the other."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            self.serve(near)

    def serve(self, near: socket.socket) -> None:
        raise NotImplementedError

    def close(self) -> None:
        self._listener.close()


class Proxy(Listener):
    """A running proxy; counts the connections that it cut."""

    def __init__(self, to_port: int, weather: Weather) -> None:
        self._to, self._weather = to_port, weather
        self._chance = random.Random(weather.seed)
        self.cuts = self.connections = 0
        super().__init__()

    def serve(self, near: socket.socket) -> None:
        self.connections += 1
        bounds = self._weather.cut_between
        left = [self._chance.randint(*bounds) if bounds else 1 << 62]
        try:
            far = socket.create_connection(("127.0.0.1", self._to))
        except OSError:
            near.close()
            return
        for one, other in ((near, far), (far, near)):
            threading.Thread(target=self._pass, args=(one, other, left), daemon=True).start()

    def _pass(self, one: socket.socket, other: socket.socket, left: list[int]) -> None:
        try:
            while piece := one.recv(self._weather.piece):
                if self._weather.seconds_a_piece:
                    time.sleep(self._weather.seconds_a_piece)
                left[0] -= len(piece)
                if left[0] <= 0:
                    other.sendall(piece[: max(len(piece) + left[0], 0)])
                    self.cuts += 1
                    break
                other.sendall(piece)
        except OSError:
            pass
        for end in (one, other):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue


@contextmanager
def proxy(to_port: int, weather: Weather) -> Iterator[Proxy]:
    """A proxy before a port of this host."""
    made = Proxy(to_port, weather)
    try:
        yield made
    finally:
        made.close()
