import { addTour } from "./add_tour";

// What a manager does to have a page where people sign up.
addTour("sms_marketing_sign_up_form", () => [
    { content: "make a form", trigger: ".o_list_button_add", run: "click" },
    {
        content: "name it",
        trigger: ".o_field_widget[name=name] input",
        run: "edit Tour fair",
    },
    {
        content: "an address that people can remember",
        trigger: ".o_field_widget[name=slug] input",
        run: "edit tour-fair",
    },
    {
        content: "offer a type",
        trigger: ".o_field_widget[name=choice_ids] .o_field_x2many_list_row_add a",
        run: "click",
    },
    {
        content: "find it",
        trigger: ".o_field_widget[name=choice_ids] .o_field_widget[name=type_id] input",
        run: "edit Shop news",
    },
    {
        content: "choose it",
        trigger: ".o-autocomplete--dropdown-item:contains(Shop news)",
        run: "click",
    },
    {
        content: "a wording is proposed, with the type's name",
        trigger: ".o_field_widget[name=wording] textarea:value(Shop news)",
    },
    { content: "save", trigger: ".o_form_button_save", run: "click" },
    {
        content: "it can be shared",
        trigger: ".o_notebook .nav-link[name=share]",
        run: "click",
    },
    {
        content: "by a picture to scan",
        trigger: ".o_field_widget[name=page_qr] img[src*=image]",
    },
    {
        content: "and by its link",
        trigger: ".o_field_widget[name=page_url]:contains(/sms/sign-up/tour-fair)",
    },
    { trigger: ".o_form_button_create" },
]);
