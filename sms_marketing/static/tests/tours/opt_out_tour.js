import { addTour } from "./add_tour";

// What staff sees of somebody who has opted out: in Odoo's own SMS, and when changing consent.
addTour("sms_marketing_one_to_one", () => [
    {
        content: "text the contact by Odoo's own SMS",
        trigger: ".o_cp_action_menus button:has(.fa-cog)",
        run: "click",
    },
    {
        trigger: ".o-dropdown-item:contains('Send SMS')",
        run: "click",
    },
    {
        content: "it says who has opted out, and how",
        trigger: ".modal .alert-danger:contains('Olga Out'):contains('opted out'):contains('STOP')",
    },
    {
        trigger: ".modal .o_field_widget[name=body] textarea",
        run: "edit Your parcel is here.",
    },
    {
        trigger: ".modal button[name=action_send_sms]:enabled",
        run: "click",
    },
    {
        content: "it is not sent without a reason",
        trigger: ".modal .o_field_widget[name=sms_marketing_reason].o_field_invalid input",
        run: "edit Her parcel waits at the counter",
    },
    {
        trigger: ".modal button[name=action_send_sms]:enabled",
        run: "click",
    },
    {
        content: "the contact's log has the reason",
        trigger: "body:not(:has(.modal)) .o-mail-Message:contains('Her parcel waits')",
    },
    {
        trigger: ".o_notebook .nav-link:contains('SMS')",
        run: "click",
    },
    {
        trigger: ".o_data_row:contains('Test offers') button[name=action_change_consent]",
        run: "click",
    },
    {
        content: "a STOP is not undone by a click: it says in red what that takes",
        trigger: ".modal .alert-danger:contains('opted out'):contains('new evidence')",
    },
    {
        trigger: ".modal .o_field_widget[name=explanation] textarea",
        run: "edit She said so",
    },
    {
        trigger: ".modal button[name=action_apply]",
        run: "click",
    },
    {
        trigger: ".modal .o_field_widget[name=evidence_kind].o_field_invalid",
    },
    {
        trigger: ".modal .o_field_widget[name=agreed_at].o_field_invalid",
    },
    {
        trigger: ".modal button:contains('Discard')",
        run: "click",
    },
    {
        trigger: "body:not(:has(.modal))",
    },
]);

// What an administrator sees of the keywords that nobody can change.
addTour("sms_marketing_keywords", () => [
    {
        content: "a built-in keyword is locked and cannot be deleted",
        trigger: ".o_data_row:contains('UNSUBSCRIBE'):has(.fa-lock):not(:has(.fa-trash-o))",
    },
    {
        content: "a keyword that has no effect says why",
        trigger: ".o_data_row:contains('always opts out'):has(.fa-trash-o)",
    },
    {
        trigger: ".o_data_row:contains('UNSUBSCRIBE') td[name=name]",
        run: "click",
    },
    {
        trigger: ".o_form_view .alert:contains('built in'):contains('cannot be changed')",
    },
    {
        content: "the company answers it in its own words",
        trigger: ".o_form_view button[name=action_write_own_answer]",
        run: "click",
    },
    {
        trigger: ".o_form_view:not(:contains('built in')) .o_field_widget[name=answer] input",
        run: "edit Goodbye!",
    },
    {
        trigger: ".o_form_button_save",
        run: "click",
    },
    {
        trigger: ".o_form_view .o_form_saved",
    },
]);
