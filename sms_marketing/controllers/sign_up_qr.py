from odoo import http
from odoo.http import content_disposition, request

from ..models.sms_marketing_sign_up_qr import FORMATS, SUBJECTS
from .address import record_id


class SignUpQrController(http.Controller):
    @http.route(
        "/sms_marketing/sign_up_form/<string:form_id>/<string:subject>.<string:file_format>",
        type="http",
        auth="user",
        methods=["GET"],
        sitemap=False,
        readonly=True,
    )
    def download(self, form_id, subject, file_format):
        """A QR code as a file, for whoever may read the form."""
        form = request.env["sms.marketing.sign.up.form"].search([("id", "=", record_id(form_id))])
        is_known = subject in SUBJECTS and file_format in FORMATS
        image = form._qr(subject, file_format) if form and is_known else None
        if not image:
            return request.not_found()
        name = f"{form.slug}-{subject}.{file_format}"
        return request.make_response(
            image,
            headers=[
                ("Content-Type", FORMATS[file_format][0]),
                ("Content-Disposition", content_disposition(name)),
                ("X-Content-Type-Options", "nosniff"),
            ],
        )
