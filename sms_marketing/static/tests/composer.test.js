import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import { describe, expect, test } from "@odoo/hoot";
import {
    manuallyDispatchProgrammaticEvent,
    queryAllTexts,
    queryOne,
    queryText,
    unload,
} from "@odoo/hoot-dom";
import { animationFrame, mockSendBeacon } from "@odoo/hoot-mock";
import {
    allowTranslations,
    contains,
    defineModels,
    fields,
    models,
    mountView,
    onRpc,
} from "@web/../tests/web_test_helpers";
import { highlight, problemsOf } from "@sms_marketing/composer/highlight";
import { checkAddress } from "@sms_marketing/composer/link_dialog";
import { characterGroups } from "@sms_marketing/composer/special_characters";
import { applyChanges, spaced } from "@sms_marketing/composer/text_area";

class Message extends models.Model {
    _name = "sms.marketing.message";

    name = fields.Char();
    body = fields.Text();
    body_version = fields.Integer();

    _records = [
        { id: 1, name: "Sale", body: "Hi ", body_version: 4 },
        { id: 2, name: "News", body: "News", body_version: 0 },
        { id: 3, name: "Empty", body: false, body_version: 0 },
    ];
}

defineMailModels();
defineModels([Message]);

const TEXT = ".o_sms_marketing_paper textarea";

const openForm = (params = {}) =>
    mountView({
        type: "form",
        resModel: "sms.marketing.message",
        resId: 1,
        arch: `<form>
            <field name="name" />
            <field name="body_version" invisible="1" />
            <field name="body" widget="sms_marketing_body" />
        </form>`,
        ...params,
    });

function mockServer() {
    onRpc("get_editor_data", () => {
        expect.step("editor data");
        return {
            linkBase: "https://sms.example/s/",
            linkToken: "x".repeat(12),
            linkPositions: ["", "b"],
            optOutTexts: { "": "Reply STOP" },
            tokenDefaults: { "object.city": "your town" },
            readablePaths: ["object.name", "object.city"],
        };
    });
    onRpc("get_token_choices", () => [
        {
            type: "object",
            label: "Contact",
            properties: [
                { name: "name", path: "object.name", label: "Name" },
                { name: "city", path: "object.city", label: "City" },
            ],
        },
        {
            type: "company",
            label: "Our company",
            properties: [{ name: "phone", path: "company.phone", label: "Phone" }],
        },
        {
            type: "recipient",
            label: "Preference link",
            properties: [
                {
                    name: "preference_link",
                    path: "recipient.preference_link",
                    label: "Link to choose",
                },
            ],
        },
    ]);
}

async function type(text) {
    const textArea = queryOne(TEXT);
    textArea.focus();
    textArea.setSelectionRange(textArea.value.length, textArea.value.length);
    document.execCommand("insertText", false, text);
    await animationFrame();
}

describe("where writing begins", () => {
    test.tags("desktop");
    test("a message without a text is opened with the cursor in it", async () => {
        mockServer();
        await openForm({ resId: 3 });
        expect(TEXT).toBeFocused();
        expect.verifySteps(["editor data"]);
    });

    test("a message with a text is opened to be looked at", async () => {
        mockServer();
        await openForm();
        expect(TEXT).not.toBeFocused();
        expect.verifySteps(["editor data"]);
    });
});

describe("what stands out", () => {
    const readable = new Set(["object.name"]);

    test("stretches are the text again, each with its marks", () => {
        const body = "Hi {{ object.name ||| you }}, https://a.com/{{ object.name }} {{ x";
        const problems = problemsOf(body, readable);
        const stretches = highlight(body, problems, [{ start: 0, end: 1 }]);
        expect(stretches.map(({ text }) => text).join("")).toBe(body);
        expect(stretches.filter(({ kinds }) => kinds)).toEqual([
            { text: "H", kinds: "cause" },
            { text: "{{ object.name ||| you }}", kinds: "token" },
            { text: "https://a.com/", kinds: "link" },
            { text: "{{ object.name }}", kinds: "link token" },
            { text: "{{ x", kinds: "problem" },
        ]);
    });

    test("broken and forbidden tokens, and tokens in a host", () => {
        for (const [body, source] of [
            ["a {{ object.name", "{{ object.name"],
            ["a }} b", "}}"],
            ["a {{ }}", "{{ }}"],
            ["{{ object.password }}", "{{ object.password }}"],
            ["https://{{ object.name }}.com/", "https://{{ object.name }}.com/"],
        ]) {
            const problems = problemsOf(body, readable);
            expect(problems.map((problem) => problem.source)).toEqual([source], { message: body });
            expect(body.slice(problems[0].start, problems[0].end)).toBe(source);
        }
        expect(problemsOf("{{ object.name }} https://a.com/{{ object.name }}", readable)).toEqual(
            []
        );
        // As long as the server has not said what may be read, nothing is called forbidden.
        expect(problemsOf("{{ object.password }}", null)).toEqual([]);
    });

    test("strange texts come through whole", () => {
        for (const body of [
            "",
            "👨‍👩‍👧 🇩🇪",
            "שלום {{ object.name }}",
            "e\u0301\u200b",
            "<b>&amp;</b>",
            "}}{{}}{{",
        ]) {
            const stretches = highlight(body, problemsOf(body, readable));
            expect(stretches.map(({ text }) => text).join("")).toBe(body);
        }
    });
});

