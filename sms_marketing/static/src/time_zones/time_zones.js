import { Component, onMounted, useEffect, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

/** What decides who gets the message and when: a change makes an overview out of date. */
const DEPENDS_ON = ["scheduled_at", "send_in_contact_time_zone", "passed_moment"];

/**
 * Shows, when asked, how many recipients are in which time zone, when the message reaches them
 * there, and how many it reaches later or not at all.
 */
export class TimeZones extends Component {
    static template = "sms_marketing.TimeZones";
    static props = {
        ...standardWidgetProps,
        /** In the review panel: narrow, and shown without being asked for. */
        isInPanel: { type: Boolean, optional: true },
        /** As if it was sent at once, whatever moment is chosen. */
        sendNow: { type: Boolean, optional: true },
        /** Before the contacts of a zone are opened. */
        onOpen: { type: Function, optional: true },
    };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.state = useState({ overview: null, isCounting: false });
        useEffect(
            () => {
                this.state.overview = null;
            },
            () => {
                const { resId, data } = this.props.record;
                return [resId, ...DEPENDS_ON.map((name) => data[name]?.valueOf())];
            }
        );
        onMounted(() => this.props.isInPanel && this.count());
    }

    /** Sentences on those whom the clock time alone does not reach. */
    get notes() {
        const { without_zone, unknown_zone, passed, passed_policy, deferred, fallback_zone } =
            this.state.overview;
        return [
            without_zone &&
                _t("%(count)s have no time zone: the company's counts, %(zone)s.", {
                    count: without_zone,
                    zone: fallback_zone,
                }),
            unknown_zone &&
                _t("%(count)s have a time zone that does not exist any more: %(zone)s counts.", {
                    count: unknown_zone,
                    zone: fallback_zone,
                }),
            passed &&
                _t("The time has passed already for %(count)s: %(policy)s.", {
                    count: passed,
                    policy: passed_policy,
                }),
            deferred && _t("%s wait for quiet hours to end.", deferred),
        ].filter(Boolean);
    }

    async count() {
        const { record } = this.props;
        this.state.isCounting = true;
        try {
            // What is counted is what is saved: the server decides by its own rows.
            if (await record.save()) {
                this.state.overview = await this.orm.call(
                    record.resModel,
                    "get_time_zone_overview",
                    [record.resId],
                    { send_now: Boolean(this.props.sendNow) }
                );
            }
        } finally {
            this.state.isCounting = false;
        }
    }

    async open(line) {
        const { resModel, resId } = this.props.record;
        const zone = line.is_fallback ? false : line.zone;
        const action = await this.orm.call(resModel, "action_view_time_zone", [resId, zone]);
        await this.props.onOpen?.();
        this.action.doAction(action);
    }
}

registry.category("view_widgets").add("sms_marketing_time_zones", {
    component: TimeZones,
    fieldDependencies: [
        { name: "scheduled_at", type: "datetime" },
        { name: "send_in_contact_time_zone", type: "boolean" },
        { name: "passed_moment", type: "selection" },
    ],
});
