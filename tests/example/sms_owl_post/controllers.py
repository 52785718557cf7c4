from odoo.http import Controller, request, route


class OwlController(Controller):
    @route("/sms_owl_post/report", type="jsonrpc", auth="public")
    def report(self, uuid, word):
        sms = request.env["sms.sms"].sudo().search([("uuid", "=", uuid)])
        if word == "seen":
            sms._update_sms_state_and_trackers("sent")
        elif word == "flying":
            sms.write({"state": "pending"})
        else:
            sms.sms_tracker_id._action_update_from_provider_error("not_delivered")
        return sms.sms_tracker_id.owl