describe("addresses", () => {
    test("good ones get a scheme where they lack one", () => {
        for (const [typed, url] of [
            ["www.example.com", "https://www.example.com"],
            [" example.com/a?b=1#c ", "https://example.com/a?b=1#c"],
            ["http://example.com:8080/x", "http://example.com:8080/x"],
            ["example.com:8080/x", "https://example.com:8080/x"],
            ["https://a.com/?c={{ object.ref ||| 0 }}", "https://a.com/?c={{ object.ref ||| 0 }}"],
            ["https://пример.рф/ё", "https://пример.рф/ё"],
        ]) {
            expect(checkAddress(typed)).toEqual({ url, problem: "" }, { message: typed });
        }
    });

    test("bad ones are refused with the reason", () => {
        allowTranslations();
        for (const typed of [
            "",
            "   ",
            "data:text/html,x",
            "ftp://example.com",
            "mailto:a@b.com",
            "https://",
            "https://exa mple.com",
            "localhost",
            "https://{{ object.ref }}.com",
            "https://a.com/x<y",
            "https://a.com/x.",
        ]) {
            expect(`${checkAddress(typed).problem}`).not.toBe("", { message: typed });
        }
    });
});

test("changes are applied from left to right", () => {
    const changes = [
        { start: 0, end: 1, text: "AA" },
        { start: 2, end: 3, text: "" },
    ];
    expect(applyChanges("abcd", changes)).toBe("AAbd");
    expect(spaced("see", 3, 3, "x")).toBe(" x");
    expect(spaced("see now", 3, 3, "x")).toBe(" x");
    expect(spaced("", 0, 0, "x")).toBe("x");
    expect(spaced("ab", 1, 1, "x")).toBe(" x ");
});

test("every special character is one character with a name, offered once", () => {
    allowTranslations();
    const characters = characterGroups().flatMap((group) => group.characters);
    expect(new Set(characters.map(([character]) => character)).size).toBe(characters.length);
    for (const [character, name] of characters) {
        expect([...character]).toHaveLength(1);
        expect(`${name}`).not.toBe("");
    }
});

test("a key costs no call, and the text is saved with its version", async () => {
    mockServer();
    onRpc("web_save", ({ args }) => expect.step(`save ${JSON.stringify(args[1])}`));
    await openForm();
    expect.verifySteps(["editor data"]);
    await type("{{ object.name }}");
    await type("!");
    expect(".o_sms_marketing_mark_token").toHaveText("{{ object.name }}");
    expect.verifySteps([]);
    await contains(".o_form_button_save").click();
    expect.verifySteps([`save {"body":"Hi {{ object.name }}!","body_version":4}`]);
});

test("a mistake is told at once, and can be found from its message", async () => {
    mockServer();
    await openForm();
    await type("{{ object.password }} you");
    expect(".o_sms_marketing_mark_problem").toHaveText("{{ object.password }}");
    expect(TEXT).toHaveAttribute("aria-invalid", "true");
    expect(queryText(".o_sms_marketing_problems")).toMatch(/not a field that texts may read/);
    await contains(".o_sms_marketing_problems button").click();
    const { selectionStart, selectionEnd } = queryOne(TEXT);
    expect([selectionStart, selectionEnd]).toEqual([3, 24]);
    expect.verifySteps(["editor data"]);
});

test("discarding brings the saved text back", async () => {
    mockServer();
    await openForm();
    await type("and more");
    await contains(".o_form_button_cancel").click();
    expect(TEXT).toHaveValue("Hi ");
    expect(queryText(".o_sms_marketing_paper .o_sms_marketing_layer")).not.toMatch(/more/);
    expect.verifySteps(["editor data"]);
});

