import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import { expect, test } from "@odoo/hoot";
import { animationFrame, manuallyDispatchProgrammaticEvent, queryOne } from "@odoo/hoot-dom";
import { advanceTime } from "@odoo/hoot-mock";
import {
    contains,
    defineModels,
    fields,
    makeMockEnv,
    models,
    mountView,
    mountWithCleanup,
    onRpc,
    serverState,
} from "@web/../tests/web_test_helpers";
import { browser } from "@web/core/browser/browser";
import { user } from "@web/core/user";
import { Phone } from "@sms_marketing/preview/phone";
import { piecesOf, renderMessage, renderParts, shortLink } from "@sms_marketing/preview/render";

class Message extends models.Model {
    _name = "sms.marketing.message";

    name = fields.Char();
    body = fields.Text();
    include_opt_out_text = fields.Boolean();
    sender_id = fields.Many2one({ relation: "sms.marketing.sender" });
    company_id = fields.Many2one({ relation: "res.company" });

    _records = [
        { id: 1, name: "Sale", body: "Hi {{ object.first_name ||| there }}!", sender_id: 1 },
        { id: 2, name: "Nothing yet", body: false },
    ];

    _views = {
        form: `
            <form>
                <field name="name" />
                <field name="body" />
                <field name="include_opt_out_text" />
                <widget name="sms_marketing_preview" />
            </form>`,
    };
}

class Sender extends models.Model {
    _name = "sms.marketing.sender";

    name = fields.Char();

    _records = [{ id: 1, name: "+12025550123" }];
}

defineMailModels();
defineModels([Message, Sender]);

const DATA = {
    linkBase: "https://sms.example/s/",
    linkToken: "k7Qm2xVb9TzA",
    linkPositions: ["", "1", "2"],
    preferenceCode: "private-to-recipient",
    linkUnits: 36,
    optOutTexts: { en_US: "Reply STOP to opt out", "": "Reply STOP to opt out" },
    tokenDefaults: { "object.city": "your town" },
    readablePaths: ["object.first_name", "object.name", "object.city", "object.parent_id.name"],
    sender: "+12025550123",
};

const ANITA = {
    values: { "object.first_name": "Anita", "object.name": "Anita Oliver", "object.city": "" },
    hidden: ["object.parent_id.name"],
    name: "Anita Oliver",
    lang: "fr_FR",
    langName: "French / Français",
    optOutText: "Répondez STOP",
    number: "+13035550111",
};

/** A server that knows one contact, and counts what it is asked. */
function answer(contact = ANITA) {
    onRpc("get_editor_data", () => {
        expect.step("get_editor_data");
        return DATA;
    });
    onRpc("get_preview_values", ({ args }) => {
        expect.step(`get_preview_values ${args[1]} ${args[2].length}`);
        return contact;
    });
}

async function mountMessage(resId = 1) {
    await mountView({ type: "form", resModel: "sms.marketing.message", resId });
    await animationFrame();
}

async function chooseContact(name) {
    await contains(".o_record_selector input").edit(name, { confirm: false });
    await advanceTime(500);
    await contains(`.o-autocomplete--dropdown-item:contains(${name})`).click();
    await animationFrame();
}

const bubble = () => queryOne(".o_sms_marketing_bubble").textContent;
const render = (body, options = {}) =>
    renderMessage({ body, includeOptOut: false, data: DATA, ...options });

test.tags("desktop");
test("shows the text while it is typed, without asking the server", async () => {
    answer();
    await mountMessage();
    expect.verifySteps(["get_editor_data"]);
    expect(bubble()).toBe("Hi there!");
    await contains("[name=body] textarea").edit("Hello {{ object.city }}, {{ object.first", {
        confirm: "blur",
    });
    await animationFrame();
    expect(bubble()).toBe("Hello your town, {{ object.first");
    expect(".o_sms_marketing_bubble_problem").toHaveText("{{ object.first");
    await contains("[name=include_opt_out_text] input").click();
    expect(bubble()).toBe("Hello your town, {{ object.first\nReply STOP to opt out");
    expect.verifySteps([]);
});

test.tags("desktop");
test("font size and dark screen are as the user left them", async () => {
    answer();
    await mountMessage();
    expect(".o_sms_marketing_phone_dark").toHaveCount(0);
    await contains(".o_sms_marketing_preview_controls input[type=range]").edit(150);
    await contains(".o_sms_marketing_preview_controls input[id$=_dark]").click();
    await animationFrame();
    await mountMessage(2);
    expect(".o_sms_marketing_phone:last").toHaveClass("o_sms_marketing_phone_dark");
    expect(".o_sms_marketing_preview_controls input[type=range]:last").toHaveValue(150);
    expect.verifySteps(["get_editor_data", "get_editor_data"]);
});

