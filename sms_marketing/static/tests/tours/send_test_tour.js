import { cookie } from "@web/core/browser/cookie";
import { stepUtils } from "@web_tour/tour_utils";
import { addTour } from "./add_tour";

const PANEL = ".o_sms_marketing_send_test";

function openPanel() {
    return [
        stepUtils.showAppsMenuItem(),
        {
            content: "open Marketing SMS",
            trigger: ".o_app[data-menu-xmlid='sms_marketing.menu_root']",
            run: "click",
        },
        {
            content: "open the draft",
            trigger: ".o_data_row td[name=name]:contains(Autumn offers)",
            run: "click",
        },
        {
            content: "open the panel",
            trigger: "button[name=action_open_send_test]",
            run: "click",
        },
    ];
}

addTour("sms_marketing_send_test_add", () => [
    ...openPanel(),
    {
        content: "add a number",
        trigger: `${PANEL} .o_sms_marketing_add_number`,
        run: "click",
    },
    {
        content: "type it without its country",
        trigger: `${PANEL} input[type=tel]`,
        run: "edit 202 555 0177",
    },
    {
        content: "label it",
        trigger: `${PANEL} #sms_marketing_test_new_label`,
        run: "edit Mara's phone",
    },
    {
        content: "save it",
        trigger: `${PANEL} button:contains(Save and send code)`,
        run: "click",
    },
    {
        content: "the error says what is wrong",
        trigger: `${PANEL} [role=alert]:contains(has no country; write it with +)`,
    },
    {
        content: "type it with its country",
        trigger: `${PANEL} input[type=tel]`,
        run: "edit +1 202 555 0177",
    },
    {
        content: "save it again",
        trigger: `${PANEL} button:contains(Save and send code)`,
        run: "click",
    },
    {
        content: "a code is sent",
        trigger: `${PANEL} label:contains(A code is on its way to +12025550177)`,
    },
    {
        content: "try to guess it",
        trigger: `${PANEL} #sms_marketing_test_code`,
        run: "edit 12 34",
    },
    {
        content: "verify",
        trigger: `${PANEL} button[type=submit]:contains(Verify)`,
        run: "click",
    },
    {
        content: "a guess does not help",
        trigger: `${PANEL} [role=alert]:contains(This code is wrong)`,
    },
    {
        content: "close the panel, and look at the phone",
        trigger: `${PANEL} .modal-footer button:contains(Close)`,
        run: "click",
    },
    { content: "it is closed", trigger: `body:not(:has(${PANEL}))` },
]);

// The test hands the code over that it has read in the text.
addTour("sms_marketing_send_test_verify", () => [
    ...openPanel(),
    {
        content: "the number waits for its code",
        trigger: `${PANEL} div:has(.badge:contains(Not verified)) > .o_sms_marketing_verify`,
        run: "click",
    },
    {
        content: "enter the code",
        trigger: `${PANEL} #sms_marketing_test_code`,
        run: ({ anchor }) => {
            anchor.value = cookie.get("sms_marketing_code");
            anchor.dispatchEvent(new Event("input", { bubbles: true }));
        },
    },
    {
        content: "verify",
        trigger: `${PANEL} button[type=submit]:contains(Verify)`,
        run: "click",
    },
    {
        content: "it is verified, and chosen",
        trigger: `${PANEL}:not(:has(.badge)) .form-check:contains(Mara's phone) input:checked`,
    },
    {
        content: "receive it as a contact",
        trigger: `${PANEL} .o_record_selector input`,
        run: "edit Clara Clicks",
    },
    {
        content: "choose her",
        trigger: ".o-autocomplete--dropdown-item:contains(Clara Clicks)",
        run: "click",
    },
    {
        content: "send",
        trigger: `${PANEL} .o_sms_marketing_send_button:enabled`,
        run: "click",
    },
    {
        content: "it is delivered",
        trigger: `${PANEL} .o_sms_marketing_test_outcomes li:contains(Mara's phone):contains(Delivered)`,
    },
    {
        content: "close the panel",
        trigger: `${PANEL} .modal-footer button:contains(Close)`,
        run: "click",
    },
    { content: "it is closed", trigger: `body:not(:has(${PANEL}))` },
]);
