import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import { expect, test } from "@odoo/hoot";
import { animationFrame, press, queryAllTexts, queryOne } from "@odoo/hoot-dom";
import { advanceTime } from "@odoo/hoot-mock";
import {
    contains,
    defineModels,
    getService,
    makeServerError,
    models,
    MockServer,
    mountWithCleanup,
    onRpc,
} from "@web/../tests/web_test_helpers";
import { WebClient } from "@web/webclient/webclient";

class Message extends models.Model {
    _name = "sms.marketing.message";
}

class TestNumber extends models.Model {
    _name = "sms.marketing.test.number";
}

defineMailModels();
defineModels([Message, TestNumber]);

const PANEL = ".o_sms_marketing_send_test";
const SEND = `${PANEL} .o_sms_marketing_send_button`;
const FORM = `${PANEL} .o_sms_marketing_test_form`;
const NUMBER = `${FORM} input[type=tel]`;
const LABEL = `${FORM} #sms_marketing_test_new_label`;
const CODE = `${FORM} #sms_marketing_test_code`;

const anna = {
    id: 1,
    label: "Anna",
    number: "+12025550177",
    is_verified: true,
    refusal: false,
    is_mine: true,
};
const ben = {
    id: 2,
    label: "Ben",
    number: "+12025550178",
    is_verified: false,
    refusal: "Not verified",
    is_mine: true,
};
const cleo = { ...ben, id: 3, label: "Cleo", number: "+12025550179", is_mine: false };

const waiting = {
    id: 70,
    label: "Anna",
    number: "+12025550177",
    state: "queued",
    state_label: "Waiting",
    reason: "",
    is_settled: false,
};
const sent = { ...waiting, state: "sent", state_label: "Sent" };
const delivered = { ...waiting, state: "delivered", state_label: "Delivered", is_settled: true };

/** Open the panel of message 5 with these numbers and whatever else it shows. */
async function openPanel(numbers, others = {}) {
    onRpc("get_test_panel", ({ args }) => {
        expect.step(`get_test_panel ${args[0]}`);
        return { problems: [], outcomes: [], ...others, numbers };
    });
    await mountWithCleanup(WebClient);
    await getService("action").doAction({
        type: "ir.actions.client",
        tag: "sms_marketing_send_test",
        params: { message_id: 5 },
    });
    await animationFrame();
    expect.verifySteps(["get_test_panel 5"]);
}

/** Let the server answer with these lists, one after the other; the last one again and again. */
function answerOutcomes(...answers) {
    onRpc("get_test_outcomes", ({ args }) => {
        expect.step(`get_test_outcomes ${args[0]} [${args[1]}]`);
        return answers.length > 1 ? answers.shift() : answers[0];
    });
}

/** Go on in time, and let what follows be rendered. */
async function pass(milliseconds) {
    await advanceTime(milliseconds);
    await animationFrame();
}

test("only verified numbers can be chosen", async () => {
    await openPanel([anna, ben, cleo]);
    expect(`${PANEL} input[type=checkbox]`).toHaveCount(3);
    expect(`${PANEL} input[type=checkbox]:disabled`).toHaveCount(2);
    expect(`${PANEL} .o_sms_marketing_verify`).toHaveCount(1); // one's own: Ben
    expect(SEND).not.toBeEnabled();
    await contains(`${PANEL} label:contains(Anna)`).click();
    expect(SEND).toBeEnabled();
    await contains(`${PANEL} label:contains(Anna)`).click();
    expect(SEND).not.toBeEnabled();
});

test("labels are text, whatever is in them", async () => {
    const label = "<img src=x onerror=alert(1)> & <b>Ben</b>";
    await openPanel([{ ...anna, label }], {
        outcomes: [{ ...delivered, label, reason: "<i>said the carrier</i>" }],
    });
    expect(`${PANEL} img, ${PANEL} b, ${PANEL} label i`).toHaveCount(0);
    expect(queryOne(`${PANEL} label.form-check-label span`)).toHaveText(label);
    expect(`${PANEL} .o_sms_marketing_test_outcomes`).toHaveText(/<i>said the carrier<\/i>/);
});

