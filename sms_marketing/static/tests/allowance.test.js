import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import { expect, test } from "@odoo/hoot";
import { animationFrame, queryAll, queryAllTexts } from "@odoo/hoot-dom";
import { AllowanceBar } from "@sms_marketing/allowance/allowance";
import {
    contains,
    defineModels,
    fields,
    models,
    mountView,
    mountWithCleanup,
    onRpc,
} from "@web/../tests/web_test_helpers";

class Message extends models.Model {
    _name = "sms.marketing.message";

    name = fields.Char();

    _records = [{ id: 1, name: "Spring sale" }];
}

defineMailModels();
defineModels([Message]);

function figures(values = {}) {
    return {
        allowance: 10000,
        used: 2000,
        reserved: 1500,
        message: 500,
        missing: 0,
        percent: 40,
        renews_on: "12/05/2026",
        warn_from: 60,
        ...values,
    };
}

function widths() {
    return queryAll("[data-part]").map((part) => `${part.dataset.part} ${part.style.width}`);
}

test("shows what is used, reserved and wanted as shares of the allowance", async () => {
    await mountWithCleanup(AllowanceBar, { props: { figures: figures() } });
    expect(widths()).toEqual(["used 20%", "reserved 15%", "message 5%"]);
    expect(".o_sms_marketing_allowance_summary").toHaveText(
        "6,000 left of 10,000 until 12/05/2026."
    );
    expect("[role=progressbar]").toHaveAttribute("aria-valuenow", "4000");
    expect("[role=progressbar]").toHaveAttribute("aria-valuemax", "10000");
    expect("[role=progressbar]").toHaveAttribute(
        "aria-valuetext",
        "4,000 of 10,000 segments, 40%. Used: 2,000, Reserved: 1,500, This message: 500"
    );
});

test("a message that passes the allowance fills the bar in red and says by how much", async () => {
    await mountWithCleanup(AllowanceBar, {
        props: {
            figures: figures({ reserved: 0, message: 18000, missing: 10000, percent: 200 }),
        },
    });
    expect(widths()).toEqual(["used 10%", "message 90%"]);
    expect("[data-part=message]").toHaveClass("bg-danger");
    expect(".o_sms_marketing_allowance_summary").toHaveClass("text-danger");
    expect(".o_sms_marketing_allowance_summary").toHaveText(/10,000 more than the allowance/);
    expect("[role=progressbar]").toHaveAttribute("aria-valuenow", "10000");
});

test("from 60 % on the summary is a warning; nothing sent yet is an empty bar", async () => {
    await mountWithCleanup(AllowanceBar, {
        props: { figures: figures({ used: 4000, percent: 60 }) },
    });
    expect(".o_sms_marketing_allowance_summary").toHaveClass("text-warning");
    await mountWithCleanup(AllowanceBar, {
        props: { figures: figures({ allowance: 0, used: 0, reserved: 0, message: 0 }) },
    });
    expect(queryAllTexts(".o_sms_marketing_allowance_summary")[1]).toMatch(/0 left of 0/);
});

const FORM = `
    <form><field name="name"/><widget name="sms_marketing_allowance"/></form>`;

test("on a form the bar stands for the saved record, and is drawn anew after saving", async () => {
    const answers = [figures(), figures({ used: 9000, percent: 110, missing: 1000 })];
    onRpc("get_allowance", ({ args }) => {
        expect.step(`of ${args[0]}`);
        return answers[0];
    });
    await mountView({ type: "form", resModel: "sms.marketing.message", resId: 1, arch: FORM });
    await animationFrame();
    expect(".o_sms_marketing_allowance_summary").toHaveText(/6,000 left/);
    answers.shift();
    await contains(".o_field_widget[name=name] input").edit("Summer sale");
    await contains(".o_form_button_save").click();
    await animationFrame();
    expect(".o_sms_marketing_allowance_summary").toHaveText(/1,000 more/);
    expect.verifySteps(["of 1", "of 1", "of 1"]);
});

test("a company without an allowance sees nothing of it", async () => {
    onRpc("get_allowance", () => false);
    await mountView({ type: "form", resModel: "sms.marketing.message", resId: 1, arch: FORM });
    await animationFrame();
    expect(".o_sms_marketing_allowance").toHaveCount(0);
    expect(".o_horizontal_separator").toHaveCount(0);
});
