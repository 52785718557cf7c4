import { Component, useEffect, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { formatInteger } from "@web/views/fields/formatters";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

/** The parts of the bar, from the left. */
const PARTS = [
    { name: "used", label: _t("Used"), color: "bg-primary" },
    { name: "reserved", label: _t("Reserved"), color: "bg-info" },
    { name: "message", label: _t("This message"), color: "bg-warning" },
];

/** What a message's segments depend on: after a change the bar is drawn anew. */
const DEPENDS_ON = ["state", "scheduled_at", "estimated_segments", "renewal_day", "company_id"];

/** A bar of a month's segments: used, reserved, and what this message takes. */
export class AllowanceBar extends Component {
    static template = "sms_marketing.AllowanceBar";
    static props = { figures: Object };

    /** The parts that are not empty. Over the allowance the bar stands for all that is wanted. */
    get parts() {
        const { figures } = this.props;
        const whole = Math.max(figures.allowance, this.taken, 1);
        return PARTS.filter(({ name }) => figures[name]).map((part) => ({
            ...part,
            color: part.name === "message" && figures.missing ? "bg-danger" : part.color,
            width: (figures[part.name] * 100) / whole,
            count: formatInteger(figures[part.name]),
        }));
    }

    get taken() {
        const { used, reserved, message } = this.props.figures;
        return used + reserved + message;
    }

    get isNear() {
        const { missing, percent, warn_from } = this.props.figures;
        return !missing && percent >= warn_from;
    }

    /** What a screen reader says of the bar. */
    get text() {
        const { allowance, percent } = this.props.figures;
        const parts = this.parts.map(({ label, count }) => `${label}: ${count}`).join(", ");
        const all = _t("%(taken)s of %(allowance)s segments, %(percent)s", {
            taken: formatInteger(this.taken),
            allowance: formatInteger(allowance),
            percent: `${percent}%`,
        });
        return parts ? `${all}. ${parts}` : all;
    }

    get summary() {
        const { allowance, missing, renews_on } = this.props.figures;
        const values = { renews_on };
        return missing
            ? _t("%(missing)s more than the allowance. It renews on %(renews_on)s.", {
                  ...values,
                  missing: formatInteger(missing),
              })
            : _t("%(left)s left of %(allowance)s until %(renews_on)s.", {
                  ...values,
                  left: formatInteger(allowance - this.taken),
                  allowance: formatInteger(allowance),
              });
    }
}

/** The bar on a form: of the message, or of the allowance itself. Nothing where none is set. */
export class Allowance extends Component {
    static template = "sms_marketing.Allowance";
    static components = { AllowanceBar };
    static props = { ...standardWidgetProps };

    setup() {
        this.orm = useService("orm");
        this.state = useState({ figures: false });
        useEffect(
            () => {
                this.load();
            },
            () => {
                const { resId, data, dirty } = this.props.record;
                // Figures are of what is saved.
                return [resId, dirty, ...DEPENDS_ON.map((name) => data[name]?.valueOf())];
            }
        );
    }

    async load() {
        const { resModel, resId } = this.props.record;
        const figures = resId && (await this.orm.silent.call(resModel, "get_allowance", [resId]));
        if (resId === this.props.record.resId) {
            this.state.figures = figures || false;
        }
    }
}

registry.category("view_widgets").add("sms_marketing_allowance", { component: Allowance });
