"""Pictures for the documentation: editor, phone, review, replies, sign-up page, sent message.

The demo's job runs in a database that is thrown away afterwards. Needs Chromium on this machine,
and writes `docs/images/*.png`, each at most 150 kB.
"""

import json
import re
import subprocess
import sys

from . import demo, parts
from .paths import DEV, ROOT
from .report import SetupError, note, step
from .serving import served

IMAGES = ROOT / "docs" / "images"
MOST_BYTES = 150_000

MESSAGE = "Autumn offer"
#: Pixels of the window.
WIDE = {"width": 1440, "height": 1240}
NARROW = {"width": 420, "height": 940}
LOW = {"width": 1440, "height": 560}

ACTIONS = "sms_marketing.action_sms_marketing_"

PHONE = ".o_sms_marketing_phone_preview"
#: What the pictures need besides the demo's campaign: a draft to look at, somebody to see it as,
#: and an address that does not tell which port this machine had free.
DRAFT = """
import json
from odoo import fields
from odoo.fields import Command
from odoo.addons.sms_marketing.engine import inbound
from odoo.addons.sms_marketing.gateways.values import Inbound
parameters = env["ir.config_parameter"]
parameters.set_param("web.base.url", "https://maplemoss.example")
parameters.set_param("web.base.url.freeze", "True")
name = "Winter boots"
messages = env["sms.marketing.message"]
sent = messages.search([("name", "=like", {message!r} + "%"), ("state", "=", "sent")], limit=1)
draft = messages.search([("name", "=", name), ("state", "=", "draft")], limit=1)
if not draft:
    draft = sent.copy({{"name": name}})
draft.body = (
    "Hi {{{{ object.first_name ||| there }}}}, winter boots ❄ have come to our "
    "{{{{ object.city ||| town }}}} shop. 20% off for you until Sunday: "
    "https://shop.example.com/winter?size=40"
)
reached = sent.recipient_ids.filtered(lambda one: one.state == "delivered")
contact = reached.partner_id[:1]
texts = ("Please stop texting me", "Is the shop open on Sunday?", "no more of this, thanks")
if not env["sms.marketing.inbound"].search([("body", "=", texts[0])]):
    for recipient, text in zip(reached, texts):
        text = Inbound(recipient.number, sent.sender_id.value, text)
        inbound.receive(env, sent.sender_id.gateway_id, text)
allowance = env["sms.marketing.allowance"].search([("company_id", "=", sent.company_id.id)])
if not allowance:
    allowance = allowance.create({{
        "company_id": sent.company_id.id,
        "renewal_day": 5,
        "change_ids": [
            Command.create({{"purchased_on": "2026-08-15", "segments": 2000}}),
            Command.create({{"purchased_on": fields.Date.today(), "segments": 3000}}),
        ],
    }})
slug = "maple-and-moss"
forms = env["sms.marketing.sign.up.form"]
if not forms.search([("slug", "=", slug)]):
    forms.create({{
        "name": "Shop counter",
        "slug": slug,
        "title": "News from the trail",
        "introduction": "New boots, guided walks and offers: at most four texts a month.",
        "choice_ids": [Command.create({{
            "type_id": sent.subscription_type_id.id,
            "wording": "Yes, text me offers and news. I can stop at any time by replying STOP.",
        }})],
    }})
env.cr.commit()
print("FOUND " + json.dumps({{
    "sent": sent.id, "draft": draft.id, "contact": contact.id, "name": contact.name,
    "allowance": allowance.id, "slug": slug,
}}))
"""


def run(environment):
    """Make all pictures; returns the exit status.

    :param environment: an `Environment` with a new database, not served
    """
    chromium = parts.find(*parts.CHROMIUM.programs[0])
    if not chromium:
        raise SetupError("Chromium is not installed. It draws the pictures.")
    if status := demo.run(environment):
        return status
    found = _prepare(environment)
    IMAGES.mkdir(parents=True, exist_ok=True)
    with served(environment, log="screenshots.log"), step("Drawing the pictures"):
        variables = environment.variables | {"PYTHONPATH": str(ROOT)}
        told = json.dumps({"base": environment.base_url, "chromium": str(chromium), **found})
        command = [str(environment.python), "-m", "dev.screenshots", told]
        subprocess.run(command, cwd=ROOT, env=variables, check=True)
    for path in sorted(IMAGES.glob("*.png")):
        note(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1000} kB")
    return 0


def _prepare(environment):
    """Ids of the records in the pictures."""
    answer = subprocess.run(
        environment.odoo("shell", "--no-http"),
        input=DRAFT.format(message=MESSAGE),
        cwd=DEV,
        env=environment.variables,
        capture_output=True,
        text=True,
    )
    found = re.search(r"^.*FOUND (\{.*\})$", answer.stdout, re.MULTILINE)
    if not found:
        raise SetupError(f"The demo's records were not found.\n{answer.stderr[-2000:]}")
    return json.loads(found[1])


