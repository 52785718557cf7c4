import { Component, useEffect, useState } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

/**
 * Shows, when asked, how many contacts would get the message now and how many are left out, by
 * reason.
 */
export class Audience extends Component {
    static template = "sms_marketing.Audience";
    static props = { ...standardWidgetProps };

    setup() {
        this.orm = useService("orm");
        this.state = useState({ counts: null, isCounting: false });
        useEffect(
            () => {
                this.state.counts = null;
            },
            () => [this.props.record.resId]
        );
    }

    get considered() {
        const { recipients, left_out: leftOut } = this.state.counts;
        return leftOut.reduce((sum, { count }) => sum + count, recipients);
    }

    async count() {
        const { record } = this.props;
        this.state.isCounting = true;
        try {
            // What is counted is what is saved: the server decides by its own rows.
            if (await record.save()) {
                this.state.counts = await this.orm.call(record.resModel, "get_audience_counts", [
                    record.resId,
                ]);
            }
        } finally {
            this.state.isCounting = false;
        }
    }
}

registry.category("view_widgets").add("sms_marketing_audience", { component: Audience });
