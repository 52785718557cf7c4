"""Real and played parts around the add-on for whole-system tests. Plain Python.

* `kannel`: the real SMS gateway, run unprivileged on free ports of the loopback.
* `carrier`: a mobile network's SMSC, played over real SMPP.
* `provider`: a slow HTTP gateway in a process of its own, which outlives whatever calls it.
* `addon`: makes the add-on importable; the only module here that needs Odoo.
* `listener`: an HTTP server that notes the webhooks that are called.
"""
