import { Component, onMounted, onWillStart, onWillUnmount, useState } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { Dialog } from "@web/core/dialog/dialog";
import { _t } from "@web/core/l10n/translation";
import { ConnectionLostError, RPCError } from "@web/core/network/rpc";
import { RecordSelector } from "@web/core/record_selectors/record_selector";
import { registry } from "@web/core/registry";
import { useAutofocus, useChildRef, useService } from "@web/core/utils/hooks";

const MESSAGE = "sms.marketing.message";
const TEST_NUMBER = "sms.marketing.test.number";

/** Milliseconds between two looks at what became of the tests, and how many looks there are. */
const PAUSE = 1000;
const MOST_LOOKS = 60;

/** Errors whose message is written for the user: it is shown where the mistake was made. */
const USER_ERRORS = ["UserError", "ValidationError", "AccessError"].map(
    (name) => `odoo.exceptions.${name}`
);

const ICONS = {
    delivered: "fa-check text-success",
    sent: "fa-paper-plane-o text-info",
    queued: "fa-clock-o text-muted",
    sending: "fa-clock-o text-muted",
    unknown: "fa-question text-warning",
};

/**
 * The side panel that sends a message as a test to colleagues, adds and verifies their numbers,
 * and shows what became of each test.
 */
export class SendTestDialog extends Component {
    static template = "sms_marketing.SendTestDialog";
    static components = { Dialog, RecordSelector };
    static props = { messageId: Number, close: Function };

    setup() {
        this.orm = useService("orm");
        this.modalRef = useChildRef();
        useAutofocus({ refName: "number" });
        useAutofocus({ refName: "code" });
        this.state = useState({
            numbers: [],
            chosen: {},
            problems: [],
            outcomes: [],
            partnerId: false,
            error: "",
            isSending: false,
            isGivenUp: false,
            /** The form that is open: "add", "verify" or none. */
            form: "",
        });
        this.form = useState({});
        this.closeForm();
        this.timer = null;
        this.run = 0;
        onWillStart(async () => {
            const panel = await this.orm.call(MESSAGE, "get_test_panel", [this.props.messageId]);
            Object.assign(this.state, panel);
        });
        onMounted(() => {
            const dialog = this.modalRef.el;
            dialog?.setAttribute("aria-modal", "true");
            dialog?.setAttribute("aria-label", this.title);
            this.follow();
        });
        onWillUnmount(() => this.stop());
    }

    get title() {
        return _t("Send a test");
    }

    get contactLabel() {
        return _t("Receive as contact");
    }

    get contactPlaceholder() {
        return _t("Nobody: defaults stand in");
    }

    get chosenIds() {
        return this.state.numbers
            .filter((number) => number.is_verified && this.state.chosen[number.id])
            .map((number) => number.id);
    }

    get isSendDisabled() {
        const { isSending, problems } = this.state;
        return isSending || Boolean(problems.length) || !this.chosenIds.length;
    }

    get verified() {
        return this.state.numbers.find((number) => number.id === this.form.numberId);
    }

    get codeHelp() {
        const { number } = this.verified;
        return this.form.minutes
            ? _t("A code is on its way to %(number)s. Enter it within %(minutes)s minutes.", {
                  number,
                  minutes: this.form.minutes,
              })
            : _t("Send a code to %(number)s, and enter it here.", { number });
    }

    iconOf(outcome) {
        return ICONS[outcome.state] || "fa-times text-danger";
    }

    /**
     * What `work` returns, or undefined after an error that the user can mend: its message is then
     * handed to `tell`.
     */
    async attempt(work, tell) {
        tell("");
        try {
            return await work();
        } catch (error) {
            if (error instanceof ConnectionLostError) {
                tell(_t("The server cannot be reached. Try again."));
            } else if (error instanceof RPCError && USER_ERRORS.includes(error.exceptionName)) {
                tell(error.data.message);
            } else {
                throw error;
            }
            return undefined;
        }
    }

    // ------------------------------------------------------------
    // Numbers
    // ------------------------------------------------------------

