import { Component, onMounted, useEffect, useRef, useState } from "@odoo/owl";
import { Dialog } from "@web/core/dialog/dialog";
import { _t } from "@web/core/l10n/translation";
import { ConnectionLostError, RPCError } from "@web/core/network/rpc";
import { registry } from "@web/core/registry";
import { useChildRef, useService } from "@web/core/utils/hooks";
import { formatInteger } from "@web/views/fields/formatters";
import { AllowanceBar } from "../allowance/allowance";
import { ApprovalButtons } from "../approval/approval";
import { Exact } from "../exact/exact";
import { TimeZones } from "../time_zones/time_zones";
import { jumpTo } from "./jump";

const MESSAGE = "sms.marketing.message";

const USER_ERRORS = ["UserError", "ValidationError", "AccessError"].map(
    (name) => `odoo.exceptions.${name}`
);

/**
 * The side panel before sending: what is wrong, who gets it, what it takes; then Send or Schedule.
 * What was read here is what is sent: the server refuses anything else, and the panel shows it.
 */
export class ReviewDialog extends Component {
    static template = "sms_marketing.ReviewDialog";
    static components = { AllowanceBar, ApprovalButtons, Dialog, Exact, TimeZones };
    static props = { messageId: Number, intent: String, close: Function };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.notification = useService("notification");
        this.modalRef = useChildRef();
        this.confirmRef = useRef("confirm");
        this.state = useState({
            review: null,
            isBusy: false,
            isConfirming: false,
            error: "",
            changed: "",
        });
        // The count needs of a record only which one it is: the form has been saved.
        this.record = {
            resModel: MESSAGE,
            resId: this.props.messageId,
            data: {},
            save: async () => true,
        };
        useEffect(
            (isConfirming) => {
                if (isConfirming) {
                    this.confirmRef.el?.focus();
                }
            },
            () => [this.state.isConfirming]
        );
        onMounted(() => {
            const dialog = this.modalRef.el;
            dialog?.setAttribute("aria-modal", "true");
            dialog?.setAttribute("aria-label", this.title);
            this.load();
        });
    }

    get title() {
        return this.isSchedule ? _t("Review and schedule") : _t("Review and send");
    }

    get isSchedule() {
        return this.props.intent === "schedule";
    }

    get errors() {
        return this.state.review.findings.filter(({ level }) => level === "error");
    }

    get warnings() {
        return this.state.review.findings.filter(({ level }) => level === "warning");
    }

    get canSend() {
        return Boolean(this.state.review?.can_send) && !this.state.isBusy;
    }

    get sendLabel() {
        if (!this.state.review?.recipients) {
            return this.isSchedule ? _t("Schedule message") : _t("Send");
        }
        const count = this.format(this.state.review.recipients);
        return this.isSchedule
            ? _t("Schedule message to %s contacts", count)
            : _t("Send to %s contacts", count);
    }

    get confirmText() {
        const count = this.format(this.state.review.recipients);
        return this.isSchedule
            ? _t(
                  "The message goes out at %(moment)s. Those who may get it then get it: %(count)s contacts as of now.",
                  {
                      moment: this.state.review.moment,
                      count,
                  }
              )
            : _t(
                  "The message goes out to %s contacts now. What is sent cannot be called back.",
                  count
              );
    }

    format(number) {
        return formatInteger(number);
    }

    /** What `work` returns, or undefined after an error: the panel then shows its message. */
    async attempt(work) {
        this.state.isBusy = true;
        this.state.error = "";
        try {
            return await work();
        } catch (error) {
            if (error instanceof ConnectionLostError) {
                this.state.error = _t("The server cannot be reached. Try again.");
            } else if (error instanceof RPCError && USER_ERRORS.includes(error.exceptionName)) {
                this.state.error = error.data.message;
            } else {
                throw error;
            }
            return undefined;
        } finally {
            this.state.isBusy = false;
        }
    }

    async load() {
        const { messageId, intent } = this.props;
        const review = await this.attempt(() =>
            this.orm.silent.call(MESSAGE, "get_review", [messageId, intent])
        );
        if (review) {
            this.show(review);
        }
    }

    show(review) {
        // A count that was made of another message must not stand below this one.
        this.state.review = review;
        this.state.isConfirming = false;
    }

    async mend({ page, action, method, ...mend }) {
        if (method) {
            const isDone = await this.attempt(async () => {
                await this.orm.call(MESSAGE, method, [this.props.messageId]);
                return true;
            });
            if (isDone) {
                await this.load();
            }
            return;
        }
        await this.props.close();
        if (action) {
            await this.action.doAction(action);
        } else if (page) {
            jumpTo({ page, ...mend });
        }
    }

    async openContacts(reason) {
        const action = await this.attempt(() =>
            this.orm.call(MESSAGE, "action_view_audience", [this.props.messageId, reason])
        );
        if (action) {
            await this.props.close();
            await this.action.doAction(action);
        }
    }

    /** Call what sends, schedules, asks or decides, with what has been read here. */
    async decide(method, ...values) {
        const { messageId, intent } = this.props;
        const { version } = this.state.review;
        const answer = await this.attempt(() =>
            this.orm.call(MESSAGE, method, [messageId, intent, version, ...values])
        );
        if (!answer) {
            this.state.isConfirming = false;
            return;
        }
        if (answer.review) {
            this.state.changed = answer.changed;
            this.show(answer.review);
            return;
        }
        this.notification.add(answer.done, { type: "success" });
        await this.props.close();
    }
}

registry.category("actions").add("sms_marketing_review", (env, action, options) => {
    const { message_id: messageId, intent } = action.params;
    env.services.dialog.add(ReviewDialog, { messageId, intent }, { onClose: options?.onClose });
});
