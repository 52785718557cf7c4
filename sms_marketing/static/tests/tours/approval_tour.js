import { addTour } from "./add_tour";

// Two people: one writes the message, a manager approves it.

const openPanel = {
    content: "look it through",
    trigger: "button[name=action_review_send]:not(.d-none)",
    run: "click",
};

addTour("sms_marketing_approval_ask", () => [
    openPanel,
    {
        content: "the panel says that a second person is needed",
        trigger: ".o_sms_marketing_review_approval:contains(A manager who has not written)",
    },
    {
        content: "there is no way to send",
        trigger: ".modal:not(:has(.o_sms_marketing_review_send))",
    },
    {
        content: "ask for approval",
        trigger: ".o_sms_marketing_ask_approval",
        run: "click",
    },
    {
        content: "the form says that it waits",
        trigger:
            "body:not(:has(.modal)) .o_sms_marketing_approval:contains(To approve):contains(Wanda Writer has asked)",
    },
]);

addTour("sms_marketing_approval_reject", () => [
    {
        content: "what is asked",
        trigger: ".o_sms_marketing_approval:contains(Wanda Writer has asked)",
    },
    {
        content: "look at it",
        trigger: "button[name=action_review_approval]",
        run: "click",
    },
    {
        content: "recipients are there to judge",
        trigger: ".o_sms_marketing_recipients_figure:contains(/^2$/)",
    },
    { content: "no", trigger: ".o_sms_marketing_reject", run: "click" },
    {
        content: "not without a reason",
        trigger: ".o_sms_marketing_reject_button:disabled",
    },
    {
        content: "say why",
        trigger: "#sms_marketing_approval_reason",
        run: "edit The price is wrong",
    },
    {
        content: "reject it",
        trigger: ".o_sms_marketing_reject_button:enabled",
        run: "click",
    },
    {
        content: "it is rejected",
        trigger: "body:not(:has(.modal)) .o_sms_marketing_approval:contains(Rejected)",
    },
    {
        content: "the reason is in the log",
        trigger: ".o-mail-Message:contains(The price is wrong)",
    },
]);

addTour("sms_marketing_approval_mend", () => [
    {
        content: "the writer reads the reason",
        trigger: ".o-mail-Message:contains(The price is wrong)",
    },
    {
        content: "write the right price",
        trigger: ".o_field_widget[name=body] textarea",
        run: "edit All shoes for 20 dollars",
    },
    openPanel,
    {
        content: "ask again",
        trigger: ".o_sms_marketing_ask_approval",
        run: "click",
    },
    {
        content: "it waits again",
        trigger: "body:not(:has(.modal)) .o_sms_marketing_approval:contains(To approve)",
    },
]);

addTour("sms_marketing_approval_approve", () => [
    {
        content: "look at it",
        trigger: "button[name=action_review_approval]",
        run: "click",
    },
    { content: "yes", trigger: ".o_sms_marketing_approve", run: "click" },
    {
        content: "it is approved",
        trigger:
            "body:not(:has(.modal)) .o_sms_marketing_approval:contains(Mona Manager has approved)",
    },
]);

addTour("sms_marketing_approval_send", () => [
    openPanel,
    {
        content: "now it can be sent",
        trigger: ".o_sms_marketing_review_send:enabled:contains(to 2 contacts)",
        run: "click",
    },
    {
        content: "confirm",
        trigger: ".o_sms_marketing_review_confirm_button",
        run: "click",
    },
    {
        content: "it goes out",
        trigger:
            "body:not(:has(.modal)) .o_statusbar_status .o_arrow_button_current:contains(Scheduled)",
    },
]);

// Errors, each mended by its button, until it can be sent.
addTour("sms_marketing_review_mend", () => [
    openPanel,
    {
        content: "two things are to be mended",
        trigger: ".o_sms_marketing_review_errors .o_sms_marketing_finding[data-code=empty_text]",
    },
    {
        content: "it cannot be sent",
        trigger: ".o_sms_marketing_review_send:disabled",
    },
    {
        content: "mend the text",
        trigger: ".o_sms_marketing_finding[data-code=empty_text] .o_sms_marketing_mend",
        run: "click",
    },
    {
        content: "the cursor is in the text",
        trigger: "body:not(:has(.modal)) .o_field_widget[name=body] textarea:focus",
        run: "edit It’s time for new shoes",
    },
    openPanel,
    {
        content: "one is left",
        trigger:
            ".o_sms_marketing_review_errors:not(:has([data-code=empty_text])) .o_sms_marketing_finding[data-code=no_sender] .o_sms_marketing_mend",
        run: "click",
    },
    {
        content: "the cursor is in the sender",
        trigger: "body:not(:has(.modal)) .o_field_widget[name=sender_id] input:focus",
        run: "click",
    },
    {
        content: "choose one",
        trigger: ".o-autocomplete--dropdown-item:contains(+12025550123)",
        run: "click",
    },
    openPanel,
    {
        content: "a warning is mended in the panel",
        trigger: ".o_sms_marketing_finding[data-code=no_opt_out_text] .o_sms_marketing_mend",
        run: "click",
    },
    {
        content: "it is gone",
        trigger:
            ".o_sms_marketing_review:not(:has([data-code=no_opt_out_text])):not(:has(.o_sms_marketing_review_errors))",
    },
    {
        content: "send",
        trigger: ".o_sms_marketing_review_send:enabled:contains(to 2 contacts)",
        run: "click",
    },
    {
        content: "confirm",
        trigger: ".o_sms_marketing_review_confirm_button",
        run: "click",
    },
    {
        content: "it goes out",
        trigger:
            "body:not(:has(.modal)) .o_statusbar_status .o_arrow_button_current:contains(Scheduled)",
    },
]);
