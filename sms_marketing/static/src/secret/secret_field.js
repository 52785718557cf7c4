import { Component, onWillUpdateProps, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useAutofocus } from "@web/core/utils/hooks";
import { useInputField } from "@web/views/fields/input_field_hook";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

/** What the server gives in place of a secret that is set. Sent back, it changes nothing. */
export const PLACEHOLDER = "••••••••";

/**
 * A write-only value, such as a password: shows whether it is set, never what it is. A new value
 * replaces it; an input that is left empty leaves it as it is.
 */
export class SecretField extends Component {
    static template = "sms_marketing.SecretField";
    static props = {
        ...standardFieldProps,
        placeholder: { type: String, optional: true },
        required: { type: Boolean, optional: true },
    };

    setup() {
        this.state = useState({ isReplacing: false });
        this.forget(this.props.record);
        useAutofocus({ refName: "input" });
        this.input = useInputField({
            getValue: () => (this.value === PLACEHOLDER ? "" : this.value || ""),
            parse: (value) => {
                this.state.isReplacing = false;
                return value || this.stored;
            },
        });
        onWillUpdateProps(({ record }) => {
            if (record !== this.props.record) {
                this.forget(record);
            }
        });
    }

    /** Start afresh with a record. */
    forget(record) {
        this.state.isReplacing = false;
        /** The value to go back to when the user enters nothing: the placeholder, or not set. */
        this.stored = record.data[this.props.name] === PLACEHOLDER && PLACEHOLDER;
    }

    get value() {
        return this.props.record.data[this.props.name];
    }

    get isSet() {
        return this.value === PLACEHOLDER;
    }

    get hasInput() {
        return !this.props.readonly && (!this.isSet || this.state.isReplacing);
    }

    get label() {
        return this.props.record.fields[this.props.name].string;
    }

    get replaceLabel() {
        return _t("Replace %s", this.label);
    }

    get clearLabel() {
        return _t("Clear %s", this.label);
    }

    replace() {
        this.stored = PLACEHOLDER;
        this.state.isReplacing = true;
    }

    clear() {
        this.stored = PLACEHOLDER;
        this.props.record.update({ [this.props.name]: false });
    }

    async keep() {
        // Or the input would commit what was typed when it goes.
        this.input.el.value = "";
        await this.props.record.update({ [this.props.name]: this.stored });
        this.state.isReplacing = false;
    }

    onKeydown(ev) {
        if (ev.key === "Escape" && this.stored) {
            ev.preventDefault();
            ev.stopPropagation();
            this.keep();
        }
    }
}

export const secretField = {
    component: SecretField,
    displayName: _t("Secret"),
    supportedTypes: ["char", "text"],
    extractProps: ({ placeholder }, { required }) => ({ placeholder, required }),
};

registry.category("fields").add("sms_marketing_secret", secretField);
