"""The way to Odoo's own SMS providers, which work on records: `res.company._get_sms_api_class()`.

Each text gets a row of `sms.tracker` and of `sms.sms`, committed before it is handed over: by their
uuid the provider's own controller finds us when it reports. The row of `sms.sms` holds neither
number nor words, and its state is none that Odoo's own queue would send.
"""

import logging
from uuid import uuid4

import requests
from odoo import api

from odoo.addons.sms.tools.sms_api import SmsApi

from ..gateways.errors import NotTaken, OutcomeLost
from ..gateways.odoo_sms import Result
from .transactions import in_own_transaction

_logger = logging.getLogger(__name__)


class OdooBridge:
    """A `gateways.odoo_sms.Bridge` for one gateway record. Keeps no environment: threads call it.

    :param gateway: ``sms.marketing.gateway``
    """

    def __init__(self, gateway):
        api_class = gateway.company_id.sudo()._get_sms_api_class()
        self.label = f"{api_class.__module__.removeprefix('odoo.addons.')}.{api_class.__name__}"
        self.takes_many = issubclass(api_class, SmsApi)
        self._registry = gateway.env.registry
        self._gateway_id = gateway.id
        self._company_id = gateway.company_id.id
        self._lang = gateway.company_id.partner_id.lang or "en_US"
        base = (gateway.public_url or gateway.get_base_url()).rstrip("/")
        self._reports_url = f"{base}/sms/status"

    def __call__(self, texts):
        uuids = [uuid4().hex for _text in texts]
        try:
            self._in_company(lambda env: self._announce(env, texts, uuids))
        except Exception as error:  # pylint: disable=broad-except
            _logger.exception("texts for Odoo's SMS provider %s could not be noted", self.label)
            raise NotTaken(f"{type(error).__name__} before {self.label} was asked") from None
        try:
            # Never a second time: a text may have gone out when the database went away.
            answers, results = self._in_company(lambda env: self._ask(env, texts, uuids), retries=1)
        except (NotTaken, OutcomeLost):
            raise
        except Exception as error:  # pylint: disable=broad-except
            _logger.warning("Odoo's SMS provider %s failed", self.label, exc_info=True)
            raise OutcomeLost(f"{type(error).__name__} in {self.label}") from None
        self._tell_others(answers)
        return results

    def _in_company(self, work, **options):
        """Run ``work(env)`` as the system in the gateway's company, in its own transaction."""
        context = {"allowed_company_ids": [self._company_id], "lang": self._lang}
        return in_own_transaction(self._registry, work, context, **options)

    def _announce(self, env, texts, uuids):
        env["sms.tracker"].create(
            [
                {
                    "sms_uuid": uuid,
                    "sms_marketing_gateway_id": self._gateway_id,
                    "sms_marketing_reference": text.reference,
                }
                for text, uuid in zip(texts, uuids, strict=True)
            ]
        )
        env["sms.sms"].create([{"uuid": uuid, "state": "process"} for uuid in uuids])

    def _ask(self, env, texts, uuids):
        """The provider's answers as they came, and a ``Result`` for each text."""
        messages = {}
        for text, uuid in zip(texts, uuids, strict=True):
            numbers = messages.setdefault(text.body, [])
            numbers.append({"number": text.number, "uuid": uuid})
        provider = self._provider(env)
        try:
            answers = provider._send_sms_batch(
                [{"content": body, "numbers": numbers} for body, numbers in messages.items()],
                delivery_reports_url=self._reports_url,
            )
        except Exception as error:
            if self.takes_many and _never_connected(error):
                raise NotTaken(f"No connection to {self.label}") from None
            raise
        answers = [one for one in answers or () if isinstance(one, dict)]
        by_uuid = {one.get("uuid"): self._result(env, provider, one) for one in answers}
        return answers, [by_uuid.get(uuid) for uuid in uuids]

    def _provider(self, env: api.Environment):
        company = env["res.company"].browse(self._company_id)
        provider = company._get_sms_api_class()(env)
        provider._set_company(company)
        return provider

    @staticmethod
    def _result(env, provider, answer):
        state = str(answer.get("state") or "")
        failure_types = provider.PROVIDER_TO_SMS_FAILURE_TYPE
        return Result(
            state=state,
            success=state in env["sms.sms"].IAP_TO_SMS_STATE_SUCCESS,
            failure_type=failure_types.get(state) or str(answer.get("failure_type") or ""),
            detail=str(answer.get("failure_reason") or "")[:200],
            reference=answer["uuid"],
        )

    def _tell_others(self, answers):
        """Add-ons keep what else a provider said, such as its own identifier of the text."""

        def tell(env):
            uuids = [answer.get("uuid") for answer in answers]
            env["sms.sms"].search([("uuid", "in", uuids)])._handle_call_result_hook(answers)

        try:
            self._in_company(tell)
        except Exception:  # pylint: disable=broad-except
            # The texts are with the provider: that is what has to be recorded.
            _logger.exception("what %s answered could not be kept by its add-on", self.label)


def _never_connected(error):
    """Whether the one request of a call failed before a connection was there."""
    while error is not None:
        if isinstance(error, requests.exceptions.ConnectTimeout):
            return True
        if isinstance(error, requests.exceptions.ConnectionError):
            # Its cause is urllib3's, which names the attempt to connect; a reset later has none.
            reason = getattr(next(iter(error.args), None), "reason", None)
            return type(reason).__name__ in ("NewConnectionError", "NameResolutionError")
        error = error.__cause__ or error.__context__
    return False