    toggle(number, isChosen) {
        this.state.chosen[number.id] = isChosen;
    }

    closeForm() {
        this.state.form = "";
        Object.assign(this.form, {
            number: "",
            label: "",
            code: "",
            numberId: false,
            minutes: 0,
            error: "",
            isBusy: false,
        });
    }

    openAdd() {
        this.closeForm();
        this.state.form = "add";
    }

    openVerify(number) {
        this.closeForm();
        this.form.numberId = number.id;
        this.state.form = "verify";
    }

    /** Work for the open form, which takes no other click meanwhile. */
    async attemptForm(work) {
        if (this.form.isBusy) {
            return undefined;
        }
        this.form.isBusy = true;
        try {
            return await this.attempt(work, (error) => (this.form.error = error));
        } finally {
            this.form.isBusy = false;
        }
    }

    keep(line) {
        const known = this.state.numbers.find((number) => number.id === line.id);
        if (known) {
            Object.assign(known, line);
        } else {
            this.state.numbers.push(line);
        }
    }

    async add() {
        const { number, label } = this.form;
        const line = await this.attemptForm(() =>
            this.orm.call(TEST_NUMBER, "add", [number, label.trim(), this.props.messageId])
        );
        if (!line) {
            return;
        }
        this.keep(line);
        if (line.is_verified) {
            this.toggle(line, true);
            this.closeForm();
        } else {
            this.openVerify(line);
            await this.sendCode();
        }
    }

    async sendCode() {
        const answer = await this.attemptForm(() =>
            this.orm.call(TEST_NUMBER, "action_send_code", [
                this.form.numberId,
                this.props.messageId,
            ])
        );
        if (answer) {
            this.form.minutes = answer.minutes;
            this.form.code = "";
        }
    }

    async verify() {
        const line = await this.attemptForm(() =>
            this.orm.call(TEST_NUMBER, "action_verify", [this.form.numberId, this.form.code])
        );
        if (line) {
            this.keep(line);
            this.toggle(line, true);
            this.closeForm();
        }
    }

    // ------------------------------------------------------------
    // Tests
    // ------------------------------------------------------------

    async send() {
        this.state.isSending = true;
        try {
            const outcomes = await this.attempt(
                () =>
                    this.orm.call(MESSAGE, "send_test", [
                        this.props.messageId,
                        this.chosenIds,
                        this.state.partnerId,
                    ]),
                (error) => (this.state.error = error)
            );
            if (outcomes) {
                this.state.outcomes.unshift(...outcomes);
                this.follow();
            }
        } finally {
            this.state.isSending = false;
        }
    }

    get waitingIds() {
        return this.state.outcomes
            .filter((outcome) => !outcome.is_settled)
            .map((outcome) => outcome.id);
    }

    /** Look every second what became of the tests, until all is settled or a minute is over. */
    follow() {
        this.stop();
        this.state.isGivenUp = false;
        this.wait(this.run, MOST_LOOKS);
    }

    stop() {
        browser.clearTimeout(this.timer);
        this.run++; // an answer that is still under way is of no use any more
    }

    wait(run, looks) {
        if (!this.waitingIds.length) {
            return;
        }
        if (!looks) {
            this.state.isGivenUp = true;
            return;
        }
        this.timer = browser.setTimeout(() => this.look(run, looks), PAUSE);
    }

    async look(run, looks) {
        let outcomes = [];
        try {
            outcomes = await this.orm.silent.call(MESSAGE, "get_test_outcomes", [
                this.props.messageId,
                this.waitingIds,
            ]);
        } catch (error) {
            if (!(error instanceof ConnectionLostError)) {
                throw error;
            }
        }
        if (run !== this.run) {
            return;
        }
        for (const outcome of outcomes) {
            Object.assign(
                this.state.outcomes.find((one) => one.id === outcome.id),
                outcome
            );
        }
        this.wait(run, looks - 1);
    }
}

registry.category("actions").add("sms_marketing_send_test", (env, action) => {
    env.services.dialog.add(SendTestDialog, { messageId: action.params.message_id });
});
