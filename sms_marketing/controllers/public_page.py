"""What the pages for the public share: language, looks, headers. They work without JavaScript.

One of them has a script that saves waiting: the others are not allowed any.
"""

from odoo.http import request

from . import visitor

#: Nothing but our own style sheet and pictures is loaded, forms post to us alone, nobody frames us.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def use_language(preferred=None):
    """Let the request speak the visitor's language, one of the installed ones; returns its code.

    What was chosen on the page (``lang`` in the address) goes before ``preferred``, then comes what
    the browser asks for, then English or whatever is installed.

    :param preferred: code of the language that this visitor is known to read
    """
    codes = [code for code, _name in request.env["res.lang"].sudo().get_installed()]
    chosen = next(
        (code for code in (visitor.parameter("lang", 20), preferred) if code in codes), None
    )
    code = chosen or _accepted(codes) or ("en_US" if "en_US" in codes else codes[0])
    request.update_context(lang=code)
    return code


def _accepted(codes):
    """The installed language that the browser likes best, a country's own before its sisters."""
    for wanted in request.httprequest.accept_languages.values():
        language, _dash, country = wanted.replace("-", "_").partition("_")
        of_language = [code for code in codes if code.split("_")[0] == language.lower()]
        for code in of_language:
            if code == f"{language.lower()}_{country.upper()}":
                return code
        if of_language:
            return of_language[0]
    return None


def page(template, company, *, status=200, is_private=True, scripts=False, **values):
    """A page in the request's language.

    :param template: external id
    :param company: whose page it is; may be empty
    :param is_private: whether search engines are kept out
    :param scripts: whether scripts of ours may run
    """
    languages = request.env["res.lang"].sudo()
    lang = languages._get_data(code=request.env.lang)
    values = {
        "company": company.sudo(),
        "html_lang": lang.code.replace("_", "-"),
        "direction": lang.direction,
        "languages": [
            {
                "code": code,
                "html_lang": code.replace("_", "-"),
                "name": name.split(" / ")[-1].strip(),
                "is_current": code == lang.code,
            }
            for code, name in languages.get_installed()
        ],
        "lang": lang.code,
        **values,
    }
    response = request.render(template, values, status=status)
    response.headers.update(_HEADERS)
    if scripts:
        response.headers["Content-Security-Policy"] += "; script-src 'self'"
    if is_private or status != 200:
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


def missing(problem=None):
    """The page for addresses that lead nowhere; the same for whatever reason."""
    return page(
        "sms_marketing.public_page_missing", request.env["res.company"], status=404, problem=problem
    )


def busy(company=None):
    """The page for who asks too often; nothing was done."""
    response = page(
        "sms_marketing.public_page_busy", company or request.env["res.company"], status=429
    )
    response.headers["Retry-After"] = "600"
    return response
