import requests
from odoo import fields, models

from odoo.addons.sms.tools.sms_api import SmsApiBase


class SmsApiOwl(SmsApiBase):
    """One request a text; the address of the owlery is a system parameter."""

    PROVIDER_TO_SMS_FAILURE_TYPE = SmsApiBase.PROVIDER_TO_SMS_FAILURE_TYPE | {
        "no_such_window": "sms_number_format",
        "no_mice": "sms_credit",
    }

    def _send_sms_batch(self, messages, delivery_reports_url=False):
        address = self.env["ir.config_parameter"].sudo().get_param("sms_owl_post.url")
        results = []
        for message in messages:
            for number in message["numbers"]:
                letter = {"to": number["number"], "text": message["content"], **number}
                told = requests.post(address, json=letter, timeout=5).json()
                results.append(
                    {"uuid": number["uuid"], "state": told["word"], "owl": told.get("owl")}
                )
        return results


class ResCompany(models.Model):
    _inherit = "res.company"

    def _get_sms_api_class(self):
        return SmsApiOwl


class SmsTracker(models.Model):
    _inherit = "sms.tracker"

    owl = fields.Char()


class SmsSms(models.Model):
    _inherit = "sms.sms"

    def _handle_call_result_hook(self, results):
        owls = {result["uuid"]: result.get("owl") for result in results}
        for sms in self:
            sms.sms_tracker_id.owl = owls.get(sms.uuid)
        return super()._handle_call_result_hook(results)