test("says what keeps the message from being tested", async () => {
    await openPanel([anna], { problems: ["The text is empty. Write it."] });
    expect(`${PANEL} [role=alert]:contains(The text is empty)`).toHaveCount(1);
    await contains(`${PANEL} input[type=checkbox]`).click();
    expect(SEND).not.toBeEnabled();
});

test("sends a test as a contact, and follows it to its end", async () => {
    onRpc("send_test", ({ args }) => {
        expect.step(`send_test ${JSON.stringify(args)}`);
        return [waiting];
    });
    answerOutcomes([waiting], [sent], [delivered]);
    await openPanel([anna]);
    await contains(`${PANEL} input[type=checkbox]`).click();
    const zoe = MockServer.env["res.partner"].create({ name: "Zoë Okafor" });
    await contains(`${PANEL} .o_record_selector input`).click();
    await contains(`${PANEL} .o_record_selector input`).edit("Zoë", { confirm: false });
    await advanceTime(500);
    await contains(".o-autocomplete--dropdown-item:contains(Zoë Okafor)").click();
    await contains(SEND).click();
    await animationFrame();
    expect.verifySteps([`send_test [5,[1],${zoe}]`]);
    expect(queryAllTexts(`${PANEL} .o_sms_marketing_test_outcomes li`)).toEqual(["Anna: Waiting"]);
    await pass(1000);
    expect.verifySteps(["get_test_outcomes 5 [70]"]);
    await pass(1000);
    expect.verifySteps(["get_test_outcomes 5 [70]"]);
    expect(queryAllTexts(`${PANEL} .o_sms_marketing_test_outcomes li`)).toEqual(["Anna: Sent"]);
    await pass(1000);
    expect.verifySteps(["get_test_outcomes 5 [70]"]);
    expect(`${PANEL} .o_sms_marketing_test_outcomes strong`).toHaveText("Delivered");
    await pass(5000);
    expect.verifySteps([]);
});

test("asks for a minute at most", async () => {
    answerOutcomes([sent]);
    await openPanel([anna], { outcomes: [waiting] });
    for (let look = 0; look < 60; look++) {
        // Each look waits for the answer to the last one.
        // eslint-disable-next-line no-await-in-loop
        await pass(1000);
    }
    expect.verifySteps(Array(60).fill("get_test_outcomes 5 [70]"));
    await pass(10000);
    expect.verifySteps([]);
    expect(`${PANEL} .o_sms_marketing_test_outcomes`).toHaveText(/No receipt has come/);
});

test("asks no more once it is closed", async () => {
    answerOutcomes([sent]);
    await openPanel([anna], { outcomes: [waiting] });
    await pass(1000);
    expect.verifySteps(["get_test_outcomes 5 [70]"]);
    await press("Escape");
    await animationFrame();
    expect(PANEL).toHaveCount(0);
    await pass(10000);
    expect.verifySteps([]);
});

test("goes on after the connection was lost for a while", async () => {
    let isConnected = false;
    onRpc("/web/dataset/call_kw/sms.marketing.message/get_test_outcomes", () => {
        expect.step(isConnected ? "answer" : "no connection");
        return isConnected ? [delivered] : new Response("", { status: 502 });
    });
    await openPanel([anna], { outcomes: [waiting] });
    await pass(1000);
    expect.verifySteps(["no connection"]);
    isConnected = true;
    await pass(1000);
    expect.verifySteps(["answer"]);
    expect(`${PANEL} .o_sms_marketing_test_outcomes strong`).toHaveText("Delivered");
});

test("shows why a test cannot be sent", async () => {
    onRpc("send_test", () => {
        throw makeServerError({ type: "UserError", message: "Choose a sender." });
    });
    await openPanel([anna]);
    await contains(`${PANEL} input[type=checkbox]`).click();
    await contains(SEND).click();
    await animationFrame();
    expect(`${PANEL} [role=alert] .o_sms_marketing_test_error`).toHaveText("Choose a sender.");
    expect(SEND).toBeEnabled();
});

