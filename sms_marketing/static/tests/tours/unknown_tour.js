import { addTour } from "./add_tour";

const ROW = (name) => `.o_data_row:contains(${name})`;

// What a marketer does with texts whose outcome was lost, once the provider was asked.
addTour("sms_marketing_unknown", () => [
    {
        content: "the message says how many outcomes are unknown",
        trigger: "button[name=action_view_unknown]:contains(3)",
        run: "click",
    },
    { content: "look at one", trigger: `${ROW("Una First")} td[name=number]`, run: "click" },
    {
        content: "the form says what this means",
        trigger: ".o_form_view .alert:contains(its answer was lost)",
    },
    { content: "it did go out", trigger: "button[name=action_was_sent]", run: "click" },
    {
        content: "one is asked before it counts",
        trigger: ".modal:contains(counts as sent) .modal-footer button:contains(It was sent)",
        run: "click",
    },
    {
        content: "what was done is said",
        trigger: ".o_notification:contains(1 text with an unknown outcome was sent)",
    },
    {
        content: "the form asks no more, and says who said so",
        trigger:
            ".o_form_view:not(:has(button[name=action_was_sent])) .o_field_widget[name=detail]:contains(Mara Marketer)",
    },
    {
        content: "back to the others",
        trigger: ".o_breadcrumb .o_back_button, .breadcrumb .o_back_button",
        run: "click",
    },
    {
        content: "the settled one has left the list; choose the others",
        trigger: `.o_list_view:not(:has(${ROW("Una First")})) thead .o_list_record_selector input`,
        run: "click",
    },
    {
        content: "they did not go out",
        trigger: ".o_control_panel button[name=action_send_again]",
        run: "click",
    },
    {
        content: "the danger is told",
        trigger: ".modal:contains(gets it twice) .modal-footer button:contains(Send again)",
        run: "click",
    },
    {
        content: "what was done is said",
        trigger: ".o_notification:contains(2 texts with unknown outcome were not sent)",
    },
    {
        content: "nobody is left here",
        trigger: ".o_list_view:not(:has(.o_data_row))",
    },
    {
        content: "back to the message",
        trigger: ".o_breadcrumb .o_back_button, .breadcrumb .o_back_button",
        run: "click",
    },
    {
        content: "it is sending again",
        trigger: ".o_form_view .o_statusbar_status .o_arrow_button_current:contains(Sending)",
    },
    {
        content: "its log says what was decided",
        trigger: ".o-mail-Message:contains(2 texts with unknown outcome were not sent)",
    },
]);
