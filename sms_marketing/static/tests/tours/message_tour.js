import { stepUtils } from "@web_tour/tour_utils";
import { addTour } from "./add_tour";

const currentState = (state) => `.o_statusbar_status .o_arrow_button_current:contains(${state})`;

const figure = (name, value) =>
    `.o_sms_marketing_figures .o_field_widget[name=${name}]:contains(/^${value}$/)`;

function openMenu() {
    return [
        stepUtils.showAppsMenuItem(),
        {
            content: "open Marketing SMS",
            trigger: ".o_app[data-menu-xmlid='sms_marketing.menu_root']",
            run: "click",
        },
    ];
}

addTour("sms_marketing_message_create", () => [
    ...openMenu(),
    {
        content: "create a message",
        trigger: ".o_list_button_add",
        run: "click",
    },
    {
        content: "name it",
        trigger: ".modal .o_field_widget[name=name] input",
        run: "edit Autumn offers",
    },
    {
        content: "go to the editor",
        trigger: ".modal button[name=action_open_editor]",
        run: "click",
    },
    {
        content: "the editor opens",
        trigger: "body:not(:has(.modal)) .o_sms_marketing_message_form",
    },
    {
        content: "write the text",
        trigger: ".o_field_widget[name=body] textarea",
        run: "edit Hello, see our offers: https://www.example.com/offers",
    },
    {
        content: "go to the recipients",
        trigger: ".nav-link:contains(Send or schedule)",
        run: "click",
    },
    {
        content: "the phone shows the text as it will arrive",
        trigger:
            ".o_sms_marketing_bubble:contains(see our offers):contains(/s/):contains(Reply STOP)",
    },
    {
        content: "look for the list",
        trigger: ".o_field_widget[name=include_list_ids] input",
        run: "edit Tour contacts",
    },
    {
        content: "choose the list",
        trigger: ".o-autocomplete--dropdown-item:contains(Tour contacts)",
        run: "click",
    },
    {
        content: "ask who gets it",
        trigger: "button:contains(Who gets it now)",
        run: "click",
    },
    {
        content: "two contacts get it",
        trigger: ".o_sms_marketing_audience tr:contains(Get it) td:contains(/^2$/)",
    },
    {
        content: "one never agreed",
        trigger: ".o_sms_marketing_audience tr:contains(Never agreed) td:contains(/^1$/)",
    },
    {
        content: "ask for the exact segments",
        trigger: ".o_sms_marketing_exact_count",
        run: "click",
    },
    {
        content: "each of the two gets one",
        trigger: ".o_sms_marketing_exact_total:contains(/^2$/)",
    },
    {
        content: "open the date",
        trigger: ".o_field_widget[name=scheduled_at] input",
        run: "edit 12/24/2035 10:00:00 && press Enter",
    },
    {
        content: "review it before it is scheduled",
        trigger: "button[name=action_review_schedule]",
        run: "click",
    },
    {
        content: "the panel says who gets it",
        trigger: ".o_sms_marketing_recipients_figure:contains(/^2$/)",
    },
    {
        content: "schedule the message",
        trigger: ".o_sms_marketing_review_send:enabled:contains(to 2 contacts)",
        run: "click",
    },
    {
        content: "confirm",
        trigger: ".o_sms_marketing_review_confirm_button:contains(Schedule message)",
        run: "click",
    },
    { content: "it is scheduled", trigger: currentState("Scheduled") },
    {
        content: "the progress bar waits",
        trigger: ".o_sms_marketing_progress:contains(Waiting for its moment)",
    },
    {
        content: "take it back",
        trigger: "button[name=action_unschedule]",
        run: "click",
    },
    { content: "it is a draft again", trigger: currentState("Draft") },
    {
        content: "review it and send it now",
        trigger: "button[name=action_review_send]:contains(now)",
        run: "click",
    },
    {
        content: "send",
        trigger: ".o_sms_marketing_review_send:enabled:contains(Send to 2 contacts)",
        run: "click",
    },
    {
        content: "confirm",
        trigger: ".o_sms_marketing_review_confirm_button:contains(Send now)",
        run: "click",
    },
    { content: "it waits for dispatch", trigger: currentState("Scheduled") },
    // Leave the form: nothing is asked of the server any more when the tour ends.
    {
        content: "back to the messages",
        trigger: ".o_breadcrumb .o_back_button, .breadcrumb-item a:contains(Messages)",
        run: "click",
    },
    { content: "the list is shown", trigger: ".o_list_view" },
]);

addTour("sms_marketing_message_figures", () => [
    ...openMenu(),
    {
        content: "the list shows what was sent",
        trigger: ".o_data_row:contains(Autumn offers) td[name=sent_count]:contains(/^2$/)",
    },
    {
        content: "open the message",
        trigger: ".o_data_row td[name=name]:contains(Autumn offers)",
        run: "click",
    },
    { content: "it is sent", trigger: currentState("Sent") },
    { content: "considered", trigger: figure("considered_count", 3) },
    { content: "sent", trigger: figure("sent_count", 2) },
    { content: "not sent", trigger: figure("not_sent_count", 1) },
    { content: "delivered", trigger: figure("delivered_count", 2) },
    { content: "delivery rate", trigger: figure("delivery_rate", "100%") },
    { content: "click rate", trigger: figure("click_rate", "50%") },
    {
        content: "no progress bar any more",
        trigger: "body:not(:has(.o_sms_marketing_progress))",
    },
    {
        content: "look at the links",
        trigger: ".nav-link:contains(Links)",
        run: "click",
    },
    {
        content: "the link with its click",
        trigger:
            ".o_data_row:contains(https://www.example.com/offers) td[name=click_count]:contains(/^1$/)",
    },
    {
        content: "look at the recipients",
        trigger: ".nav-link:contains(Recipients)",
        run: "click",
    },
    {
        content: "all three are listed",
        trigger: ".o_sms_marketing_recipients .o_data_row:nth-child(3)",
    },
    {
        content: "who did not get it?",
        trigger: ".o_sms_marketing_recipients button[name=not_sent]:contains(/1$/)",
        run: "click",
    },
    {
        content: "only the contact who never agreed, with the reason",
        trigger:
            ".o_sms_marketing_recipients tbody:not(:has(.o_data_row:nth-child(2))) .o_data_row:contains(Nora Never):contains(Never agreed to this kind of text)",
    },
]);
