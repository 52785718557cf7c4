import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import { expect, test } from "@odoo/hoot";
import { animationFrame, queryOne } from "@odoo/hoot-dom";
import { advanceTime } from "@odoo/hoot-mock";
import {
    contains,
    defineModels,
    fields,
    getService,
    models,
    MockServer,
    mountView,
    mountWithCleanup,
    onRpc,
} from "@web/../tests/web_test_helpers";
import { WebClient } from "@web/webclient/webclient";

class Message extends models.Model {
    _name = "sms.marketing.message";

    name = fields.Char();
    state = fields.Selection({
        selection: [
            ["draft", "Draft"],
            ["scheduled", "Scheduled"],
            ["sending", "Sending"],
            ["paused", "Paused"],
            ["sent", "Sent"],
        ],
    });
    scheduled_at = fields.Datetime();

    _records = [
        { id: 1, name: "Spring sale", state: "sending" },
        { id: 2, name: "Draft", state: "draft" },
        { id: 3, name: "Far away", state: "scheduled", scheduled_at: "2050-01-01 12:00:00" },
        { id: 4, name: "Due", state: "scheduled", scheduled_at: "2019-01-01 12:00:00" },
    ];

    _views = {
        form: `
            <form>
                <widget name="sms_marketing_progress" />
                <field name="name" />
                <field name="state" />
            </form>`,
    };
}

defineMailModels();
defineModels([Message]);

/** Let the server answer with these, one after the other; the last one again and again. */
function answerProgress(...answers) {
    onRpc("get_progress", ({ args }) => {
        expect.step(`get_progress ${args[0]}`);
        const answer = answers.length > 1 ? answers.shift() : answers[0];
        MockServer.env["sms.marketing.message"].write(args[0], { state: answer.state });
        return answer;
    });
}

function mountMessage(resId, resIds = [resId]) {
    return mountView({ type: "form", resModel: "sms.marketing.message", resId, resIds });
}

/** Go on in time, and let what follows be rendered. */
async function pass(milliseconds) {
    await advanceTime(milliseconds);
    await animationFrame();
}

test("follows the sending, and stops when it is over", async () => {
    answerProgress(
        { state: "sending", total: 200, done: 50 },
        { state: "sending", total: 200, done: 100 },
        { state: "sent", total: 200, done: 200 }
    );
    await mountMessage(1);
    await animationFrame();
    expect.verifySteps(["get_progress 1"]);
    expect("[role=progressbar]").toHaveAttribute("aria-valuenow", "25");
    expect("[role=progressbar]").toHaveAttribute("aria-valuemin", "0");
    expect("[role=progressbar]").toHaveAttribute("aria-valuemax", "100");
    expect("[role=progressbar]").toHaveAttribute("aria-valuetext", "Sending: 50 of 200 texts");
    expect(".o_sms_marketing_progress").toHaveText(/50 of 200 texts/);

    await pass(2000);
    expect.verifySteps(["get_progress 1"]);
    expect("[role=progressbar]").toHaveAttribute("aria-valuenow", "50");
    expect(queryOne(".progress-bar").style.width).toBe("50%");

    await pass(2000);
    expect.verifySteps(["get_progress 1"]);
    expect(".o_sms_marketing_progress").toHaveCount(0);
    expect("[name=state] input").toHaveValue("Sent");

    await pass(600000);
    expect.verifySteps([]);
});

test("reads the form again when sending ends, and later for the receipts", async () => {
    answerProgress({ state: "sent", total: 5, done: 5 });
    onRpc("web_read", () => expect.step("web_read"));
    await mountMessage(1);
    await animationFrame();
    expect.verifySteps(["web_read", "get_progress 1", "web_read"]);
    await pass(3000);
    expect.verifySteps(["web_read"]);
    await pass(10000);
    expect.verifySteps(["web_read"]);
    await pass(30000);
    expect.verifySteps(["web_read"]);
    await pass(600000);
    expect.verifySteps([]);
});

