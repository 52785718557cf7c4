"""Odoo with workers, without its process for live messages.

Odoo starts that process by this very script, again and again when it ends; it needs gevent, which
nothing that is measured has a use for. Here it waits, idle, to be ended with the server.
"""

import signal
import sys

if __name__ == "__main__":
    if "gevent" in sys.argv[1:2]:
        signal.pause()
    from odoo import cli  # not above: as `gevent` it would want the library at once

    cli.main()