test("the next message shows its own text, and what was typed is saved", async () => {
    mockServer();
    onRpc("web_save", ({ args }) => expect.step(`save ${args[1].body}`));
    await openForm({ resIds: [1, 2] });
    await type("there");
    await contains(".o_pager_next").click();
    expect(TEXT).toHaveValue("News");
    expect.verifySteps(["editor data", "save Hi there", "editor data"]);
});

test("a token is built from type, property and default", async () => {
    mockServer();
    await openForm();
    await contains("button[name=personalize]").click();
    expect(queryAllTexts("#sms_marketing_token_type option")).toEqual([
        "Contact",
        "Our company",
        "Preference link",
    ]);
    await contains(".modal-footer .btn-primary").click();
    expect(queryText(".modal .text-danger")).toBe("Choose a property first.");
    await contains(".o_sms_marketing_property input").click();
    await contains(".o_select_menu_item:contains(City)").click();
    expect("#sms_marketing_token_default").toHaveAttribute("placeholder", "your town");
    await contains("#sms_marketing_token_default").edit("a }} b", { confirm: false });
    await contains(".modal-footer .btn-primary").click();
    expect(queryText(".modal .text-danger")).toMatch(/must not have/);
    await contains("#sms_marketing_token_default").edit("your place", { confirm: false });
    await contains(".modal-footer .btn-primary").click();
    expect(".modal").toHaveCount(0);
    expect(TEXT).toHaveValue("Hi {{ object.city ||| your place }}");
    expect(TEXT).toBeFocused();
    expect.verifySteps(["editor data"]);
});

test("the preference link is chosen at once, and needs no default", async () => {
    mockServer();
    await openForm();
    await contains("button[name=personalize]").click();
    await contains("#sms_marketing_token_type").select("recipient");
    expect("#sms_marketing_token_default").toHaveCount(0);
    await contains(".modal-footer .btn-primary").click();
    expect(TEXT).toHaveValue("Hi {{ recipient.preference_link }}");
    const inLink = problemsOf("http://a.com/{{ recipient.preference_link }}", null);
    expect(inLink.map(({ message }) => message)).toEqual([
        "The preference link is a link of its own; put it behind this one.",
    ]);
    expect.verifySteps(["editor data"]);
});

test("pasted control characters are taken out, and the user is told", async () => {
    mockServer();
    await openForm();
    queryOne(TEXT).focus();
    queryOne(TEXT).setSelectionRange(3, 3);
    const clipboardData = new window.DataTransfer();
    clipboardData.setData("text/plain", "a\x00b\x07\r\nc");
    await manuallyDispatchProgrammaticEvent(queryOne(TEXT), "paste", { clipboardData });
    await animationFrame();
    expect(TEXT).toHaveValue("Hi ab\nc");
    expect(queryText(".o_notification")).toMatch(/2 control characters/);
    expect.verifySteps(["editor data"]);
});

test("a body of 100,000 characters can be written in", async () => {
    mockServer();
    Message._records[0].body = "x".repeat(100000);
    await openForm();
    await type("{{ object.name }}");
    expect(queryOne(TEXT).value).toHaveLength(100017);
    expect(".o_sms_marketing_mark_token").toHaveCount(0);
    expect(".o_sms_marketing_composer .form-text").toHaveCount(1);
    expect.verifySteps(["editor data"]);
});

test("names and texts are never markup", async () => {
    mockServer();
    Message._records[0].body = "<img src=x onerror=alert(1)> {{ <b>x</b> }}";
    await openForm();
    expect(".o_sms_marketing_composer img, .o_sms_marketing_composer b").toHaveCount(0);
    expect(".o_sms_marketing_mark_problem").toHaveText("{{ <b>x</b> }}");
    expect.verifySteps(["editor data"]);
});

test("read-only, the text is shown with its marks", async () => {
    mockServer();
    Message._records[0].body = "Hi {{ object.name }}";
    await openForm({
        arch: `<form><field name="body" widget="sms_marketing_body" readonly="1" /></form>`,
    });
    expect("textarea").toHaveCount(0);
    expect(".o_sms_marketing_read").toHaveText("Hi {{ object.name }}");
    expect(".o_sms_marketing_mark_token").toHaveCount(1);
    expect.verifySteps(["editor data"]);
});

test("closing the tab saves what was typed and not left yet", async () => {
    mockServer();
    mockSendBeacon((route, blob) => {
        expect.step(route);
        blob.text().then((text) => expect.step(JSON.parse(text).params.args[1]));
        return true;
    });
    await openForm();
    await type("there");
    await unload();
    await animationFrame();
    await expect.waitForSteps([
        "editor data",
        "/web/dataset/call_kw/sms.marketing.message/web_save",
        { body: "Hi there", body_version: 4 },
    ]);
});
