import { addTour } from "./add_tour";

// What a manager does with replies that read like a wish to stop.
addTour("sms_marketing_stop_wish", () => [
    {
        content: "strong ones come first, with the words that gave them away",
        trigger: ".o_data_row:first:contains('leave me alone'):contains('Strong')",
    },
    {
        content: "opt this number out",
        trigger: ".o_data_row:contains('leave me alone') button[name=action_opt_out]",
        run: "click",
    },
    {
        content: "it is decided, and leaves the list",
        trigger: ".o_list_view:not(:contains('leave me alone'))",
    },
    {
        content: "look at the other one",
        trigger: ".o_data_row:contains('stop by the shop') td[name=body]",
        run: "click",
    },
    {
        content: "the form says why it is here",
        trigger: ".o_form_view .alert:contains('reads like a wish to stop')",
    },
    {
        content: "it is none",
        trigger: ".o_form_view button[name=action_no_wish]",
        run: "click",
    },
    {
        content: "the form shows what was decided, and asks no more",
        trigger: ".o_form_view .o_field_widget[name=decision]:contains('Not a wish to stop')",
    },
    {
        trigger: ".o_form_view:not(:has(button[name=action_no_wish]))",
    },
]);
