from odoo import http
from odoo.http import request

from ..engine import links


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
        if token := links.preference_token(code):
            # The page looks whether the token is one; nothing is counted as a click.
            return self._uncached(request.redirect(f"/sms/preferences/{token}", code=302))
        target = links.follow(
            request.env(su=True),
            code,
            request.httprequest.remote_addr,
            request.httprequest.user_agent.string,
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
