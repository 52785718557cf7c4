import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import { expect, test } from "@odoo/hoot";
import { animationFrame, Deferred, press, queryAllTexts } from "@odoo/hoot-dom";
import { ReviewDialog } from "@sms_marketing/review/review";
import {
    contains,
    defineModels,
    getService,
    makeServerError,
    models,
    mountWithCleanup,
    onRpc,
} from "@web/../tests/web_test_helpers";
import { WebClient } from "@web/webclient/webclient";

class Message extends models.Model {
    _name = "sms.marketing.message";
}

defineMailModels();
defineModels([Message]);

const ERROR = {
    level: "error",
    code: "no_opt",
    text: "Choose a sender.",
    mend: { label: "Choose a sender", page: "settings", field: "sender_id" },
};
const WARNING = {
    level: "warning",
    code: "costly_characters",
    text: "’ in the text: each text takes 2 segments instead of 1.",
    mend: { label: "Replace by plain ones", method: "action_plain_equivalents" },
};

function review(values = {}) {
    return {
        name: "Spring sale",
        findings: [],
        can_send: true,
        counted: true,
        recipients: 1200,
        left_out: [{ reason: "no_consent", label: "Never agreed", count: 3 }],
        can_open: true,
        segments_per_text: 2,
        segments: 2400,
        moment: false,
        approval: false,
        by_time_zone: false,
        version: { content: "abc", recipients: 1200 },
        ...values,
    };
}

async function openReview(intent = "send") {
    await mountWithCleanup(WebClient);
    getService("dialog").add(
        ReviewDialog,
        { messageId: 1, intent },
        { onClose: () => expect.step("closed") }
    );
    await animationFrame();
    await animationFrame();
}

test("shows a hint while the server looks through the message", async () => {
    const answer = new Deferred();
    onRpc("get_review", async () => {
        await answer;
        return review();
    });
    await openReview();
    expect(".modal[role=dialog]").toHaveAttribute("aria-modal", "true");
    expect(".modal[role=dialog]").toHaveAttribute("aria-label", "Review and send");
    expect(".o_sms_marketing_review_loading").toHaveCount(1);
    expect(".o_sms_marketing_review_send").not.toBeEnabled();
    answer.resolve();
    await animationFrame();
    expect(".o_sms_marketing_review_loading").toHaveCount(0);
    expect(".o_sms_marketing_recipients_figure").toHaveText("1,200");
    expect(".o_sms_marketing_review_segments").toHaveText(/About 2,400: 2 for each text/);
    expect(".o_sms_marketing_review_fine").toHaveCount(1);
});

test("an error keeps the button from being pressed, and says why", async () => {
    onRpc("get_review", () => review({ findings: [ERROR, WARNING], can_send: false }));
    await openReview();
    expect(queryAllTexts(".o_sms_marketing_review_errors .o_sms_marketing_mend")).toEqual([
        "Choose a sender",
    ]);
    expect(".o_sms_marketing_review_warnings").toHaveText(/2 segments instead of 1/);
    expect(".o_sms_marketing_review_send").not.toBeEnabled();
    expect("#sms_marketing_review_blocked").toHaveText(/errors above/);
    await contains(".o_sms_marketing_review_errors .o_sms_marketing_mend").click();
    expect.verifySteps(["closed"]);
});

test("a button that mends calls the server and reviews again", async () => {
    const reviews = [review({ findings: [WARNING] }), review()];
    onRpc("get_review", () => reviews.shift());
    onRpc("action_plain_equivalents", ({ args }) => {
        expect.step(`mend ${args[0]}`);
        return false;
    });
    await openReview();
    await contains(".o_sms_marketing_mend").click();
    await animationFrame();
    expect.verifySteps(["mend 1"]);
    expect(".o_sms_marketing_review_warnings").toHaveCount(0);
});

test("sends after a confirmation that names the number of contacts", async () => {
    onRpc("get_review", () => review());
    onRpc("send_reviewed", ({ args }) => {
        expect.step(args);
        return { done: "The message goes out." };
    });
    await openReview();
    await contains(".o_sms_marketing_review_send:contains(Send to 1,200 contacts)").click();
    expect(".o_sms_marketing_review_confirm").toHaveText(/1,200 contacts now/);
    expect(".o_sms_marketing_review_confirm_button").toBeFocused();
    await contains(".o_sms_marketing_review_confirm_button").click();
    expect.verifySteps([[1, "send", { content: "abc", recipients: 1200 }], "closed"]);
    expect(".o_notification:contains(The message goes out.)").toHaveCount(1);
});

test("to schedule asks once more, with the moment as the form says it", async () => {
    const moment = "9:00 AM on Tuesday, June 7, 2050 by each contact's clock";
    onRpc("get_review", () => review({ moment }));
    await openReview("schedule");
    expect(".o_sms_marketing_review_moment").toHaveText(new RegExp(moment));
    await contains(".o_sms_marketing_review_send").click();
    expect(".o_sms_marketing_review_confirm").toHaveText(
        `The message goes out at ${moment}. Those who may get it then get it: 1,200 contacts as of now.`
    );
});

