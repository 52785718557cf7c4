"""Connections that are kept for the next request, and to whom that is worth while.

A server that ends each connection after its answer without a word takes the text with it that is
just being written to one. So none is used again until its server has been seen to keep one open.
"""

import asyncio
from itertools import chain

from .connection import Connection

#: Scheme, host and port of an address.
Origin = tuple[str, str, int]

#: Seconds after an answer for which a connection must have stayed open, before any is used again.
PROOF = 0.2


class KeptConnections:
    """The connections of one client, by where they lead; for the thread of its event loop."""

    def __init__(self) -> None:
        #: Those that nobody uses just now, the latest used last.
        self._idle: dict[Origin, list[Connection]] = {}
        #: Who keeps connections open, and one connection to each of whom we are about to know.
        self._keepers: set[Origin] = set()
        self._watched: dict[Origin, Connection] = {}

    def take(self, origin: Origin) -> Connection | None:
        """A connection from before that is nobody else's until it is given back."""
        while idle := self._idle.get(origin):
            connection = idle.pop()
            if connection.is_usable:
                return connection
            if connection.ended_early:
                self.distrust(origin)
            connection.close()
        return None

    def give_back(self, origin: Origin, connection: Connection) -> None:
        """Keep a connection for the next request, or end it."""
        if connection.is_open and origin in self._keepers:
            self._idle.setdefault(origin, []).append(connection)
        elif connection is not self._watched.get(origin):
            connection.close()

    def watch(self, origin: Origin, connection: Connection) -> None:
        """See what a server whom we do not know does with a connection after its answer."""
        if origin not in self._keepers and origin not in self._watched and connection.is_open:
            self._watched[origin] = connection
            asyncio.get_running_loop().call_later(PROOF, self._look_again, origin)

    def distrust(self, origin: Origin) -> None:
        """Use no connection to a server again until it has shown anew that it keeps them."""
        self._keepers.discard(origin)
        for connection in self._idle.pop(origin, ()):
            connection.close()

    def close(self) -> None:
        """End all of them."""
        for connection in chain(self._watched.values(), *self._idle.values()):
            connection.close()
        self._watched.clear()
        self._idle.clear()

    def _look_again(self, origin: Origin) -> None:
        connection = self._watched.pop(origin, None)
        if connection is not None:
            if connection.is_usable:
                self._keepers.add(origin)
            self.give_back(origin, connection)
