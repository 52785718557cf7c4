"""A port on the loopback whose connections are served in threads."""

import socket
import threading


class Accepting:
    """Context manager: each connection to `port` goes to `_serve`, in a thread of its own."""

    def __enter__(self):
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *exception):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, address = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client, address[0]), daemon=True).start()

    def _serve(self, client, address):
        """Serve a connection (a socket) of a caller (an IP address), and close it."""
        raise NotImplementedError
