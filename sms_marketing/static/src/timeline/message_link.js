import { Component } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

/**
 * The name of a message in the timeline; a link to the message's page for those who may see it.
 */
export class MessageLink extends Component {
    static template = "sms_marketing.MessageLink";
    static props = { ...standardFieldProps };

    setup() {
        this.action = useService("action");
    }

    get name() {
        return this.props.record.data[this.props.name] || "";
    }

    open() {
        const { resId, resModel } = this.props.record;
        return this.action.doActionButton({
            type: "object",
            name: "action_open_message",
            resModel,
            resId,
            resIds: [resId],
            context: {},
        });
    }
}

export const messageLink = {
    component: MessageLink,
    supportedTypes: ["char"],
    fieldDependencies: [{ name: "is_message_readable", type: "boolean" }],
};

registry.category("fields").add("sms_marketing_message_link", messageLink);
