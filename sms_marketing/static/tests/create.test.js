import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import { expect, test } from "@odoo/hoot";
import { queryAllTexts } from "@odoo/hoot-dom";
import {
    contains,
    defineModels,
    fields,
    mockService,
    models,
    mountView,
    onRpc,
} from "@web/../tests/web_test_helpers";

class CreateForm extends models.Model {
    _name = "sms.marketing.create.form";

    display_name = fields.Char();
    definitions = fields.PropertiesDefinition();

    _records = [
        {
            id: 5,
            display_name: "My company",
            definitions: [
                { name: "occasion", string: "Occasion", type: "char" },
                { name: "budget", string: "Budget", type: "integer" },
                { name: "hidden", string: "Hidden", type: "char", default: "kept" },
            ],
        },
    ];
}

class Message extends models.Model {
    _name = "sms.marketing.message";

    name = fields.Char();
    create_form_id = fields.Many2one({ relation: "sms.marketing.create.form" });
    properties = fields.Properties({
        definition_record: "create_form_id",
        definition_record_field: "definitions",
    });

    _records = [
        {
            id: 1,
            name: "Spring sale",
            create_form_id: 5,
            properties: { occasion: "Easter", budget: 7, hidden: "kept" },
        },
    ];
}

defineMailModels();
defineModels([CreateForm, Message]);

const ACTION = "sms_marketing.action_sms_marketing_create_message";

test("Create message on the list of messages opens the dialog", async () => {
    mockService("action", {
        doAction(action) {
            expect.step(action);
        },
    });
    await mountView({
        type: "list",
        resModel: "sms.marketing.message",
        arch: `<list js_class="sms_marketing_message_list"><field name="name" /></list>`,
    });
    expect(".o_list_button_add").toHaveText("Create message");
    await contains(".o_list_button_add").click();
    expect.verifySteps([ACTION]);
});

test("Create message on the cards of messages opens the dialog", async () => {
    mockService("action", {
        doAction(action) {
            expect.step(action);
        },
    });
    await mountView({
        type: "kanban",
        resModel: "sms.marketing.message",
        arch: `
            <kanban js_class="sms_marketing_message_kanban" on_create="${ACTION}"
                    quick_create="false">
                <templates><t t-name="card"><field name="name" /></t></templates>
            </kanban>`,
    });
    expect(".o-kanban-button-new").toHaveText("Create message");
    await contains(".o-kanban-button-new").click();
    expect.verifySteps([ACTION]);
});

test("New in a message's form opens the dialog, what was written is saved before", async () => {
    mockService("action", {
        doAction(action) {
            expect.step(action);
        },
    });
    onRpc("web_save", ({ args }) => expect.step(args[1]));
    await mountView({
        type: "form",
        resModel: "sms.marketing.message",
        resId: 1,
        arch: `<form js_class="sms_marketing_message_form"><field name="name" /></form>`,
    });
    await contains("[name=name] input").edit("Summer", { confirm: false });
    await contains(".o_form_button_create").click();
    expect.verifySteps([{ name: "Summer" }, ACTION]);
    await contains(".o_form_button_create").click();
    expect.verifySteps([ACTION]);
});

test("asks for the chosen properties only, and keeps the others", async () => {
    onRpc("has_access", () => true);
    onRpc("web_save", ({ args }) => {
        const values = args[1].properties.map(({ name, value }) => [name, value]);
        expect.step(Object.fromEntries(values));
        expect(args[1].properties.some((one) => one.definition_changed)).toBe(false);
    });
    await mountView({
        type: "form",
        resModel: "sms.marketing.message",
        resId: 1,
        arch: `
            <form>
                <field name="create_form_id" invisible="1" />
                <field name="properties" widget="sms_marketing_create_properties"
                       options="{'asked_for': {'occasion': True, 'budget': False}}" />
            </form>`,
    });
    expect(queryAllTexts("label.o_field_property_label")).toEqual(["Occasion *", "Budget"]);
    expect(".o_field_property_open_popover").toHaveCount(0);
    expect(".o_field_property_add button").toHaveCount(0);
    await contains("[property-name=occasion] input").edit("May day");
    await contains(".o_form_button_save").click();
    expect.verifySteps([{ occasion: "May day", budget: 7, hidden: "kept" }]);
});