test("adds and verifies a number by keyboard", async () => {
    onRpc("sms.marketing.test.number", "add", ({ args }) => {
        expect.step(`add ${args}`);
        if (!args[0].startsWith("+")) {
            throw makeServerError({
                type: "ValidationError",
                message: "“202” has no country; write it with +.",
            });
        }
        return { ...ben, is_verified: false };
    });
    onRpc("sms.marketing.test.number", "action_send_code", ({ args }) => {
        expect.step(`action_send_code ${args}`);
        return { minutes: 10 };
    });
    onRpc("sms.marketing.test.number", "action_verify", ({ args }) => {
        expect.step(`action_verify ${args}`);
        if (args[1] !== "123456") {
            throw makeServerError({ type: "UserError", message: "This code is wrong." });
        }
        return { ...ben, is_verified: true, refusal: false };
    });
    await openPanel([]);
    await contains(`${PANEL} .o_sms_marketing_add_number`).click();
    await animationFrame();
    expect(NUMBER).toBeFocused();
    await contains(NUMBER).edit("202", { confirm: false });
    await contains(LABEL).edit("Ben", { confirm: false });
    await press("Enter");
    await animationFrame();
    expect.verifySteps(["add 202,Ben,5"]);
    expect(`${FORM} [role=alert]`).toHaveText("“202” has no country; write it with +.");
    expect(NUMBER).toHaveAttribute("aria-invalid", "true");

    await contains(NUMBER).edit("+12025550178", { confirm: false });
    await press("Enter");
    await animationFrame();
    await animationFrame();
    expect.verifySteps(["add +12025550178,Ben,5", "action_send_code 2,5"]);
    expect(FORM).toHaveText(/on its way to \+12025550178. Enter it within 10 minutes/);
    expect(CODE).toBeFocused();

    await contains(CODE).edit("999999", { confirm: false });
    await press("Enter");
    await animationFrame();
    expect.verifySteps(["action_verify 2,999999"]);
    expect(`${FORM} [role=alert]`).toHaveText("This code is wrong.");

    await contains(CODE).edit("123456", { confirm: false });
    await press("Enter");
    await animationFrame();
    expect.verifySteps(["action_verify 2,123456"]);
    expect(FORM).toHaveCount(0);
    expect(`${PANEL} input[type=checkbox]`).toBeChecked();
    expect(SEND).toBeEnabled();
});

test("a number that waits for its code is verified later", async () => {
    onRpc("sms.marketing.test.number", "action_send_code", () => {
        throw makeServerError({ type: "UserError", message: "Too many codes were asked for." });
    });
    onRpc("sms.marketing.test.number", "action_verify", () => ({
        ...ben,
        is_verified: true,
        refusal: false,
    }));
    await openPanel([ben]);
    await contains(`${PANEL} .o_sms_marketing_verify`).click();
    expect(FORM).toHaveText(/Send a code to \+12025550178/);
    await contains(`${FORM} .o_sms_marketing_send_code`).click();
    await animationFrame();
    expect(`${FORM} [role=alert]`).toHaveText("Too many codes were asked for.");
    await contains(CODE).edit("123456", { confirm: false });
    await contains(`${FORM} button[type=submit]`).click();
    await animationFrame();
    expect(`${PANEL} .badge`).toHaveCount(0);
    expect(`${PANEL} input[type=checkbox]`).toBeChecked();
});

test("every control has a name", async () => {
    await openPanel([anna, ben]);
    await contains(`${PANEL} .o_sms_marketing_add_number`).click();
    expect(".modal[role=dialog]").toHaveAttribute("aria-label", "Send a test");
    expect(".modal[role=dialog]").toHaveAttribute("aria-modal", "true");
    for (const input of document.querySelectorAll(`${PANEL} input`)) {
        const name = input.labels?.[0]?.textContent || input.closest("[aria-label]")?.ariaLabel;
        expect(Boolean(name?.trim())).toBe(true);
    }
    expect(`${PANEL} [aria-live=polite]`).toHaveCount(1);
});
