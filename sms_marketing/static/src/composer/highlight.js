/**
 * What stands out in a text while it is written: tokens, links, mistakes, costly characters.
 */

import { _t } from "@web/core/l10n/translation";
import { find } from "@sms_marketing/template/links";
import { PREFERENCE_LINK, scan, Token, TokenProblem } from "@sms_marketing/template/tokens";

/** A link whose host, the part before the first slash, has a token in it. */
const TOKEN_IN_HOST = /^(?:https?:\/\/)?[^/?#]*\{\{/i;

/**
 * @typedef {Object} Problem something that keeps a text from being saved or sent
 * @property {number} start
 * @property {number} end
 * @property {string} source what stands there (cut short where it is long)
 * @property {string} message what is wrong and how to mend it
 *
 * @typedef {Object} Mark
 * @property {number} start
 * @property {number} end
 * @property {"token" | "link" | "problem" | "cause"} kind
 *
 * @typedef {{ text: string, kinds: string }} Stretch `kinds`: the kinds of its marks, sorted
 */

/**
 * All that is wrong in a text, in order.
 *
 * @param {string} body
 * @param {Set<string> | null} readable the paths that tokens may read; null where not known (yet)
 * @returns {Problem[]}
 */
export function problemsOf(body, readable) {
    const problems = [];
    for (const { start, end, content } of scan(body)) {
        if (content instanceof TokenProblem) {
            problems.push({ start, end, source: content.source, message: content.message });
        } else if (content instanceof Token && readable && !readable.has(content.path)) {
            const message = _t("“%s” is not a field that texts may read.", content.path);
            problems.push({ start, end, source: content.source, message });
        }
    }
    for (const { start, end, url } of find(body)) {
        if (TOKEN_IN_HOST.test(url)) {
            const message = _t("The address of the site must not have a token in it.");
            problems.push({ start, end, source: url, message });
        } else if (scan(url).some(({ content }) => content.path === PREFERENCE_LINK)) {
            const message = _t("The preference link is a link of its own; put it behind this one.");
            problems.push({ start, end, source: url, message });
        }
    }
    return problems.sort((one, other) => one.start - other.start);
}

/**
 * The text in stretches that are marked alike. Together they are the text.
 *
 * @param {string} body
 * @param {Problem[]} problems
 * @param {{ start: number, end: number }[]} [causes] what else is to be marked
 * @returns {Stretch[]}
 */
export function highlight(body, problems, causes = []) {
    const marks = [
        ...scan(body)
            .filter(({ content }) => content instanceof Token)
            .map(({ start, end }) => ({ start, end, kind: "token" })),
        ...find(body).map(({ start, end }) => ({ start, end, kind: "link" })),
        ...problems.map(({ start, end }) => ({ start, end, kind: "problem" })),
        ...causes.map(({ start, end }) => ({ start, end, kind: "cause" })),
    ];
    const borders = marks.flatMap(({ start, end, kind }) => [
        { at: start, kind, change: 1 },
        { at: end, kind, change: -1 },
    ]);
    borders.sort((one, other) => one.at - other.at);
    const stretches = [];
    const open = {};
    let position = 0;
    const closeAt = (end) => {
        if (end > position) {
            const kinds = Object.keys(open).filter((kind) => open[kind] > 0);
            stretches.push({ text: body.slice(position, end), kinds: kinds.sort().join(" ") });
            position = end;
        }
    };
    for (const { at, kind, change } of borders) {
        closeAt(at);
        open[kind] = (open[kind] || 0) + change;
    }
    closeAt(body.length);
    return stretches;
}
