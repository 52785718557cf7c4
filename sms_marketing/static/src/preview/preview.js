import { Component, useEffect, useRef, useState } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { _t } from "@web/core/l10n/translation";
import { RecordSelector } from "@web/core/record_selectors/record_selector";
import { registry } from "@web/core/registry";
import { user } from "@web/core/user";
import { KeepLast } from "@web/core/utils/concurrency";
import { useService } from "@web/core/utils/hooks";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";
import { useDraft } from "@sms_marketing/composer/draft";
import { useEditorData } from "@sms_marketing/composer/editor_data";
import { Phone } from "@sms_marketing/preview/phone";
import { renderParts } from "@sms_marketing/preview/render";

/** Device text sizes, in percent of what phones come with. */
export const FONT_SIZES = { min: 80, max: 200, step: 10 };

/** Where the browser keeps how a user looks at the phone. */
const LOOK_KEY = "sms_marketing_preview";

let nextId = 1;

/** @returns {{ fontSize: number, isDark: boolean }} as the user left it in this browser */
function rememberedLook() {
    let kept = {};
    try {
        kept = JSON.parse(browser.localStorage.getItem(`${LOOK_KEY}_${user.userId}`)) || {};
    } catch {
        // Not ours, or no storage: the phone looks as it comes.
    }
    const { min, max } = FONT_SIZES;
    const isSize = Number.isInteger(kept.fontSize) && kept.fontSize >= min && kept.fontSize <= max;
    return { fontSize: isSize ? kept.fontSize : 100, isDark: kept.isDark === true };
}

function rememberLook({ fontSize, isDark }) {
    try {
        const look = JSON.stringify({ fontSize, isDark });
        browser.localStorage.setItem(`${LOOK_KEY}_${user.userId}`, look);
    } catch {
        // A browser that keeps nothing shows the phone all the same.
    }
}

/**
 * The phone beside a message's editor: live while typing, with a contact's values where one is
 * chosen. The server is asked once for a contact, never for a key.
 */
export class Preview extends Component {
    static template = "sms_marketing.Preview";
    static components = { Phone, RecordSelector };
    static props = { ...standardWidgetProps };

    setup() {
        this.orm = useService("orm");
        this.id = `sms_marketing_preview_${nextId++}`;
        this.fontSizes = FONT_SIZES;
        this.contactString = _t("Contacts");
        this.contactPlaceholder = _t("Choose a contact…");
        this.draft = useDraft();
        this.editorData = useEditorData(this);
        this.look = useState({ ...rememberedLook(), showsSegments: false });
        useEffect(
            () => rememberLook(this.look),
            () => [this.look.fontSize, this.look.isDark]
        );
        this.contact = useState({ id: false, data: null });
        this.answers = new KeepLast();
        // What the server knows of a contact depends on the company that sends; a new answer of
        // the server about the message also brings the paths to ask for.
        useEffect(
            () => {
                this.readContact();
            },
            () => [this.contact.id, this.editorData.value]
        );
        const selector = useRef("contact");
        useEffect(() => {
            selector.el
                ?.querySelector("input")
                ?.setAttribute("aria-labelledby", `${this.id}_contact`);
        });
    }

    get parts() {
        const data = this.editorData.value;
        const { body } = this.draft;
        if (!data || !body.trim()) {
            return [];
        }
        const includeOptOut = this.props.record.data.include_opt_out_text;
        return renderParts({ body, includeOptOut, data, contact: this.contact.data });
    }

    get sender() {
        return this.editorData.value?.sender ?? "";
    }

    /** Whether the text has a value in it that the user may not see. */
    get hidesValues() {
        return this.contact.data.hidden.some((path) => this.draft.body.includes(path));
    }

    chooseContact(id) {
        this.contact.id = id;
        this.contact.data = null;
    }

    async readContact() {
        const { id } = this.contact;
        const data = this.editorData.value;
        // Also where there is nothing to ask: an answer that is still to come is of no use then.
        const answer = await this.answers.add(id && data ? this.ask(id, data) : Promise.resolve());
        if (answer) {
            this.contact.data = answer;
        }
    }

    /** The contact's values of all that a token may read, so that no later key needs a call. */
    ask(contactId, { readablePaths }) {
        const { record } = this.props;
        const { company_id: company } = record.data;
        return this.orm.silent.call(
            record.resModel,
            "get_preview_values",
            [record.resId ? [record.resId] : [], contactId, readablePaths],
            company ? { company_id: company.id } : {}
        );
    }

    changeFontSize(event) {
        this.look.fontSize = Number(event.target.value);
    }
}

export const preview = {
    component: Preview,
    fieldDependencies: [
        { name: "body", type: "text" },
        { name: "include_opt_out_text", type: "boolean" },
        { name: "sender_id", type: "many2one" },
        { name: "company_id", type: "many2one" },
    ],
};

registry.category("view_widgets").add("sms_marketing_preview", preview);
