import { ConfirmationDialog } from "@web/core/confirmation_dialog/confirmation_dialog";
import { registry } from "@web/core/registry";

/** Asks with words that the server has written, such as how many texts have gone out already. */
registry.category("actions").add("sms_marketing_ask", (env, action, options) => {
    const { message_id: messageId, method, title, body, confirm, keep } = action.params;
    env.services.dialog.add(ConfirmationDialog, {
        title,
        body,
        confirmLabel: confirm,
        cancelLabel: keep,
        confirm: async () => {
            const next = await env.services.orm.call("sms.marketing.message", method, [messageId]);
            if (next) {
                await env.services.action.doAction(next, options);
            }
        },
        cancel: () => {},
    });
});
