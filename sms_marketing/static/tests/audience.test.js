import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import { expect, test } from "@odoo/hoot";
import { queryAllTexts } from "@odoo/hoot-dom";
import { animationFrame } from "@odoo/hoot-mock";
import {
    contains,
    defineModels,
    fields,
    models,
    mountView,
    onRpc,
} from "@web/../tests/web_test_helpers";

class Message extends models.Model {
    _name = "sms.marketing.message";

    name = fields.Char();
    sender_id = fields.Char();

    _records = [{ id: 1, name: "Spring sale" }];
}

defineMailModels();
defineModels([Message]);

const COUNTS = {
    recipients: 12,
    left_out: [
        { reason: "not_marketing", label: "Marketing status is off", count: 3 },
        { reason: "no_number", label: "No phone number", count: 2 },
    ],
};

function mountForm() {
    return mountView({
        type: "form",
        resModel: "sms.marketing.message",
        resId: 1,
        arch: `<form>
            <field name="name" /><field name="sender_id" />
            <widget name="sms_marketing_audience" />
        </form>`,
    });
}

test("shows who gets the message and who does not, and why; saves before it counts again", async () => {
    onRpc("web_save", ({ args }) => expect.step(`save ${args[1].name}`));
    onRpc("get_audience", ({ args }) => {
        expect.step(`count ${args[0]}`);
        return COUNTS;
    });
    await mountForm();
    await animationFrame();
    expect.verifySteps(["count 1"]);
    expect(queryAllTexts(".o_sms_marketing_audience tbody th, tfoot th")).toEqual([
        "Get it",
        "Marketing status is off",
        "No phone number",
        "Considered",
    ]);
    expect(queryAllTexts(".o_sms_marketing_audience td")).toEqual(["12", "3", "2", "17"]);
    await contains("[name=name] input").edit("Summer sale");
    await contains("button:contains(Who gets it now)").click();
    expect.verifySteps(["save Summer sale", "count 1"]);
});

test("says that what was counted is out of date when what decides it changes", async () => {
    onRpc("get_audience", () => COUNTS);
    await mountForm();
    await animationFrame();
    expect("[role=status]").toHaveCount(0);
    await contains("[name=sender_id] input").edit("+12025550199", { confirm: "blur" });
    await animationFrame();
    expect("[role=status]").toHaveText("The recipients have changed. Count again.");
    await contains("button:contains(Who gets it now)").click();
    await animationFrame();
    expect("[role=status]").toHaveCount(0);
});

test("a click on a reason opens its contacts", async () => {
    onRpc("get_audience", () => COUNTS);
    onRpc("action_view_audience", ({ args, kwargs }) => {
        expect.step(`open ${args[0]} ${kwargs.reason}`);
        return { type: "ir.actions.act_window_close" };
    });
    await mountForm();
    await animationFrame();
    await contains("button:contains(No phone number)").click();
    await contains("button:contains(Get it)").click();
    expect.verifySteps(["open 1 no_number", "open 1 false"]);
});

test("says what keeps the audience from being known", async () => {
    onRpc("get_audience", () => ({ problem: "The rule of list “VIPs” cannot be used." }));
    await mountForm();
    await animationFrame();
    expect(".o_sms_marketing_audience .alert").toHaveText(
        "The rule of list “VIPs” cannot be used."
    );
    expect("table").toHaveCount(0);
});
