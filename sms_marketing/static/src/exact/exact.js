import { Component, onWillUnmount, useEffect, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

/** What decides how many segments go out: a change of it makes a count worthless. */
const COUNTED_FIELDS = [
    "body",
    "include_opt_out_text",
    "sender_id",
    "subscription_type_id",
    "include_list_ids",
    "include_partner_ids",
    "exclude_list_ids",
    "exclude_partner_ids",
];

/**
 * Counts, when asked, the segments of every recipient's own text, and what they cost. The server
 * counts for a short while at each request, so that progress shows and the user can stop it.
 */
export class Exact extends Component {
    static template = "sms_marketing.Exact";
    static props = { ...standardWidgetProps };

    setup() {
        this.orm = useService("orm");
        this.state = useState({ isCounting: false, done: 0, total: 0, result: null });
        this.run = 0;
        useEffect(
            () => {
                this.stop();
                this.state.result = null;
            },
            () => [this.props.record.resId, ...this.counted]
        );
        onWillUnmount(() => this.stop());
    }

    /** The values that are counted, each comparable. */
    get counted() {
        const { data } = this.props.record;
        return COUNTED_FIELDS.map((name) => {
            const value = data[name];
            return value?.currentIds ? value.currentIds.join() : (value?.id ?? value);
        });
    }

    get percentage() {
        const { done, total } = this.state;
        return total ? Math.floor((100 * done) / total) : 0;
    }

    get label() {
        const { done, total } = this.state;
        return _t("%(done)s of %(total)s texts counted", { done, total });
    }

    get isReported() {
        return this.state.result.costs.some((cost) => cost.is_reported);
    }

    async count() {
        const { record } = this.props;
        // What is counted is what is saved: the server decides by its own rows.
        if (!(await record.save())) {
            return;
        }
        const run = ++this.run;
        Object.assign(this.state, { isCounting: true, done: 0, total: 0, result: null });
        try {
            let step = null;
            while (!step?.result) {
                // Each step goes on where the one before has stopped.
                // eslint-disable-next-line no-await-in-loop
                step = await this.orm.call(record.resModel, "exact_step", [record.resId, step]);
                if (run !== this.run) {
                    return; // stopped, or the message is another one now
                }
                Object.assign(this.state, { done: step.done, total: step.total });
            }
            this.state.result = step.result;
        } finally {
            if (run === this.run) {
                this.state.isCounting = false;
            }
        }
    }

    stop() {
        this.run++;
        this.state.isCounting = false;
    }
}

export const exact = {
    component: Exact,
    fieldDependencies: [
        { name: "body", type: "text" },
        { name: "include_opt_out_text", type: "boolean" },
    ],
};

registry.category("view_widgets").add("sms_marketing_exact", exact);
