import { Component, useState } from "@odoo/owl";
import { Dialog } from "@web/core/dialog/dialog";
import { _t } from "@web/core/l10n/translation";
import { useAutofocus } from "@web/core/utils/hooks";
import { find } from "@sms_marketing/template/links";
import { TOKEN_PATTERN } from "@sms_marketing/template/tokens";

const HAS_SCHEME = /^[a-z][a-z0-9+.-]*:/i;
const token = new RegExp(TOKEN_PATTERN, "g");

/**
 * Check an address that somebody typed.
 *
 * @param {string} typed
 * @returns {{ url: string, problem: string }} `url` with its scheme; `problem` is empty if it can
 *  be used
 */
export function checkAddress(typed) {
    let url = typed.trim();
    const refused = (problem) => ({ url, problem });
    if (!url) {
        return refused(_t("Type or paste an address."));
    }
    // “shop.example:8080” has a port, not a scheme.
    if (!HAS_SCHEME.test(url) || /^[^/?#]*\.[^/?#]*:\d/.test(url)) {
        url = `https://${url}`;
    }
    if (!/^https?:\/\//i.test(url)) {
        return refused(_t("Only addresses that start with http:// or https:// can be opened."));
    }
    if (/\s/.test(url.replace(token, ""))) {
        return refused(_t("An address has no spaces; write %20 for them."));
    }
    if (/^https?:\/\/[^/?#]*\{\{/i.test(url)) {
        return refused(_t("The address of the site must not have a token in it."));
    }
    let host;
    try {
        host = new URL(url.replace(token, "x")).hostname;
    } catch {
        return refused(_t("This is not a complete address. Example: https://www.example.com/sale"));
    }
    if (!host.includes(".") && !host.startsWith("[")) {
        return refused(_t("“%s” is not a site that phones can reach.", host));
    }
    const [found] = find(url);
    if (found?.url !== url) {
        const rest = url.slice(found?.end ?? 0);
        return refused(_t("“%s” would not be part of the link; write it percent-encoded.", rest));
    }
    return { url, problem: "" };
}

/** Asks for the address of a link. */
export class LinkDialog extends Component {
    static template = "sms_marketing.LinkDialog";
    static components = { Dialog };
    static props = {
        close: Function,
        insert: Function,
        address: { type: String, optional: true },
    };

    setup() {
        this.state = useState({ address: this.props.address || "", problem: "" });
        this.addressRef = useAutofocus({ refName: "address" });
    }

    onInput() {
        this.state.problem = "";
    }

    confirm() {
        const { url, problem } = checkAddress(this.state.address);
        this.state.problem = problem;
        if (problem) {
            this.addressRef.el.focus();
        } else {
            this.props.close();
            this.props.insert(url);
        }
    }
}
