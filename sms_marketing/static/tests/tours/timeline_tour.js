import { stepUtils } from "@web_tour/tour_utils";
import { addTour } from "./add_tour";

const timelineRow = (kind) => `.o_data_row td[name=kind]:contains(${kind})`;

const toggleMarketing = () => ({
    content: "switch the filter Marketing SMS",
    trigger: ".o_filter_menu .dropdown-item:contains(Marketing SMS)",
    run: "click",
});

addTour("sms_marketing_timeline", () => [
    {
        content: "the contact's latest activity is on its own page of the form",
        trigger: ".o_form_view .nav-link:contains(/^SMS$/)",
        run: "click",
    },
    {
        content: "latest activity",
        trigger: ".o_field_widget[name=sms_latest_activity_ids] td[name=kind]:contains(Delivered)",
    },
    {
        content: "sales people do not see subscriptions",
        trigger: "body:not(:has(.o_field_widget[name=sms_subscription_ids]))",
    },
    {
        content: "open the timeline",
        trigger: ".oe_stat_button[name=action_view_sms_activity]",
        run: "click",
    },
    {
        content: "Marketing SMS is switched on",
        trigger: ".o_searchview_facet:contains(Marketing SMS)",
    },
    { content: "the text was sent", trigger: timelineRow("Sent") },
    { content: "the text was delivered", trigger: timelineRow("Delivered") },
    { content: "the contact opted in", trigger: timelineRow("Opted in") },
    {
        content: "the message's name is no link for sales people",
        trigger: ".o_data_row td[name=message_name]:contains(Autumn offers):not(:has(button))",
    },
    {
        content: "open the filters",
        trigger: ".o_searchview_dropdown_toggler",
        run: "click",
    },
    toggleMarketing(),
    {
        content: "marketing texts are gone, consent is still shown",
        trigger: `.o_list_view:has(${timelineRow("Opted in")}):not(:has(${timelineRow("Sent")}))`,
    },
    toggleMarketing(),
    { content: "marketing texts are back", trigger: timelineRow("Sent") },
    {
        content: "close the filters",
        trigger: ".o_searchview_dropdown_toggler",
        run: "click",
    },
    stepUtils.showAppsMenuItem(),
    {
        content: "there is CRM, and no Marketing SMS",
        trigger:
            "body:has(.o_app[data-menu-xmlid='crm.crm_menu_root']):not(:has(.o_app[data-menu-xmlid='sms_marketing.menu_root']))",
    },
]);
