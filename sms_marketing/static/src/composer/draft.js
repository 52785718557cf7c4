/**
 * What is being typed into a message, shared by all who follow it live: counter, preview, causes.
 *
 * The text goes into the record as in every field of Odoo, when the editor is left or the form is
 * saved; until then it stands here, so that a key costs neither a call nor a render of the form.
 */

import { reactive, toRaw, useComponent } from "@odoo/owl";

/**
 * @typedef {Object} Draft
 * @property {string | null} typed what the editor holds; null where it is what the record holds
 * @property {boolean} showsCauses whether the editor marks what makes the text longer
 * @property {Editor | null} editor the open editor, if there is one
 *
 * @typedef {Object} Editor
 * @property {(changes: Change[]) => void} replace replaces stretches of the text; can be undone
 * @property {(start: number, end: number) => void} select
 *
 * @typedef {{ start: number, end: number, text: string }} Change
 */

/** @type {WeakMap<object, Draft>} */
const drafts = new WeakMap();

function draftOf(record) {
    const key = toRaw(record);
    if (!drafts.has(key)) {
        drafts.set(key, { typed: null, showsCauses: false, editor: null });
    }
    return drafts.get(key);
}

/**
 * The text being written in the component's record. The component renders again when what it read
 * here changes. Always about the record that the component has at that moment.
 *
 * @param {object} [record] the component's `props.record`; another one is not followed
 * @param {string} [name] the field with the text
 */
export function useDraft(record, name = "body") {
    const component = useComponent();
    const render = () => component.render();
    const current = () => reactive(draftOf(component.props.record), render);
    return {
        /** @returns {string} the text as it is typed */
        get body() {
            return current().typed ?? (component.props.record.data[name] || "");
        },
        /** @param {string} text */
        set body(text) {
            current().typed = text === (component.props.record.data[name] || "") ? null : text;
        },
        get showsCauses() {
            return current().showsCauses;
        },
        set showsCauses(value) {
            current().showsCauses = value;
        },
        /** @returns {Editor | null} */
        get editor() {
            return toRaw(current()).editor;
        },
        set editor(editor) {
            toRaw(current()).editor = editor;
        },
    };
}

/**
 * The changes that bring a text into a record. If the view has a field `body_version`, it says on
 * which version of the text the new one is based, so that the server can refuse to overwrite what
 * somebody else has written meanwhile.
 *
 * @param {object} record
 * @param {string} name
 * @param {string} text
 */
export function textChanges(record, name, text) {
    return "body_version" in record.activeFields
        ? { [name]: text, body_version: record.data.body_version }
        : { [name]: text };
}
