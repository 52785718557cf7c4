import { Component, onWillUnmount, useEffect, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { useRecordObserver } from "@web/model/relational_model/utils";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

/** The fields that decide who gets the message; a change makes what was counted out of date. */
const DECIDING = [
    "include_list_ids",
    "include_partner_ids",
    "exclude_list_ids",
    "exclude_partner_ids",
    "sender_id",
    "subscription_type_id",
];

function deciding(data) {
    return JSON.stringify(
        DECIDING.map((name) => data[name]?.currentIds ?? data[name]?.id ?? data[name] ?? null)
    );
}

/**
 * How many contacts would get the message now and how many are left out, by reason; a click on a
 * line opens its contacts. Counted by the statement that sends.
 */
export class Audience extends Component {
    static template = "sms_marketing.Audience";
    static props = { ...standardWidgetProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.state = useState({ counts: null, isCounting: false, isOutOfDate: false });
        this.asked = 0;
        useEffect(
            () => {
                this.state.counts = null;
                this.read();
            },
            () => [this.props.record.resId]
        );
        useRecordObserver((record) => {
            const written = deciding(record.data);
            if (this.written !== undefined && this.written !== written) {
                this.state.isOutOfDate = Boolean(this.state.counts);
            }
            this.written = written;
        });
        onWillUnmount(() => this.asked++);
    }

    get lines() {
        const { recipients, left_out: leftOut } = this.state.counts;
        return [{ reason: false, label: _t("Get it"), count: recipients }, ...leftOut];
    }

    get considered() {
        return this.lines.reduce((sum, { count }) => sum + count, 0);
    }

    /** What is counted is what is saved: the server decides by its own rows. */
    async count() {
        if (await this.props.record.save()) {
            await this.read();
        }
    }

    async read() {
        const { resId, resModel } = this.props.record;
        if (!resId) {
            return;
        }
        const asked = ++this.asked;
        this.state.isCounting = true;
        try {
            // Silent: counting a million contacts must not cover the page.
            const counts = await this.orm.silent.call(resModel, "get_audience", [resId]);
            if (asked === this.asked) {
                Object.assign(this.state, { counts, isOutOfDate: false });
            }
        } finally {
            if (asked === this.asked) {
                this.state.isCounting = false;
            }
        }
    }

    async open(reason) {
        const { resId, resModel } = this.props.record;
        this.action.doAction(
            await this.orm.call(resModel, "action_view_audience", [resId], { reason })
        );
    }
}

registry.category("view_widgets").add("sms_marketing_audience", { component: Audience });
