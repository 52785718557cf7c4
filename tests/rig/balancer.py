"""A load balancer on the loopback, as nginx or HAProxy in front of several Odoo hosts."""

import itertools
import socket
import threading

from .accepting import Accepting


class Balancer(Accepting):
    """Context manager: connections to `port` go to the ports behind it in turn.

    One that does not answer is passed over. `ports` may be filled in later.
    """

    def __init__(self, ports=()):
        self.ports = list(ports)
        self._turn = itertools.count()

    def _serve(self, client, _address):
        first = next(self._turn)
        for number in range(len(self.ports)):
            port = self.ports[(first + number) % len(self.ports)]
            try:
                server = socket.create_connection(("127.0.0.1", port), timeout=2)
            except OSError:
                continue
            server.settimeout(None)
            threading.Thread(target=_pump, args=(client, server), daemon=True).start()
            _pump(server, client)
            return
        client.close()


def _pump(source, target):
    """Pass on what comes until one side ends, then end both."""
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
    for one in (source, target):
        try:
            one.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        one.close()
