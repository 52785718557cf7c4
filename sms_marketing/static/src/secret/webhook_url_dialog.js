import { Component } from "@odoo/owl";
import { CopyButton } from "@web/core/copy_button/copy_button";
import { Dialog } from "@web/core/dialog/dialog";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";

/** The whole webhook URL of a gateway, its secret included, and what to set up with it. */
export class WebhookUrlDialog extends Component {
    static template = "sms_marketing.WebhookUrlDialog";
    static components = { CopyButton, Dialog };
    static props = { url: String, setupHelp: String, close: Function };

    setup() {
        this.title = _t("Webhook URL");
        this.copied = _t("Copied");
    }
}

registry.category("actions").add("sms_marketing_webhook_url", async (env, action) => {
    const { url, setup_help: setupHelp } = action.params;
    // The chatter says that the URL was shown, the form until when an old one is accepted.
    // Before the dialog: a view that is loaded closes the dialogs that are open.
    await env.services.action.doAction("soft_reload");
    env.services.dialog.add(WebhookUrlDialog, { url, setupHelp });
});
