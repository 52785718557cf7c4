"""Pigeon Post: a provider that exists in this example only."""

import hmac
from typing import ClassVar

from odoo.addons.sms_marketing.gateways.answers import Answer, classify
from odoo.addons.sms_marketing.gateways.base import Reason, register
from odoo.addons.sms_marketing.gateways.errors import MalformedRequest, VerificationError
from odoo.addons.sms_marketing.gateways.http_gateway import HttpGateway, Request, json_answer
from odoo.addons.sms_marketing.gateways.reading import json_document, phone_number, required, text
from odoo.addons.sms_marketing.gateways.values import Accepted, Inbound, Receipt, ReceiptStatus

#: `error` of an answer or a report -> reason. (Here: where the provider documents them.)
ERRORS = {
    "no_such_number": Reason.INVALID_NUMBER,
    "opted_out": Reason.OPTED_OUT,
    "pigeon_asleep": Reason.GATEWAY_UNAVAILABLE,
    "hawk": Reason.UNREACHABLE,
}
#: `state` of a report -> status
STATES = {
    "flying": ReceiptStatus.ACCEPTED,
    "landed": ReceiptStatus.DELIVERED,
    "lost": ReceiptStatus.UNDELIVERED,
}


@register
class PigeonGateway(HttpGateway):
    """Settings: `url` and `key`, which also signs the provider's calls."""

    code: ClassVar[str] = "pigeon"
    label: ClassVar[str] = "Pigeon Post"
    required_settings: ClassVar[tuple[str, ...]] = ("url", "key")
    secret_settings: ClassVar[tuple[str, ...]] = ("key",)

    @property
    def address(self):
        return self.setting("url")

    # Sending

    def request_for(self, text):
        letter = {
            "from": text.sender,
            "to": text.number,
            "text": text.body,
            "reports": self.receipt_url(text),
        }
        return Request.json(f"{self.url}/letters", letter, headers=self._headers)

    def read_answer(self, answer: Answer):
        document = json_answer(answer)
        if answer.status == 201 and document.get("id"):
            return Accepted(reference=text(document["id"]))
        error = text(document.get("error"))
        if answer.status == 400 and error in ERRORS:
            return self.refusal(answer, ERRORS[error], error)
        return classify(answer, self.secrets)

    # The button "Test connection"

    def check_request(self):
        return Request("GET", f"{self.url}/loft", headers=self._headers)

    def read_check(self, answer):
        pigeons = json_answer(answer).get("pigeons")
        return None if pigeons is None else f"{text(pigeons)} pigeons are waiting."

    # What the provider calls us with

    def verify(self, request):
        key = self.setting("key").encode()
        expected = hmac.digest(key, request.body, "sha256").hex().encode()
        given = (request.headers.get("X-Pigeon-Signature") or "").encode()
        if not hmac.compare_digest(expected, given):
            raise VerificationError("X-Pigeon-Signature is missing or wrong")

    def parse_receipts(self, request):
        report = {name: text(value) for name, value in json_document(request.body).items()}
        status = STATES.get(required(report, "state"))
        if status is None:
            raise MalformedRequest("“state” is not known")
        failed = status == ReceiptStatus.UNDELIVERED
        error = report.get("error", "")
        return [
            Receipt(
                provider_reference=required(report, "id"),
                status=status,
                reason=ERRORS.get(error, Reason.UNKNOWN) if failed else None,
                code=error if failed else "",
            )
        ]

    def parse_inbound(self, request):
        letter = {name: text(value) for name, value in json_document(request.body).items()}
        return [
            Inbound(
                number=phone_number(required(letter, "from")),
                sender=phone_number(letter.get("to", "")),
                body=letter.get("text", ""),
                reference=required(letter, "id"),
            )
        ]

    @classmethod
    def setup_help(cls, callback_url):
        return f"Tell the loft to bring letters to {callback_url}/inbound"

    @property
    def _headers(self):
        return {"Authorization": f"Bearer {self.setting('key')}"}