# ------------------------------------------------------------
# In the virtual environment
# ------------------------------------------------------------


def draw(told):
    """Open the pages and take the pictures."""
    # Of the packages for tests: not there for the commands that run outside of the environment.
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=told["chromium"], args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_context(viewport=WIDE).new_page()
        page.goto(f"{told['base']}/web/login")
        page.fill("input[name=login]", "admin")
        page.fill("input[name=password]", "admin")
        page.click("button[type=submit]")
        page.wait_for_selector(".o_web_client")
        _draw_editor(page, told)
        _draw_phone(page, told)
        _draw_narrow(page, told)
        _draw_review(page, told)
        _draw_consent(page, told)
        _draw_results(page, told)
        browser.close()


def _open_draft(page, told):
    page.goto(f"{told['base']}/odoo/sms-campaigns/{told['draft']}")
    page.wait_for_selector(f"{PHONE} .o_sms_marketing_bubble")


def _draw_editor(page, told):
    _open_draft(page, told)
    page.wait_for_timeout(500)
    _save(page, "editor")
    _choose_contact(page, told)
    _save(page.locator(PHONE), "phone-contact")


def _choose_contact(page, told):
    page.fill(f"{PHONE} .o_record_selector input", told["name"])
    page.click(f".o-autocomplete--dropdown-item:has-text('{told['name']}')")
    page.wait_for_selector(f"{PHONE} .o_sms_marketing_preview_facts span")
    page.locator(f"{PHONE} .o_record_selector input").blur()
    page.wait_for_timeout(300)


def _draw_phone(page, told):
    phone = page.locator(f"{PHONE} .o_sms_marketing_phone")
    page.click(f"{PHONE} label:has-text('Dark screen')")
    page.click(f"{PHONE} label:has-text('Show segments')")
    page.wait_for_timeout(400)
    _save(phone, "phone-dark")
    page.click(f"{PHONE} label:has-text('Show segments')")
    page.click(f"{PHONE} label:has-text('Dark screen')")
    for name, size in (("phone-large-font", 180), ("phone-small-font", 80)):
        page.locator(f"{PHONE} input[type=range]").fill(str(size))
        page.wait_for_timeout(400)
        _save(phone, name)


def _draw_narrow(page, told):
    page.set_viewport_size(NARROW)
    _open_draft(page, told)
    page.wait_for_timeout(500)
    page.locator(PHONE).scroll_into_view_if_needed()
    _save(page, "editor-narrow")
    page.set_viewport_size(WIDE)


def _draw_review(page, told):
    _open_draft(page, told)
    page.click("button[name=action_review_send]")
    page.wait_for_selector(".o_sms_marketing_review_recipients")
    page.wait_for_timeout(500)
    _save(page.locator(".o_sms_marketing_review"), "review")
    page.keyboard.press("Escape")


def _draw_consent(page, told):
    page.set_viewport_size(LOW)
    page.goto(f"{told['base']}/odoo/action-{ACTIONS}inbound_review")
    page.wait_for_selector(".o_data_row")
    page.wait_for_timeout(500)
    _save(page, "to-review")
    page.goto(f"{told['base']}/odoo/action-{ACTIONS}allowance/{told['allowance']}")
    page.wait_for_selector(".o_sms_marketing_allowance")
    page.wait_for_timeout(500)
    _save(page, "allowance")
    page.set_viewport_size(NARROW)
    page.goto(f"{told['base']}/sms/sign-up/{told['slug']}?lang=en_US")
    _save(page, "sign-up")
    page.set_viewport_size(WIDE)


def _draw_results(page, told):
    page.goto(f"{told['base']}/odoo/sms-campaigns/{told['sent']}")
    page.wait_for_selector(f"{PHONE} .o_sms_marketing_bubble")
    page.wait_for_timeout(800)
    _save(page, "message-sent")
    page.goto(f"{told['base']}/odoo/res.partner/{told['contact']}")
    page.click(".o_notebook .nav-link:has-text('SMS')")
    page.wait_for_timeout(800)
    _save(page, "contact-timeline")


def _save(what, name):
    (IMAGES / f"{name}.png").write_bytes(_optimised(what.screenshot()))


def _optimised(png):
    """The picture with at most 256 colours, as small as it gets."""
    from io import BytesIO

    from PIL import Image

    picture = Image.open(BytesIO(png)).convert("RGB")
    small = picture.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    out = BytesIO()
    small.save(out, "PNG", optimize=True)
    if len(out.getvalue()) > MOST_BYTES:
        raise SetupError(f"A picture has {len(out.getvalue())} bytes, more than {MOST_BYTES}.")
    return out.getvalue()


if __name__ == "__main__":
    draw(json.loads(sys.argv[1]))
