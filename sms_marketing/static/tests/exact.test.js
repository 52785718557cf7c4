import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import { expect, test } from "@odoo/hoot";
import { animationFrame, Deferred, queryAllTexts } from "@odoo/hoot-dom";
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
    body = fields.Text();
    include_opt_out_text = fields.Boolean();

    _records = [
        { id: 1, name: "Spring sale", body: "Hello" },
        { id: 2, name: "Summer sale", body: "Hello" },
    ];
}

defineMailModels();
defineModels([Message]);

const RESULT = {
    recipients: 1200,
    segments: 1700,
    least: 1,
    most: 2,
    lines: [
        { encoding: "GSM-7", segments: 1, recipients: 700 },
        { encoding: "UCS-2", segments: 2, recipients: 500 },
    ],
    costs: [{ amount: "$ 13.43", segments: 1500, is_reported: false }],
    unpriced: 200,
    unpriced_countries: "France",
};

function mountMessage(resIds = [1]) {
    return mountView({
        type: "form",
        resModel: "sms.marketing.message",
        resId: 1,
        resIds,
        arch: `
            <form>
                <field name="name" />
                <field name="body" />
                <widget name="sms_marketing_exact" />
            </form>`,
    });
}

/** Let the server answer each step with one of these, when the test says so. */
function answerSteps(...answers) {
    const waiting = [];
    onRpc("exact_step", async ({ args }) => {
        expect.step(`step of ${args[0]} after ${args[1]?.done ?? "nothing"}`);
        const asked = new Deferred();
        waiting.push(asked);
        await asked;
        return answers.shift();
    });
    return async () => {
        waiting.shift().resolve();
        await animationFrame();
        await animationFrame();
    };
}

test("saves, then counts step by step, and shows segments and cost", async () => {
    const answer = answerSteps(
        { done: 500, total: 1200 },
        { done: 1000, total: 1200 },
        { done: 1200, total: 1200, result: RESULT }
    );
    onRpc("web_save", ({ args }) => expect.step(`save ${args[1].name}`));
    await mountMessage();
    await contains("[name=name] input").edit("My sale", { confirm: false });
    await contains(".o_sms_marketing_exact_count").click();
    await animationFrame();
    expect.verifySteps(["save My sale", "step of 1 after nothing"]);
    expect("[role=progressbar]").toHaveAttribute("aria-valuenow", "0");

    await answer();
    expect.verifySteps(["step of 1 after 500"]);
    expect("[role=progressbar]").toHaveAttribute("aria-valuenow", "41");
    expect("[role=progressbar]").toHaveAttribute("aria-valuetext", "500 of 1200 texts counted");
    await answer();
    expect.verifySteps(["step of 1 after 1000"]);
    expect(".o_sms_marketing_exact_result").toHaveCount(0);

    await answer();
    expect.verifySteps([]);
    expect("[role=progressbar]").toHaveCount(0);
    expect(queryAllTexts(".o_sms_marketing_exact_result tbody td")).toEqual([
        "GSM-7",
        "1",
        "700",
        "700",
        "UCS-2",
        "2",
        "500",
        "1000",
    ]);
    expect(".o_sms_marketing_exact_total").toHaveText("1700");
    expect(".o_sms_marketing_exact_cost").toHaveText("$ 13.43");
    expect(".o_sms_marketing_exact_unpriced").toHaveText("200");
    expect(".o_sms_marketing_exact_result tfoot").toHaveText(/France/);
    expect(".o_sms_marketing_exact_reported").toHaveCount(0);
    expect(".o_sms_marketing_exact_count").toHaveCount(1);
});

test("says when prices come from earlier texts", async () => {
    const answer = answerSteps({
        done: 1,
        total: 1,
        result: { ...RESULT, costs: [{ amount: "€ 1.00", segments: 2, is_reported: true }] },
    });
    await mountMessage();
    await contains(".o_sms_marketing_exact_count").click();
    await animationFrame();
    await answer();
    expect(".o_sms_marketing_exact_reported").toHaveCount(1);
    expect.verifySteps(["step of 1 after nothing"]);
});

test("can be stopped, and begun again", async () => {
    const answer = answerSteps(
        { done: 500, total: 1200 },
        { done: 1200, total: 1200, result: RESULT }
    );
    await mountMessage();
    await contains(".o_sms_marketing_exact_count").click();
    await animationFrame();
    await contains(".o_sms_marketing_exact_stop").click();
    await answer();
    expect.verifySteps(["step of 1 after nothing"]);
    expect("[role=progressbar]").toHaveCount(0);
    expect(".o_sms_marketing_exact_result").toHaveCount(0);
    await contains(".o_sms_marketing_exact_count").click();
    await animationFrame();
    await answer();
    expect.verifySteps(["step of 1 after nothing"]);
    expect(".o_sms_marketing_exact_result").toHaveCount(1);
});

test("a count is not shown for a text that it was not made for", async () => {
    const answer = answerSteps({ done: 1200, total: 1200, result: RESULT });
    await mountMessage();
    await contains(".o_sms_marketing_exact_count").click();
    await animationFrame();
    await answer();
    expect(".o_sms_marketing_exact_result").toHaveCount(1);
    await contains("[name=name] input").edit("Another name");
    expect(".o_sms_marketing_exact_result").toHaveCount(1);
    await contains("[name=body] textarea").edit("Another text");
    await animationFrame();
    expect(".o_sms_marketing_exact_result").toHaveCount(0);
    expect.verifySteps(["step of 1 after nothing"]);
});

test("counts no further when the user goes to another message", async () => {
    const answer = answerSteps({ done: 500, total: 1200 });
    await mountMessage([1, 2]);
    await contains(".o_sms_marketing_exact_count").click();
    await animationFrame();
    await contains(".o_pager_next").click();
    await answer();
    expect("[role=progressbar]").toHaveCount(0);
    expect(".o_sms_marketing_exact_count").toHaveCount(1);
    expect.verifySteps(["step of 1 after nothing"]);
});
