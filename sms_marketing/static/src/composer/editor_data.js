/**
 * What the server tells once about a message, so that no key needs it: opt-out texts, account-wide
 * defaults of tokens, what tokens may read, how long a short link is.
 */

import { onWillRender, toRaw, useState } from "@odoo/owl";
import { useService } from "@web/core/utils/hooks";
import { shortLink } from "@sms_marketing/preview/render";

/** @type {WeakMap<object, { key: string, answer: Promise<object> }>} */
const answers = new WeakMap();

/** One call for all who ask about the same record with the same company and sender. */
function ask(orm, record, unsaved) {
    const raw = toRaw(record);
    const key = JSON.stringify([record.resId, unsaved]);
    if (answers.get(raw)?.key !== key) {
        const ids = record.resId ? [record.resId] : [];
        const answer = orm.silent.call(record.resModel, "get_editor_data", [ids], unsaved);
        answers.set(raw, { key, answer });
    }
    return answers.get(raw);
}

/**
 * Editor data of the component's record, fetched again when its company or sender changes.
 *
 * @param {import("@odoo/owl").Component} component
 * @returns {{ value: object | null }} reactive; null until the server has answered
 */
export function useEditorData(component) {
    const orm = useService("orm");
    const data = useState({ value: null });
    let asked = null;
    onWillRender(() => {
        const { record } = component.props;
        const unsaved = {};
        for (const name of ["company_id", "sender_id"]) {
            if (record.data[name]) {
                unsaved[name] = record.data[name].id;
            }
        }
        const request = ask(orm, record, unsaved);
        if (request !== asked) {
            asked = request;
            request.answer.then((value) => {
                if (request === asked) {
                    data.value = value;
                }
            });
        }
    });
    return data;
}

/**
 * The options of `estimate` for a record, from its editor data.
 *
 * @param {object} record
 * @param {object | null} data
 */
export function estimateOptions(record, data) {
    if (!data) {
        return {};
    }
    return {
        optOutText: record.data.include_opt_out_text ? data.optOutTexts[""] : "",
        tokenDefaults: data.tokenDefaults,
        linkUrl: (index) => shortLink(data, index),
    };
}
