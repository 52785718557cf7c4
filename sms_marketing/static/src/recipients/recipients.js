import { Component, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { View } from "@web/views/view";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

/** What a message's recipients can be narrowed to, as a table of data. */
const FILTERS = [
    { id: "considered", label: _t("All considered"), count: "considered_count", domain: [] },
    {
        id: "sent",
        label: _t("Sent"),
        count: "sent_count",
        domain: [["state", "in", ["sent", "delivered", "undelivered"]]],
    },
    {
        id: "not_sent",
        label: _t("Not sent"),
        count: "not_sent_count",
        domain: [["state", "in", ["skipped", "cancelled", "failed"]]],
    },
    {
        id: "undelivered",
        label: _t("Not delivered"),
        count: "undelivered_count",
        domain: [["state", "=", "undelivered"]],
    },
    {
        id: "delivered",
        label: _t("Total deliveries"),
        count: "delivered_count",
        domain: [["state", "=", "delivered"]],
    },
    {
        id: "clicked",
        label: _t("Total clicks"),
        count: "click_count",
        domain: [["click_ids", "!=", false]],
    },
];

/**
 * The recipients of a message inside its page, each with the reason: one list, narrowed by a row
 * of buttons. A page of it is read at a time, however many there are.
 */
export class Recipients extends Component {
    static template = "sms_marketing.Recipients";
    static components = { View };
    static props = { ...standardWidgetProps };

    setup() {
        this.action = useService("action");
        this.filters = FILTERS;
        this.state = useState({ filter: FILTERS[0].id });
    }

    /** A list of its own for each message and filter. */
    get key() {
        return `${this.props.record.resId} ${this.state.filter}`;
    }

    get viewProps() {
        const { domain } = FILTERS.find(({ id }) => id === this.state.filter);
        return {
            type: "list",
            resModel: "sms.marketing.recipient",
            domain: [["message_id", "=", this.props.record.resId], ...domain],
            display: { searchPanel: false },
            allowSelectors: false,
            noBreadcrumbs: true,
            showButtons: false,
            selectRecord: (resId) => this.open(resId),
        };
    }

    open(resId) {
        return this.action.doAction({
            type: "ir.actions.act_window",
            res_model: "sms.marketing.recipient",
            res_id: resId,
            views: [[false, "form"]],
        });
    }
}

export const recipients = {
    component: Recipients,
    fieldDependencies: FILTERS.map(({ count }) => ({ name: count, type: "integer" })),
};

registry.category("view_widgets").add("sms_marketing_recipients", recipients);
