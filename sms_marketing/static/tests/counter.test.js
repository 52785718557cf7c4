import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import { expect, test } from "@odoo/hoot";
import { queryAllTexts, queryOne, queryText } from "@odoo/hoot-dom";
import { advanceTime, animationFrame } from "@odoo/hoot-mock";
import {
    contains,
    defineModels,
    fields,
    models,
    mountView,
    onRpc,
} from "@web/../tests/web_test_helpers";
import { SILENCE } from "@sms_marketing/counter/counter";

class Message extends models.Model {
    _name = "sms.marketing.message";

    body = fields.Text();
    state = fields.Char();
    include_opt_out_text = fields.Boolean();

    _records = [{ id: 1, body: "", state: "draft", include_opt_out_text: false }];
}

defineMailModels();
defineModels([Message]);

const TEXT = ".o_sms_marketing_paper textarea";

async function openForm(body, { content } = {}) {
    Message._records[0].body = body;

    onRpc("get_editor_data", () => ({
        linkBase: "https://sms.example/s/",
        linkToken: "x".repeat(12),
        linkPositions: ["", "b"],
        optOutTexts: { "": "Reply STOP" },
        tokenDefaults: {},
        readablePaths: ["object.name"],
    }));
    await mountView({
        type: "form",
        resModel: "sms.marketing.message",
        resId: 1,
        arch: `<form>
            <field name="state" invisible="1" />
            <field name="include_opt_out_text" />
            ${content ?? '<field name="body" widget="sms_marketing_body" />'}
            <widget name="sms_marketing_counter" />
        </form>`,
    });
}

const figures = () => queryAllTexts(".o_sms_marketing_measures strong");

async function type(text) {
    const textArea = queryOne(TEXT);
    textArea.focus();
    textArea.setSelectionRange(textArea.value.length, textArea.value.length);
    document.execCommand("insertText", false, text);
    await animationFrame();
}

test("the figures follow every key", async () => {
    await openForm("a".repeat(159));
    expect(figures()).toEqual(["159", "GSM-7", "1", "1"]);
    await type("b");
    expect(figures()).toEqual(["160", "GSM-7", "1", "0"]);
    await type("€");
    expect(figures()).toEqual(["161", "GSM-7", "2", "144"]);
    await type("🙂");
    expect(figures()).toEqual(["162", "UCS-2", "3", "38"]);
});

test("the opt-out text counts where it is added", async () => {
    await openForm("Hello");
    expect(figures()[0]).toBe("5");
    await contains("[name=include_opt_out_text] input").click();
    expect(figures()[0]).toBe("16");
});

test("each figure explains itself when it is pointed at or focused", async () => {
    await openForm("Hello");
    expect("[role=tooltip]").toHaveCount(0);
    await contains("button[name=segments]").hover();
    expect(queryText("[role=tooltip]")).toMatch(/160/);
    await contains("button[name=encoding]").focus();
    expect(queryText("[role=tooltip]")).toMatch(/GSM-7 alphabet/);
    expect("button[name=encoding]").toHaveAttribute(
        "aria-describedby",
        queryOne("[role=tooltip]").id
    );
});

test("plain equivalents, one by one and all at once", async () => {
    await openForm("“a” – “b” 🙂");
    await contains(".o_sms_marketing_causes_toggle").click();
    expect(".o_sms_marketing_mark_cause").toHaveCount(6);
    expect(queryAllTexts(".o_sms_marketing_cause_text")).toEqual(["“", "”", "–", "🙂"]);
    await contains(".o_sms_marketing_causes li:first button").click();
    expect(TEXT).toHaveValue('"a” – "b” 🙂');
    await contains("button[name=replace_all]").click();
    expect(TEXT).toHaveValue('"a" - "b" 🙂');
    expect("button[name=replace_all]").toHaveCount(0);
    document.execCommand("undo");
    await animationFrame();
    expect(TEXT).toHaveValue('"a” – "b” 🙂');
});

test("replacing works where the editor is not on the page", async () => {
    await openForm("a – b", { content: '<field name="body" invisible="1" />' });
    await contains(".o_sms_marketing_causes_toggle").click();
    await contains("button[name=replace_all]").click();
    expect(figures()).toEqual(["5", "GSM-7", "1", "155"]);
});

test("a text that was sent is explained, not changed", async () => {
    Message._records[0].state = "sent";
    await openForm("a – b");
    await contains(".o_sms_marketing_causes_toggle").click();
    expect(".o_sms_marketing_causes li").toHaveCount(1);
    expect(".o_sms_marketing_causes button").toHaveCount(0);
});

test("a screen reader hears of changes after a pause, not at each key", async () => {
    const heard = () => queryOne(".o_sms_marketing_counter [aria-live]").textContent;
    await openForm("a");
    await advanceTime(SILENCE);
    expect(heard()).toBe("");
    await type("b");
    await advanceTime(SILENCE);
    await animationFrame();
    expect(heard()).toBe("");
    await type("🙂");
    await advanceTime(SILENCE - 100);
    await type("c");
    await advanceTime(SILENCE - 100);
    expect(heard()).toBe("");
    await advanceTime(200);
    await animationFrame();
    expect(heard()).toMatch(/1 segments?, 4 characters, UCS-2/);
});

test("texts that carriers refuse are warned of", async () => {
    await openForm("a".repeat(1530));
    expect(".o_sms_marketing_warning").toHaveCount(0);
    await type("b");
    expect(queryAllTexts(".o_sms_marketing_warning")).toHaveLength(1);
    await type("c".repeat(100));
    expect(queryAllTexts(".o_sms_marketing_warning")).toHaveLength(2);
});

test("the figures of a very long text come after a rest", async () => {
    await openForm("a".repeat(100000));
    expect(figures()[0]).toBe("100,000");
    await type("b");
    expect(figures()[0]).toBe("100,000");
    await advanceTime(300);
    await animationFrame();
    expect(figures()[0]).toBe("100,001");
});
