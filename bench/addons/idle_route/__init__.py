from odoo.http import Controller, request, route


class IdleController(Controller):
    """Answers as a webhook would, reads nothing and writes nothing."""

    @route(
        "/idle_route", type="http", auth="public", methods=["POST"], csrf=False, save_session=False
    )
    def idle(self, **_fields):
        return request.make_response("")
