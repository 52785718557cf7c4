import { Component, onWillStart, useState } from "@odoo/owl";
import { Dialog } from "@web/core/dialog/dialog";
import { SelectMenu } from "@web/core/select_menu/select_menu";
import { useService } from "@web/core/utils/hooks";
import { _t } from "@web/core/l10n/translation";
import { scan, Token } from "@sms_marketing/template/tokens";

/** Builds a token: whose property, which one, and what stands in where it is empty. */
export class PersonalizeDialog extends Component {
    static template = "sms_marketing.PersonalizeDialog";
    static components = { Dialog, SelectMenu };
    static props = {
        close: Function,
        insert: Function,
        resModel: String,
        tokenDefaults: { type: Object, optional: true },
    };

    setup() {
        this.orm = useService("orm");
        this.types = [];
        this.state = useState({ type: "", path: "", default: "", problem: "" });
        onWillStart(async () => {
            this.types = await this.orm.call(this.props.resModel, "get_token_choices", [[]]);
            this.state.type = this.types[0].type;
        });
    }

    get properties() {
        const { properties } = this.types.find(({ type }) => type === this.state.type);
        return properties.map(({ path, label }) => ({ value: path, label }));
    }

    get accountDefault() {
        return this.props.tokenDefaults?.[this.state.path] || "";
    }

    /** Whether what is chosen can be empty: a link never is. */
    get hasDefault() {
        return this.state.type !== "recipient";
    }

    get token() {
        const { path } = this.state;
        const standIn = this.hasDefault ? this.state.default.trim() : "";
        return standIn ? `{{ ${path} ||| ${standIn} }}` : `{{ ${path} }}`;
    }

    /** Whether the token is read as one again: a default may hold braces that end it. */
    get isWhole() {
        const pieces = scan(this.token);
        return pieces.length === 1 && pieces[0].content instanceof Token;
    }

    onTypeChange(ev) {
        // Whichever of the two listens first, this or the model of the select.
        this.state.type = ev.target.value;
        const { properties } = this;
        this.state.path = this.hasDefault ? "" : properties[0].value;
    }

    onSelect(path) {
        this.state.path = path;
        this.state.problem = "";
    }

    confirm() {
        if (!this.state.path) {
            this.state.problem = _t("Choose a property first.");
        } else if (!this.isWhole) {
            this.state.problem = _t("The default value must not have {{ or }} in it.");
        } else {
            this.props.close();
            this.props.insert(this.token);
        }
    }
}
