import logging

from odoo import http
from odoo.http import request

from ..engine import inbound, receipts
from ..engine.transactions import read_committed
from ..gateways.base import get_gateway_class
from ..gateways.errors import ConfigurationError, MalformedRequest, VerificationError
from ..gateways.values import WebhookRequest
from ..text.encoding import log_line
from .address import record_id

_logger = logging.getLogger(__name__)

#: A provider's call is a few hundred bytes; many receipts in one call are some kilobytes.
MOST_BYTES = 256 * 1024


class WebhookDispatcher(http.HttpDispatcher):
    """Leaves the body of a call unread: providers sign its bytes, not the fields in it.

    Odoo's own way of handing a route its parameters reads a form from the stream, and nothing is
    left of it then. Here a route's parameters are those in its address.
    """

    routing_type = "sms_marketing_webhook"

    def dispatch(self, endpoint, args):
        self.request.params = dict(args)
        return self.request.registry["ir.http"]._dispatch(endpoint)


class WebhookController(http.Controller):
    """Where providers bring delivery receipts and incoming texts.

    Who calls must know the gateway's secret and come from an allowed address; the provider's own
    signature is checked on the raw request. A gateway that is not there, a wrong secret and a
    wrong address get the same answer.
    """

    @http.route(
        "/sms_marketing/webhook/<string:gateway>/<string:secret>/<string:subject>",
        type=WebhookDispatcher.routing_type,
        # A gateway's secret and signature say who calls; there is no user, and none is looked up.
        auth="none",
        # Without it Odoo tries a call without a user on a read-only cursor first.
        readonly=False,
        methods=["GET", "POST"],
        csrf=False,
        save_session=False,
        sitemap=False,
        max_content_length=MOST_BYTES,
    )
    def receive(self, gateway, secret, subject):
        take, gateway_id = SUBJECTS.get(subject), record_id(gateway)
        webhook = request.env["sms.marketing.gateway"]._webhook(gateway_id)
        caller = request.httprequest.remote_addr
        if not take or not webhook or not webhook.lets_in(secret, caller):
            _logger.warning(
                "webhook call refused: gateway %d, address %s",
                gateway_id,
                caller,
            )
            raise request.not_found()
        call = self._call(webhook.url_with(secret), subject)
        try:
            with webhook.connect() as carrier:
                carrier.verify(call)
                take(request.env.cr, gateway_id, carrier, call)
        except ConfigurationError as error:
            # Not the caller's fault: an answer after which providers call again.
            _logger.error(
                "webhook of gateway %d: its settings do not work: %s", gateway_id, log_line(error)
            )
            return answer_in_words("not ready", 503)
        except VerificationError as error:
            _logger.warning(
                "webhook of gateway %d: signature refused: %s", gateway_id, log_line(error)
            )
            return answer_in_words("signature refused", 403)
        except MalformedRequest as error:
            _logger.warning(
                "webhook of gateway %d: not understood: %s", gateway_id, log_line(error)
            )
            return answer_in_words(f"not understood: {log_line(error)}", 400)
        answer = get_gateway_class(webhook.provider).acknowledgement
        return request.make_response(
            answer.body, headers=[("Content-Type", answer.content_type)], status=answer.status
        )

    def _call(self, callback_url, subject):
        raw = request.httprequest
        # The address that we gave the provider, whatever a proxy in between made of it: some sign
        # it. Their own parameters are taken as they came.
        url = f"{callback_url}/{subject}"
        if raw.query_string:
            url += f"?{raw.query_string.decode('latin-1')}"
        return WebhookRequest(
            method=raw.method,
            url=url,
            query=raw.query_string,
            headers=raw.headers,
            body=raw.get_data(),
            remote_address=raw.remote_addr,
        )


def answer_in_words(words, status):
    """A refusal as plain text: a browser must not take a stranger's words for a page."""
    headers = [("Content-Type", "text/plain; charset=utf-8"), ("X-Content-Type-Options", "nosniff")]
    return request.make_response(words, headers=headers, status=status)


# Odoo tries the whole request again when PostgreSQL asks for it: taking a call twice is harmless.
def _take_receipts(cr, gateway_id, carrier, call):
    found = carrier.parse_receipts(call)
    if not receipts.settle(cr, gateway_id, found):
        receipts.receive(read_committed(cr), gateway_id, found)


def _take_inbound(cr, gateway_id, carrier, call):
    stopped = set()
    for text in carrier.parse_inbound(call):
        env = read_committed(cr)
        gateway = env["sms.marketing.gateway"].browse(gateway_id)
        # A provider that waits too long for the answer calls again: that call waits as well.
        record = inbound.receive(env, gateway, text) or inbound.find_again(env, gateway, text)
        if record.action == "stop":
            stopped.add(record.number)
    if stopped:
        # Once for all of them: one after the other, the provider would give up on the call.
        inbound.wait_for_hand_over(cr, stopped)


#: last part of the webhook's address -> what it takes
SUBJECTS = {"receipt": _take_receipts, "inbound": _take_inbound}
