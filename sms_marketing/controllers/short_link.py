from odoo import http
from odoo.http import request

from ..engine import links, preference_links
from . import visitor


class ShortLinkController(http.Controller):
    @http.route(
        "/s/<string:code>",
        type="http",
        auth="public",
        methods=["GET", "HEAD"],
        save_session=False,
        sitemap=False,
    )
    def follow(self, code):
        """Count the visit of a recipient's short link and lead on to its stored target."""
        if request.httprequest.method == "HEAD":
            # Link checkers look without opening: an answer, but no click.
            return request.make_response("")
        if secret := preference_links.code_of_short_link(code):
            # The page looks whether the code is one; nothing is counted as a click.
            return self._uncached(request.redirect(f"/sms/preferences/{secret}", code=302))
        target = links.follow(
            request.env(su=True),
            code,
            visitor.address(),
            visitor.user_agent(),
        )
        if not target:
            return request.not_found()
        return self._uncached(request.redirect(target, code=302, local=False))

    def _uncached(self, response):
        # Each visit must come to us: neither caches nor search engines keep the way.
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        response.headers["Referrer-Policy"] = "no-referrer"
        return response