test.tags("desktop");
test("does not stumble over what another program left in the browser's storage", async () => {
    answer();
    browser.localStorage.setItem(`sms_marketing_preview_${user.userId}`, '{"fontSize": "9e9"');
    await mountMessage();
    expect(".o_sms_marketing_preview_controls input[type=range]").toHaveValue(100);
    expect.verifySteps(["get_editor_data"]);
});

test.tags("desktop");
test("follows the editor before it is left", async () => {
    answer();
    Message._views.form = `
        <form>
            <field name="body" widget="sms_marketing_body" />
            <widget name="sms_marketing_preview" />
        </form>`;
    await mountMessage(2);
    expect(".o_sms_marketing_bubble").toHaveCount(0);
    await contains("[name=body] textarea").edit("Dear {{ object.first_name ||| you }}", {
        confirm: false,
    });
    await animationFrame();
    expect(bubble()).toBe("Dear you");
    expect.verifySteps(["get_editor_data"]);
});

test.tags("desktop");
test("shows what the chosen contact gets, and who that is", async () => {
    answer();
    await mountMessage();
    await contains("[name=include_opt_out_text] input").click();
    await chooseContact("Mitchell Admin");
    expect.verifySteps(["get_editor_data", `get_preview_values ${serverState.partnerId} 4`]);
    expect(bubble()).toBe("Hi Anita!\nRépondez STOP");
    expect(".o_sms_marketing_preview_facts").toHaveText("+13035550111 · French / Français");
    // What is typed afterwards has its values already.
    await contains("[name=body] textarea").edit(
        "{{ object.name }} of {{ object.parent_id.name }}",
        {
            confirm: "blur",
        }
    );
    await animationFrame();
    expect(bubble()).toBe("Anita Oliver of \nRépondez STOP");
    expect(".o_sms_marketing_preview_facts").toHaveText(/You may not read/);
    await contains(".o_record_selector input").clear({ confirm: "blur" });
    await animationFrame();
    expect(bubble()).toBe(" of \nReply STOP to opt out");
    expect(".o_sms_marketing_preview_facts").toHaveText("Tokens show their default.");
    expect.verifySteps([]);
});

test.tags("desktop");
test("says that a contact has no number", async () => {
    answer({ ...ANITA, number: "" });
    await mountMessage();
    await chooseContact("Mitchell Admin");
    expect(".o_sms_marketing_preview_facts").toHaveText("No valid number · French / Français");
    expect.verifySteps(["get_editor_data", `get_preview_values ${serverState.partnerId} 4`]);
});

test("an empty text shows no bubble", async () => {
    answer();
    await mountMessage(2);
    expect(".o_sms_marketing_bubble").toHaveCount(0);
    expect(".o_sms_marketing_phone").toHaveText(/Your text shows here/);
    expect.verifySteps(["get_editor_data"]);
});

test("font size, dark screen and segments are of the phone alone", async () => {
    answer();
    Message._records[0].body = "x".repeat(307);
    await mountMessage();
    const phone = queryOne(".o_sms_marketing_phone");
    const border = () => getComputedStyle(queryOne(".o_sms_marketing_border:first")).display;
    expect(phone.style.getPropertyValue("--sms-font-scale")).toBe("1");
    const slider = queryOne(".o_sms_marketing_phone_preview input[type=range]");
    slider.value = "180";
    await manuallyDispatchProgrammaticEvent(slider, "input");
    await animationFrame();
    expect(phone.style.getPropertyValue("--sms-font-scale")).toBe("1.8");
    expect(slider).toHaveAttribute("aria-valuetext", "180 %");

    expect(phone).not.toHaveClass("o_sms_marketing_phone_dark");
    await contains("label:contains(Dark screen)").click();
    expect(phone).toHaveClass("o_sms_marketing_phone_dark");

    expect(border()).toBe("none");
    await contains("label:contains(Show segments)").click();
    expect(border()).not.toBe("none");
    expect(".o_sms_marketing_border").toHaveCount(2);
    // The numbers at the borders are no part of the text.
    expect(bubble()).toBe("x".repeat(307));
    expect.verifySteps(["get_editor_data"]);
});

test("every control has a name", async () => {
    answer();
    await mountMessage();
    for (const input of document.querySelectorAll(".o_sms_marketing_phone_preview input")) {
        const labels = [...input.labels].map((label) => label.textContent);
        const labelledBy = document.getElementById(input.getAttribute("aria-labelledby"));
        expect(labels[0] || labelledBy?.textContent || "").not.toBe("");
    }
    expect(".o_sms_marketing_phone[role=group]").toHaveAttribute(
        "aria-label",
        "The message as its recipient sees it"
    );
    expect(".o_sms_marketing_phone_talk").toHaveAttribute("tabindex", "0");
    expect.verifySteps(["get_editor_data"]);
});

