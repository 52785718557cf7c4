import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import { expect, test } from "@odoo/hoot";
import { queryAllTexts } from "@odoo/hoot-dom";
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

    _records = [{ id: 1, name: "Spring sale" }];
}

defineMailModels();
defineModels([Message]);

test("saves, then shows who gets the message and who does not, and why", async () => {
    onRpc("web_save", ({ args }) => expect.step(`save ${args[1].name}`));
    onRpc("get_audience_counts", ({ args }) => {
        expect.step(`count ${args[0]}`);
        return {
            recipients: 12,
            left_out: [
                { reason: "not_marketing", label: "Marketing status is off", count: 3 },
                { reason: "no_number", label: "No phone number", count: 2 },
            ],
        };
    });
    await mountView({
        type: "form",
        resModel: "sms.marketing.message",
        resId: 1,
        arch: `<form><field name="name" /><widget name="sms_marketing_audience" /></form>`,
    });
    expect("table").toHaveCount(0);
    await contains("[name=name] input").edit("Summer sale");
    await contains("button:contains(Who gets it now)").click();
    expect.verifySteps(["save Summer sale", "count 1"]);
    expect(queryAllTexts(".o_sms_marketing_audience th")).toEqual([
        "Get it",
        "Marketing status is off",
        "No phone number",
        "Considered",
    ]);
    expect(queryAllTexts(".o_sms_marketing_audience td")).toEqual(["12", "3", "2", "17"]);
});
