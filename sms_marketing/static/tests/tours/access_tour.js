import { addTour } from "./add_tour";

const MESSAGE = ".o_data_row td[name=name]:contains(Coast offers)";

addTour("sms_marketing_limit_access", () => [
    {
        content: "open the settings",
        trigger: ".o_notebook .nav-link:contains(Settings)",
        run: "click",
    },
    {
        content: "look for a team",
        trigger: ".o_field_widget[name=access_team_ids] input",
        run: "edit West",
    },
    {
        content: "choose it",
        trigger: ".o-autocomplete--dropdown-item:contains(West coast)",
        run: "click",
    },
    {
        content: "what this means is said",
        trigger: ".o_inner_group:contains(Only these, the responsible and managers)",
    },
    { content: "save", trigger: ".o_form_button_save", run: "click" },
    {
        content: "the team is shown",
        trigger: ".o_field_widget[name=access_team_ids] .o_tag:contains(West coast)",
    },
    { content: "saved", trigger: ".o_form_saved" },
]);

addTour("sms_marketing_message_shared", () => [
    { content: "open the message", trigger: MESSAGE, run: "click" },
    {
        content: "look at the settings",
        trigger: ".o_notebook .nav-link:contains(Settings)",
        run: "click",
    },
    {
        content: "its team is shown",
        trigger: ".o_field_widget[name=access_team_ids] .o_tag:contains(West coast)",
    },
]);

addTour("sms_marketing_message_hidden", () => [
    {
        content: "the list is there, without the message",
        trigger: `.o_list_view:not(:has(${MESSAGE})) .o_list_button_add`,
    },
]);
