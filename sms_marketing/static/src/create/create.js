import { registry } from "@web/core/registry";
import { PropertiesField, propertiesField } from "@web/views/fields/properties/properties_field";
import { KanbanController } from "@web/views/kanban/kanban_controller";
import { kanbanView } from "@web/views/kanban/kanban_view";
import { ListController } from "@web/views/list/list_controller";
import { listView } from "@web/views/list/list_view";

/** The action that opens the dialog in which a message begins; the kanban view names it too. */
export const CREATE_MESSAGE = "sms_marketing.action_sms_marketing_create_message";

/** A list of messages that asks first for the name, and for what the administrator wants. */
export class MessageListController extends ListController {
    static template = "sms_marketing.MessageListView";

    async createRecord() {
        await this.actionService.doAction(CREATE_MESSAGE, { onClose: () => this.model.load() });
    }
}

registry.category("views").add("sms_marketing_message_list", {
    ...listView,
    Controller: MessageListController,
});

/** The same for cards; its arch names the action (`on_create`). */
export class MessageKanbanController extends KanbanController {
    static template = "sms_marketing.MessageKanbanView";
}

registry.category("views").add("sms_marketing_message_kanban", {
    ...kanbanView,
    Controller: MessageKanbanController,
});

/** Some of a record's properties: those that are asked for. What they are is not changed here. */
export class CreatePropertiesField extends PropertiesField {
    static props = { ...PropertiesField.props, askedFor: { type: Object } };

    async checkDefinitionWriteAccess() {
        return false;
    }

    get groupedPropertiesList() {
        // All stay in the record, as its value is written as a whole; only what is shown is less.
        const elements = this.propertiesList
            .filter(({ name }) => name in this.props.askedFor)
            .map((property) => ({
                ...property,
                string: this.props.askedFor[property.name]
                    ? `${property.string} *`
                    : property.string,
            }));
        return [{ title: null, name: null, elements, invisibleLabel: true }];
    }
}

export const createPropertiesField = {
    ...propertiesField,
    component: CreatePropertiesField,
    extractProps({ options }) {
        return {
            ...propertiesField.extractProps(...arguments),
            askedFor: Object.fromEntries(
                Object.entries(options.asked_for).map(([name, isRequired]) => [
                    name,
                    Boolean(isRequired),
                ])
            ),
        };
    },
};

registry.category("fields").add("sms_marketing_create_properties", createPropertiesField);