test("a text is text: nothing in it becomes markup", async () => {
    const text = "<img src=x onerror=alert(1)> <b>&amp;</b>\n  two  spaces";
    await mountWithCleanup(Phone, { props: { parts: [{ text }], sender: "<i>ACME</i>" } });
    expect(bubble()).toBe(text);
    expect(".o_sms_marketing_phone img, .o_sms_marketing_phone_talk b").toHaveCount(1); // the day
    expect(".o_sms_marketing_phone_sender").toHaveText("<i>ACME</i>");
});

test("the phone's clock goes on", async () => {
    await mountWithCleanup(Phone, { props: { parts: [] } });
    const before = queryOne(".o_sms_marketing_phone_time").textContent;
    await advanceTime(61000);
    await animationFrame();
    expect(".o_sms_marketing_phone_time").not.toHaveText(before);
});

test("100,000 characters are shown", async () => {
    await makeMockEnv();
    const body = "Sale 😀 {{ object.first_name }} https://example.com/a ".repeat(2000);
    const started = performance.now();
    const pieces = piecesOf(renderParts({ body, includeOptOut: false, data: DATA }));
    expect(performance.now() - started).toBeLessThan(2000);
    expect(pieces.filter(({ isLink }) => isLink).length).toBeGreaterThan(1999);
    expect(pieces.map(({ text }) => text).join("")).toBe(
        `Sale 😀  ${shortLink(DATA, 0)} `.repeat(2000)
    );
});

test("a value, its token's default, the account's default, in this order", async () => {
    await makeMockEnv();
    expect(render("{{ object.first_name ||| there }}", { contact: ANITA })).toBe("Anita");
    expect(render("{{ object.city ||| town }}", { contact: ANITA })).toBe("town");
    expect(render("{{ object.city }}", { contact: ANITA })).toBe("your town");
    expect(render("{{ object.name }}")).toBe("");
});

test("links are short and each target has its own", async () => {
    await makeMockEnv();
    expect(render("https://a.example/x https://b.example www.c.example https://a.example/x.")).toBe(
        "https://sms.example/s/k7Qm2xVb9TzA https://sms.example/s/k7Qm2xVb9TzA1 " +
            "https://sms.example/s/k7Qm2xVb9TzA2 https://sms.example/s/k7Qm2xVb9TzA."
    );
});

test("a broken or forbidden token is marked, and nothing is sent", async () => {
    await makeMockEnv();
    expect(render("Hi {{ object.password }}")).toBe(null);
    expect(render("Hi {{ object.name")).toBe(null);
    expect(render("Hi }}")).toBe(null);
    const body = "A {{ object.password }} b {{ object.first_name ||| you }} https://a.example {{";
    const pieces = piecesOf(renderParts({ body, includeOptOut: true, data: DATA }));
    expect(pieces.filter(({ isProblem }) => isProblem).map(({ text }) => text)).toEqual([
        "{{ object.password }}",
        "{{",
    ]);
    expect(pieces.map(({ text }) => text).join("")).toBe(
        "A {{ object.password }} b you https://sms.example/s/k7Qm2xVb9TzA {{\nReply STOP to opt out"
    );
});

test("a border inside a link cuts only the look", async () => {
    await makeMockEnv();
    const text = `${"x".repeat(140)} ${shortLink(DATA, 0)}`;
    const pieces = piecesOf([{ text }]);
    expect(pieces.map((piece) => piece.segment)).toEqual([null, null, 2]);
    expect(pieces.map((piece) => piece.isLink)).toEqual([false, true, true]);
    expect(pieces.map((piece) => piece.text).join("")).toBe(text);
});

test("the preference link stands in the body and in the opt-out text", () => {
    const link = "https://sms.example/s/private-to-recipient";
    const data = {
        ...DATA,
        optOutTexts: { "": "Stop: {{recipient.preference_link}} $&" },
        readablePaths: ["recipient.preference_link"],
    };
    const body = "a {{ recipient.preference_link ||| x }}.";
    expect(render(body, { data })).toBe(`a ${link}.`);
    expect(render("Hi", { includeOptOut: true, data })).toBe(`Hi\nStop: ${link} $&`);
    const [, shown] = piecesOf(renderParts({ body, data }));
    expect(shown).toMatchObject({ text: link, isLink: true });
});