test("what has changed meanwhile is not sent but shown", async () => {
    onRpc("get_review", () => review());
    onRpc("send_reviewed", () => ({
        changed: "Ann has changed the message.",
        review: review({ recipients: 7 }),
    }));
    await openReview();
    await contains(".o_sms_marketing_review_send").click();
    await contains(".o_sms_marketing_review_confirm_button").click();
    expect(".o_sms_marketing_review_changed").toHaveText("Ann has changed the message.");
    expect(".o_sms_marketing_recipients_figure").toHaveText("7");
    expect(".o_sms_marketing_review_confirm").toHaveCount(0);
    expect.verifySteps([]);
});

test("an error of the server is told in the panel", async () => {
    onRpc("get_review", () => review());
    onRpc("send_reviewed", () => {
        throw makeServerError({ message: "“Spring sale” cannot be sent yet" });
    });
    await openReview();
    await contains(".o_sms_marketing_review_send").click();
    await contains(".o_sms_marketing_review_confirm_button").click();
    expect(".o_sms_marketing_review_error").toHaveText("“Spring sale” cannot be sent yet");
    expect(".o_sms_marketing_review_send").toBeEnabled();
});

test("opens the contacts that are left out for a reason", async () => {
    onRpc("get_review", () => review());
    onRpc("action_view_audience", ({ args }) => {
        expect.step(args);
        return {
            type: "ir.actions.client",
            tag: "display_notification",
            params: { message: "Three contacts" },
        };
    });
    await openReview();
    await contains(".o_sms_marketing_review_recipients button:contains(Never agreed)").click();
    await animationFrame();
    expect.verifySteps([[1, "no_consent"], "closed"]);
    expect(".o_notification:contains(Three contacts)").toHaveCount(1);
});

test("Escape closes the panel", async () => {
    onRpc("get_review", () => review());
    await openReview();
    await press("Escape");
    await animationFrame();
    expect.verifySteps(["closed"]);
});

const APPROVAL = {
    text: "A manager approves it first.",
    can_ask: false,
    can_approve: false,
    can_reject: false,
};

test("who may not approve asks for approval instead of sending", async () => {
    onRpc("get_review", () =>
        review({ can_send: false, approval: { ...APPROVAL, can_ask: true } })
    );
    onRpc("ask_approval", ({ args }) => {
        expect.step(args);
        return { done: "The managers are asked." };
    });
    await openReview();
    expect(".o_sms_marketing_review_approval").toHaveText("A manager approves it first.");
    expect(".o_sms_marketing_review_send").toHaveCount(0);
    expect(".o_sms_marketing_approve").toHaveCount(0);
    await contains(".o_sms_marketing_ask_approval").click();
    expect.verifySteps([[1, "send", { content: "abc", recipients: 1200 }], "closed"]);
    expect(".o_notification:contains(The managers are asked.)").toHaveCount(1);
});

test("a manager rejects with a reason, and not without", async () => {
    onRpc("get_review", () =>
        review({
            can_send: false,
            approval: { ...APPROVAL, can_approve: true, can_reject: true },
        })
    );
    onRpc("reject_reviewed", ({ args }) => {
        expect.step(args.at(-1));
        return { done: "Rejected." };
    });
    await openReview();
    expect(".o_sms_marketing_approve").toBeEnabled();
    await contains(".o_sms_marketing_reject").click();
    expect("#sms_marketing_approval_reason").toBeFocused();
    expect(".o_sms_marketing_reject_button").not.toBeEnabled();
    await contains("#sms_marketing_approval_reason").edit("Wrong price", { confirm: false });
    await contains(".o_sms_marketing_reject_button").click();
    expect.verifySteps(["Wrong price", "closed"]);
});

test("a manager approves; what has changed meanwhile is shown instead", async () => {
    const waiting = review({
        can_send: false,
        approval: { ...APPROVAL, can_approve: true },
    });
    onRpc("get_review", () => waiting);
    onRpc("approve_reviewed", () => ({ changed: "Ann has changed the message.", review: waiting }));
    await openReview();
    await contains(".o_sms_marketing_approve").click();
    expect(".o_sms_marketing_review_changed").toHaveText("Ann has changed the message.");
    expect(".o_sms_marketing_approve").toBeEnabled();
    expect.verifySteps([]);
});

test("shows by time zone when it reaches whom", async () => {
    onRpc("get_review", () => review({ by_time_zone: true }));
    onRpc("get_time_zone_overview", ({ kwargs }) => {
        expect.step(kwargs.send_now);
        return {
            zones: [
                {
                    key: "Asia/Tokyofalse",
                    zone: "Asia/Tokyo",
                    label: "Asia/Tokyo",
                    offset: "UTC+9:00",
                    recipients: 3,
                    local: "8:00 AM on Tuesday",
                    company: "0:00 AM on Tuesday",
                },
            ],
            recipients: 3,
            passed: 0,
            passed_policy: "",
            deferred: 3,
            without_zone: 0,
            unknown_zone: 0,
            fallback_zone: "UTC",
        };
    });
    await openReview();
    await animationFrame();
    expect(".o_sms_marketing_review_time_zones tbody tr").toHaveText(
        /Asia\/Tokyo.*3.*8:00 AM on Tuesday/s
    );
    expect(".o_sms_marketing_review_time_zones").toHaveText(/3 wait for quiet hours/);
    expect.verifySteps([true]);
});
