import { Component, onWillUnmount, useState } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { piecesOf } from "@sms_marketing/preview/render";

const { DateTime } = luxon;

/** Milliseconds between two looks at the clock. */
const CLOCK_PAUSE = 10000;

/**
 * A phone that shows one text as its recipient gets it. Knows nothing of records.
 */
export class Phone extends Component {
    static template = "sms_marketing.Phone";
    static props = {
        parts: { type: Array, element: Object }, // see `renderParts`
        sender: { type: String, optional: true },
        fontSize: { type: Number, optional: true }, // in percent of what phones come with
        isDark: { type: Boolean, optional: true },
        showsSegments: { type: Boolean, optional: true },
    };
    static defaultProps = { sender: "", fontSize: 100, isDark: false, showsSegments: false };

    setup() {
        this.clock = useState({ time: now() });
        const timer = browser.setInterval(() => (this.clock.time = now()), CLOCK_PAUSE);
        onWillUnmount(() => browser.clearInterval(timer));
    }

    get pieces() {
        return piecesOf(this.props.parts);
    }

    /** The first letter of a name; a number shows a silhouette. */
    get initial() {
        const [first = ""] = this.props.sender;
        return /\p{L}/u.test(first) ? first.toUpperCase() : "";
    }
}

function now() {
    return DateTime.now().toLocaleString(DateTime.TIME_SIMPLE);
}