test("reads the figures again from time to time while texts go out", async () => {
    answerProgress({ state: "sending", total: 9, done: 4 });
    await mountMessage(1);
    onRpc("web_read", () => expect.step("web_read"));
    await animationFrame();
    await pass(2000);
    await pass(2000);
    await pass(2000);
    expect.verifySteps(Array(4).fill("get_progress 1"));
    await pass(2000);
    expect.verifySteps(["get_progress 1", "web_read"]);
    await pass(2000);
    expect.verifySteps(["get_progress 1"]);
});

test("does not throw away what the user is typing", async () => {
    answerProgress({ state: "sending", total: 5, done: 1 }, { state: "sent", total: 5, done: 5 });
    await mountMessage(1);
    await contains("[name=name] input").edit("My new name", { confirm: false });
    await pass(2000);
    expect("[name=name] input").toHaveValue("My new name");
    expect.verifySteps(["get_progress 1", "get_progress 1"]);
});

test("a paused message shows how far it has come", async () => {
    answerProgress({ state: "paused", total: 8000, done: 2000 });
    await mountMessage(1);
    await animationFrame();
    await animationFrame();
    expect("[role=progressbar]").toHaveAttribute("aria-valuenow", "25");
    expect(".o_sms_marketing_progress").toHaveText(/Paused: 2,000 of 8,000 texts/);
    expect(".progress-bar").toHaveClass("bg-warning");
    expect.verifySteps(["get_progress 1", "get_progress 1"]);
});

test("asks nothing about a draft", async () => {
    answerProgress({ state: "draft", total: 0, done: 0 });
    await mountMessage(2);
    await pass(10000);
    expect(".o_sms_marketing_progress").toHaveCount(0);
    expect.verifySteps([]);
});

test("asks seldom while the moment is far away", async () => {
    answerProgress({ state: "scheduled", total: 0, done: 0 });
    await mountMessage(3);
    await animationFrame();
    expect(".o_sms_marketing_progress").toHaveText("Waiting for its moment");
    expect.verifySteps(["get_progress 3"]);
    await pass(29000);
    expect.verifySteps([]);
    await pass(1000);
    expect.verifySteps(["get_progress 3"]);
});

test("says that recipients are worked out once the moment has come", async () => {
    answerProgress({ state: "scheduled", total: 0, done: 0 });
    await mountMessage(4);
    await animationFrame();
    expect(".o_sms_marketing_progress").toHaveText("Working out who gets it");
    expect.verifySteps(["get_progress 4"]);
});

test("stops when the user goes to another message", async () => {
    answerProgress({ state: "sending", total: 4, done: 1 });
    await mountMessage(1, [1, 2]);
    await animationFrame();
    expect.verifySteps(["get_progress 1"]);
    await contains(".o_pager_next").click();
    await animationFrame();
    expect(".o_sms_marketing_progress").toHaveCount(0);
    await pass(10000);
    expect.verifySteps([]);
});

test("stops when the form is left", async () => {
    answerProgress({ state: "sending", total: 4, done: 1 });
    Message._views.list = `<list><field name="name" /></list>`;
    const action = { type: "ir.actions.act_window", res_model: "sms.marketing.message" };
    await mountWithCleanup(WebClient);
    await getService("action").doAction({ ...action, res_id: 1, views: [[false, "form"]] });
    await animationFrame();
    expect.verifySteps(["get_progress 1"]);
    await getService("action").doAction({ ...action, views: [[false, "list"]] });
    expect(".o_list_view").toHaveCount(1);
    await pass(10000);
    expect.verifySteps([]);
});

test("goes on after the connection was lost for a while", async () => {
    let isConnected = false;
    onRpc("/web/dataset/call_kw/sms.marketing.message/get_progress", () => {
        expect.step(isConnected ? "answer" : "no connection");
        if (!isConnected) {
            return new Response("", { status: 502 });
        }
        return { state: "sending", total: 4, done: 3 };
    });
    await mountMessage(1);
    await animationFrame();
    expect.verifySteps(["no connection"]);
    isConnected = true;
    await pass(2000);
    expect.verifySteps(["answer"]);
    expect("[role=progressbar]").toHaveAttribute("aria-valuenow", "75");
});
