import { rpc } from "@web/core/network/rpc";
import { addTour } from "./add_tour";

const TEXT = ".o_sms_marketing_paper textarea";

const textArea = () => document.querySelector(TEXT);

/** What a key of the user does through the browser, its own history included. */
const type = (text) => () => {
    textArea().focus();
    document.execCommand("insertText", false, text);
};

const textIs = (content, text) => ({
    content,
    trigger: TEXT,
    run() {
        if (textArea().value !== text) {
            throw new Error(`${content}: “${textArea().value}” instead of “${text}”`);
        }
        if (document.activeElement !== textArea()) {
            throw new Error(`${content}: the focus is on ${document.activeElement.outerHTML}`);
        }
    },
});

function compose() {
    return [
        {
            content: "put the cursor behind the text",
            trigger: TEXT,
            run: () => textArea().setSelectionRange(6, 6),
        },
        { content: "personalize", trigger: "button[name=personalize]", run: "click" },
        {
            content: "search a property",
            trigger: ".modal .o_sms_marketing_property input",
            run: "edit First",
        },
        {
            content: "choose it",
            trigger: ".o_select_menu_item:contains(First name)",
            run: "click",
        },
        {
            content: "the default, and Enter",
            trigger: ".modal #sms_marketing_token_default",
            run: "edit there && press Enter",
        },
        { content: "the dialog is closed", trigger: "body:not(:has(.modal))" },
        textIs("the token is in the text", "Hello {{ object.first_name ||| there }}"),
        {
            content: "the token is marked",
            trigger: ".o_sms_marketing_mark_token:contains(first_name)",
        },
        { content: "write on", trigger: TEXT, run: type("! ") },
        { content: "emoji", trigger: "button[name=insert_emoji]", run: "click" },
        {
            content: "search one",
            trigger: ".o-EmojiPicker input",
            run: "edit grinning face",
        },
        {
            content: "take it",
            trigger: ".o-EmojiPicker .o-Emoji[data-codepoints='😀']",
            run: "click",
        },
        { content: "one emoji makes it UCS-2", trigger: "button[name=encoding]:contains(UCS-2)" },
        { content: "write on", trigger: TEXT, run: type(" 5") },
        { content: "special character", trigger: "button[name=insert_character]", run: "click" },
        {
            content: "search it, Enter takes the first one",
            trigger: ".modal input[type=search]",
            run: "edit euro && press Enter",
        },
        { content: "the dialog is closed", trigger: "body:not(:has(.modal))" },
        textIs("the character is in", "Hello {{ object.first_name ||| there }}! 😀 5€"),
        { content: "a link", trigger: "button[name=insert_link]", run: "click" },
        {
            content: "an address that is none",
            trigger: ".modal #sms_marketing_address",
            run: "edit ftp://example.com && press Enter",
        },
        { content: "is refused", trigger: ".modal .invalid-feedback:contains(http)" },
        {
            content: "a good one",
            trigger: ".modal #sms_marketing_address",
            run: "edit www.example.com/sale && press Enter",
        },
        { content: "the dialog is closed", trigger: "body:not(:has(.modal))" },
        textIs(
            "the link is in, apart from the word before",
            "Hello {{ object.first_name ||| there }}! 😀 5€ https://www.example.com/sale"
        ),
        {
            content: "what was inserted can be undone",
            trigger: TEXT,
            run: () => document.execCommand("undo"),
        },
        textIs("the link is gone", "Hello {{ object.first_name ||| there }}! 😀 5€"),
        {
            content: "and done again",
            trigger: TEXT,
            run: () => document.execCommand("redo"),
        },
        { content: "the link is marked", trigger: ".o_sms_marketing_mark_link:contains(/sale)" },
        { content: "a mistake", trigger: TEXT, run: type(" {{ object.password }}") },
        {
            content: "is told at once",
            trigger: ".o_sms_marketing_problems:contains(not a field that texts may read)",
        },
        {
            content: "and undone",
            trigger: TEXT,
            run: () => document.execCommand("undo"),
        },
        { content: "nothing is wrong", trigger: "body:not(:has(.o_sms_marketing_problems))" },
        { content: "save", trigger: ".o_form_button_save", run: "click" },
        { content: "saved", trigger: ".o_form_saved, body:not(:has(.o_form_dirty))" },
    ];
}

addTour("sms_marketing_compose", compose);

const PANEL = ".o_sms_marketing_send_test";
const bubble = () => document.querySelector(".o_sms_marketing_phone .o_sms_marketing_bubble");

/** The phone shows a contact's values; what it shows is told to the test. */
const previewAs = (name, firstName) => [
    {
        content: `preview as ${name}`,
        trigger: ".o_sms_marketing_preview_contact input",
        run: `edit ${name}`,
    },
    {
        content: "choose the contact",
        trigger: `.o-autocomplete--dropdown-item:contains(${name})`,
        run: "click",
    },
    {
        content: "the phone shows the contact's name",
        trigger: `.o_sms_marketing_bubble:contains(Hello ${firstName}!)`,
        async run() {
            await rpc("/web/dataset/call_kw", {
                model: "sms.marketing.message",
                method: "keep_phone_text",
                args: [[], bubble().textContent],
                kwargs: {},
            });
        },
    },
];

addTour("sms_marketing_compose_to_phone", () => [
    ...compose(),
    {
        content: "without a contact, the default",
        trigger: ".o_sms_marketing_bubble:contains(Hello there!)",
    },
    ...previewAs("Clara Clicks", "Clara"),
    ...previewAs("Rita Reads", "Rita"),
    { content: "send a test", trigger: "button[name=action_open_send_test]", run: "click" },
    {
        content: "to the colleague's phone",
        trigger: `${PANEL} .form-check:contains(Colleague) input:not(:checked)`,
        run: "click",
    },
    {
        content: "receive it as a contact",
        trigger: `${PANEL} .o_record_selector input`,
        run: "edit Rita Reads",
    },
    {
        content: "choose her",
        trigger: ".o-autocomplete--dropdown-item:contains(Rita Reads)",
        run: "click",
    },
    {
        content: "send",
        trigger: `${PANEL} .o_sms_marketing_send_button:enabled`,
        run: "click",
    },
    {
        content: "it is delivered",
        trigger: `${PANEL} .o_sms_marketing_test_outcomes li:contains(Colleague):contains(Delivered)`,
    },
    {
        content: "close the panel",
        trigger: `${PANEL} .modal-footer button:contains(Close)`,
        run: "click",
    },
    { content: "it is closed", trigger: `body:not(:has(${PANEL}))` },
]);

addTour("sms_marketing_conflict", () => [
    {
        content: "another window of the same person writes meanwhile",
        trigger: TEXT,
        async run() {
            const id = Number(window.location.pathname.split("/").pop());
            await rpc("/web/dataset/call_kw", {
                model: "sms.marketing.message",
                method: "write",
                args: [[id], { body: "By another one" }],
                kwargs: {},
            });
        },
    },
    { content: "write", trigger: TEXT, run: type(" and mine") },
    { content: "save", trigger: ".o_form_button_save", run: "click" },
    {
        content: "the second window to save is told",
        trigger: ".modal:contains(have changed the text)",
    },
    {
        content: "close it",
        trigger: ".modal .modal-footer button",
        run: "click",
    },
    {
        content: "the text is still there",
        trigger: TEXT,
        run() {
            if (textArea().value !== "As it was and mine") {
                throw new Error(`lost: ${textArea().value}`);
            }
        },
    },
    { content: "discard", trigger: ".o_form_button_cancel", run: "click" },
    { content: "left in peace", trigger: "body:not(:has(.o_form_dirty))" },
]);
