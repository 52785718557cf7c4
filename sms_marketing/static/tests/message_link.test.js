import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import { expect, test } from "@odoo/hoot";
import {
    contains,
    defineModels,
    fields,
    models,
    mountView,
    onRpc,
} from "@web/../tests/web_test_helpers";

class Activity extends models.Model {
    _name = "sms.marketing.activity";

    message_name = fields.Char();
    is_message_readable = fields.Boolean();

    _records = [
        { id: 1, message_name: "Mine", is_message_readable: true },
        { id: 2, message_name: "Somebody else's", is_message_readable: false },
    ];
}

defineMailModels();
defineModels([Activity]);

test("the message's name is a link for those who may open the message", async () => {
    onRpc("action_open_message", ({ args }) => {
        expect.step(`open ${args[0]}`);
        return false;
    });
    await mountView({
        type: "list",
        resModel: "sms.marketing.activity",
        arch: `<list><field name="message_name" widget="sms_marketing_message_link" /></list>`,
    });
    expect(".o_data_row button").toHaveCount(1);
    expect(".o_data_row button").toHaveText("Mine");
    expect(".o_data_row:last").toHaveText("Somebody else's");
    await contains(".o_data_row button").click();
    expect.verifySteps(["open 1"]);
});
