import { registry } from "@web/core/registry";
import { FormController } from "@web/views/form/form_controller";
import { FormRenderer } from "@web/views/form/form_renderer";
import { formView } from "@web/views/form/form_view";
import { CREATE_MESSAGE } from "@sms_marketing/create/create";

/** The message's page: editor and phone need the width, so the chatter always stands below. */
export class MessageFormController extends FormController {
    get className() {
        // The class of wide screens puts sheet and chatter side by side.
        return { ...super.className, "o_xxl_form_view h-100": false };
    }

    /** “New” asks first, as on the list; what is being written here is saved before. */
    async create() {
        const { root } = this.model;
        const onError = (error, options) => this.onSaveError(error, options, true);
        if (!(await root.isDirty()) || (await root.save({ onError }))) {
            await this.actionService.doAction(CREATE_MESSAGE);
        }
    }
}

export class MessageFormRenderer extends FormRenderer {
    mailLayout() {
        return super.mailLayout(...arguments) === "NONE" ? "NONE" : "BOTTOM_CHATTER";
    }
}

registry.category("views").add("sms_marketing_message_form", {
    ...formView,
    Controller: MessageFormController,
    Renderer: MessageFormRenderer,
});
