import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import { expect, press, queryOne, test } from "@odoo/hoot";
import { animationFrame } from "@odoo/hoot-mock";
import {
    contains,
    defineModels,
    fields,
    getService,
    models,
    mountView,
    mountWithCleanup,
    onRpc,
} from "@web/../tests/web_test_helpers";
import { WebClient } from "@web/webclient/webclient";

const PLACEHOLDER = "••••••••";

class Gateway extends models.Model {
    _name = "sms.marketing.gateway";

    _views = {
        form: `<form><field name="name" /></form>`,
    };

    name = fields.Char();
    password = fields.Char({ string: "Password" });

    _records = [
        { id: 1, name: "With", password: PLACEHOLDER },
        { id: 2, name: "Without", password: false },
    ];
}

defineMailModels();
defineModels([Gateway]);

/** Opens a gateway and keeps what is saved; the server gives the placeholder back. */
async function open(resId, attributes = "") {
    onRpc("web_save", ({ args }) => {
        expect.step(args[1]);
        return [{ id: resId, name: "Saved", password: PLACEHOLDER }];
    });
    await mountView({
        type: "form",
        resModel: "sms.marketing.gateway",
        resId,
        arch: `<form>
            <field name="name" />
            <field name="password" widget="sms_marketing_secret" ${attributes} />
        </form>`,
    });
}

const FIELD = ".o_field_widget[name=password]";

test("a secret that is set shows no value and no input", async () => {
    await open(1);
    expect(FIELD).toHaveText(/^Set/);
    expect(`${FIELD} input`).toHaveCount(0);
    await contains(".o_field_widget[name=name] input").edit("Other");
    await contains(".o_form_button_save").click();
    expect.verifySteps([{ name: "Other" }]);
});

test("a new value replaces it", async () => {
    await open(1);
    await contains(`${FIELD} button:contains(Replace)`).click();
    expect(`${FIELD} input`).toBeFocused();
    expect(`${FIELD} input`).toHaveAttribute("type", "password");
    expect(`${FIELD} input`).toHaveValue("");
    await contains(`${FIELD} input`).edit("new one", { confirm: "blur" });
    await contains(".o_form_button_save").click();
    expect.verifySteps([{ password: "new one" }]);
    expect(FIELD).toHaveText(/^Set/);
    expect(`${FIELD} input`).toHaveCount(0);
});

test("by keyboard: an input that is left empty, and Escape, leave it as it is", async () => {
    await open(1);
    queryOne(`${FIELD} button:contains(Replace)`).focus();
    await press("Enter");
    await animationFrame();
    expect(`${FIELD} input`).toBeFocused();
    await contains(`${FIELD} input`).edit("typed", { confirm: "blur" });
    await contains(`${FIELD} input`).edit("", { confirm: "blur" });
    expect(FIELD).toHaveText(/^Set/);
    await contains(`${FIELD} button:contains(Replace)`).click();
    await contains(`${FIELD} input`).edit("typed", { confirm: false });
    await press("Escape");
    await animationFrame();
    expect(FIELD).toHaveText(/^Set/);
    await contains(".o_field_widget[name=name] input").edit("Other");
    await contains(".o_form_button_save").click();
    // The server takes the placeholder for: as it is.
    expect.verifySteps([{ name: "Other", password: PLACEHOLDER }]);
});

test("it can be cleared, unless it is required", async () => {
    await open(1);
    await contains(`${FIELD} button:contains(Clear)`).click();
    expect(`${FIELD} input`).toHaveCount(1);
    await contains(".o_form_button_save").click();
    expect.verifySteps([{ password: false }]);
});

test("a required one cannot be cleared", async () => {
    await open(1, 'required="1"');
    expect(`${FIELD} button:contains(Replace)`).toHaveCount(1);
    expect(`${FIELD} button:contains(Clear)`).toHaveCount(0);
});

test("one that is not set is entered", async () => {
    await open(2);
    expect(`${FIELD} button`).toHaveCount(0);
    await contains(`${FIELD} input`).edit("first", { confirm: "blur" });
    await contains(".o_form_button_save").click();
    expect.verifySteps([{ password: "first" }]);
    expect(FIELD).toHaveText(/^Set/);
});

test("readonly shows whether it is set", async () => {
    await open(2, 'readonly="1"');
    expect(FIELD).toHaveText("Not set");
    expect(`${FIELD} button`).toHaveCount(0);
});

test("the whole webhook URL is shown in a dialog, to copy", async () => {
    await mountWithCleanup(WebClient);
    await getService("action").doAction({
        type: "ir.actions.act_window",
        res_model: "sms.marketing.gateway",
        res_id: 1,
        views: [[false, "form"]],
    });
    // As the button of the form does: the form is loaded again, which must not close the dialog.
    await getService("action").doAction({
        type: "ir.actions.client",
        tag: "sms_marketing_webhook_url",
        params: { url: "https://odoo.example.com/w/1/s3cret", setup_help: "post-url = …" },
    });
    await animationFrame();
    expect(".modal .o_sms_marketing_webhook_url").toHaveText("https://odoo.example.com/w/1/s3cret");
    expect(".modal pre").toHaveText("post-url = …");
    expect(".modal button:contains(Copy URL)").toHaveCount(1);
    await contains(".modal-footer button").click();
    expect(".modal").toHaveCount(0);
});
