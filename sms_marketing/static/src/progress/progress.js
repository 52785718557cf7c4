import { Component, onWillUnmount, useEffect, useState } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { _t } from "@web/core/l10n/translation";
import { ConnectionLostError } from "@web/core/network/rpc";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { formatInteger } from "@web/views/fields/formatters";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

/** States in which texts of the message may still be waiting. */
const ACTIVE_STATES = ["scheduled", "sending", "paused"];

/** Milliseconds between two looks. */
const PAUSE = 2000;

/** Milliseconds between two looks at a message whose moment is still far away. */
const LONG_PAUSE = 30000;

/** While texts go out, the form's figures are read again at every so many looks. */
const LOOKS_BETWEEN_READS = 5;

/**
 * Receipts and clicks go on coming after the last text is sent: the figures are read again after
 * these pauses, in milliseconds.
 */
const LOOKS_AFTER_THE_END = [3000, 10000, 30000];

/**
 * Shows how far the sending of a message has come, and reads the form again when it is over.
 */
export class Progress extends Component {
    static template = "sms_marketing.Progress";
    static props = { ...standardWidgetProps };

    setup() {
        this.orm = useService("orm");
        this.progress = useState({ resId: false, state: false, total: 0, done: 0 });
        this.timer = null;
        this.run = 0;
        this.looks = 0;
        useEffect(
            (resId, state) => {
                if (resId && ACTIVE_STATES.includes(state)) {
                    this.start(resId, state);
                } else if (resId !== this.progress.resId) {
                    // Another record: the pauses after the end were not for this one.
                    this.stop();
                }
            },
            () => [this.props.record.resId, this.props.record.data.state]
        );
        onWillUnmount(() => this.stop());
    }

    get isActive() {
        return ACTIVE_STATES.includes(this.props.record.data.state);
    }

    get percentage() {
        const { total, done } = this.progress;
        return total ? Math.floor((100 * done) / total) : 0;
    }

    get isWaitingForItsMoment() {
        return this.progress.state === "scheduled" || !this.progress.total;
    }

    get label() {
        const { total, done } = this.progress;
        if (this.isWaitingForItsMoment) {
            const { state, scheduled_at: moment } = this.props.record.data;
            return state === "scheduled" && moment?.diffNow().toMillis() < 0
                ? _t("Working out who gets it")
                : _t("Waiting for its moment");
        }
        const values = { done: formatInteger(done), total: formatInteger(total) };
        return this.progress.state === "paused"
            ? _t("Paused: %(done)s of %(total)s texts", values)
            : _t("Sending: %(done)s of %(total)s texts", values);
    }

    /** Milliseconds until the next look. */
    get pause() {
        const { state, scheduled_at: moment } = this.props.record.data;
        const isFar = state === "scheduled" && moment?.diffNow().toMillis() > LONG_PAUSE;
        return isFar ? LONG_PAUSE : PAUSE;
    }

    start(resId, state) {
        this.stop();
        Object.assign(this.progress, { resId, state, total: 0, done: 0 });
        this.looks = 0;
        this.look(this.run);
    }

    stop() {
        browser.clearTimeout(this.timer);
        this.run++; // answers that are still under way are of no use any more
    }

    wait(pause, next) {
        const run = this.run;
        this.timer = browser.setTimeout(() => run === this.run && next(run), pause);
    }

    async look(run) {
        const { resId, resModel, data } = this.props.record;
        let progress;
        try {
            progress = await this.orm.silent.call(resModel, "get_progress", [resId]);
        } catch (error) {
            if (!(error instanceof ConnectionLostError)) {
                throw error;
            }
        }
        if (run !== this.run) {
            return;
        }
        if (progress) {
            Object.assign(this.progress, progress);
        }
        this.looks++;
        const isTimeToRead =
            progress?.state === "sending" && this.looks % LOOKS_BETWEEN_READS === 0;
        if (progress && (progress.state !== data.state || isTimeToRead)) {
            await this.reload();
        }
        if (run !== this.run) {
            return;
        }
        if (progress && !ACTIVE_STATES.includes(progress.state)) {
            this.lookAfterTheEnd([...LOOKS_AFTER_THE_END]);
        } else {
            this.wait(this.pause, (next) => this.look(next));
        }
    }

    lookAfterTheEnd([pause, ...later]) {
        if (pause) {
            this.wait(pause, async (run) => {
                await this.reload();
                if (run === this.run) {
                    this.lookAfterTheEnd(later);
                }
            });
        }
    }

    /** Read the form again, unless the user is changing it. */
    async reload() {
        const { record } = this.props;
        if (!(await record.isDirty())) {
            await record.load();
        }
    }
}

export const progress = {
    component: Progress,
    fieldDependencies: [
        { name: "state", type: "selection" },
        { name: "scheduled_at", type: "datetime" },
    ],
};

registry.category("view_widgets").add("sms_marketing_progress", progress);
