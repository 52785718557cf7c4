import { Component, useEffect, useRef, useState } from "@odoo/owl";

/**
 * The buttons of the review panel where a second person has to approve the message first: ask for
 * it, or decide. The server checks again who may do what.
 */
export class ApprovalButtons extends Component {
    static template = "sms_marketing.ApprovalButtons";
    static props = {
        approval: Object,
        isBusy: Boolean,
        decide: Function,
        close: Function,
    };

    setup() {
        this.state = useState({ isRejecting: false, reason: "" });
        this.reasonRef = useRef("reason");
        useEffect(
            (isRejecting) => {
                if (isRejecting) {
                    this.reasonRef.el?.focus();
                }
            },
            () => [this.state.isRejecting]
        );
    }

    reject() {
        this.props.decide("reject_reviewed", this.state.reason);
    }
}
