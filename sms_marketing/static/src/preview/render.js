/**
 * From what is typed to the text that a contact gets: the twin of the server's `engine/texts.py`.
 *
 * The server sends the values of a contact as they are sent to it; nothing is formatted here.
 */

import { strip, stripControl } from "@sms_marketing/segments/encoding";
import { analyse } from "@sms_marketing/segments/segments";
import { find } from "@sms_marketing/template/links";
import {
    compileTemplate,
    fillPreferenceLink,
    PREFERENCE_PAGE,
} from "@sms_marketing/template/template";
import { scan, Token, TokenProblem } from "@sms_marketing/template/tokens";

/**
 * @typedef {Object} EditorData what `get_editor_data` answers
 * @property {string} linkBase
 * @property {string} linkToken stands for a recipient's code, as long as the real ones
 * @property {string[]} linkPositions what follows the code, by a link's index
 * @property {string} preferenceCode stands for the code in the link to the preference page
 * @property {Record<string, string>} optOutTexts by language; `""` without a contact
 * @property {Record<string, string>} tokenDefaults account-wide, by path
 * @property {string[]} readablePaths
 * @property {string} sender
 *
 * @typedef {Object} ContactData what `get_preview_values` answers
 * @property {Record<string, string>} values by path
 * @property {string} optOutText
 *
 * @typedef {Object} RenderedPart
 * @property {string} text
 * @property {boolean} [isProblem] whether it is a token, as typed, that cannot be sent
 */

/**
 * The short link that stands for a message's link, right in all but the recipient's code.
 *
 * @param {EditorData} data
 * @param {number} index or `PREFERENCE_PAGE`
 */
export function shortLink({ linkBase, linkToken, linkPositions, preferenceCode }, index) {
    if (index === PREFERENCE_PAGE) {
        return linkBase + preferenceCode;
    }
    return linkBase + linkToken + (linkPositions[index] ?? linkPositions.at(-1));
}

/**
 * The text exactly as it is sent, or null where a token keeps it from being sent.
 *
 * @param {Object} message
 * @param {string} message.body
 * @param {boolean} message.includeOptOut
 * @param {EditorData} message.data
 * @param {ContactData | null} [message.contact] without one, tokens show their default
 * @returns {string | null}
 */
export function renderMessage(message) {
    const parts = renderParts(message);
    return parts.some(({ isProblem }) => isProblem) ? null : parts.map(({ text }) => text).join("");
}

/**
 * The text in parts; a token that is broken or may not be read is a part of its own, as typed.
 *
 * @returns {RenderedPart[]} parts with some text
 */
export function renderParts({ body, includeOptOut, data, contact = null }) {
    const parts = [];
    let good = 0;
    for (const { start, end, content } of scan(body)) {
        if (cannotBeSent(content, data)) {
            parts.push({ text: renderGood(body.slice(good, start), data, contact) });
            parts.push({ text: body.slice(start, end), isProblem: true });
            good = end;
        }
    }
    parts.push({ text: renderGood(body.slice(good), data, contact) });
    const written = includeOptOut ? (contact?.optOutText ?? data.optOutTexts[""]) : "";
    const optOutText = fillPreferenceLink(written, shortLink(data, PREFERENCE_PAGE));
    if (optOutText) {
        const isAlone = parts.every(({ text }) => !text);
        parts.push({ text: isAlone ? optOutText : `\n${optOutText}` });
    }
    return parts.filter(({ text }) => text);
}

function cannotBeSent(content, { readablePaths }) {
    return (
        content instanceof TokenProblem ||
        (content instanceof Token && !readablePaths.includes(content.path))
    );
}

function renderGood(text, data, contact) {
    const own = (record, path) =>
        strip(stripControl((Object.hasOwn(record, path) && record[path]) || ""));
    return compileTemplate(text).render(
        ({ path, default: written }) =>
            own(contact?.values ?? {}, path) || written || own(data.tokenDefaults, path),
        (index) => shortLink(data, index)
    );
}

/**
 * A rendered text cut where its look changes.
 *
 * @param {RenderedPart[]} parts
 * @returns {{ text: string, isLink: boolean, isProblem: boolean, segment: number | null }[]}
 *  `segment` is the number of the segment that starts with this piece, from the second one on
 */
export function piecesOf(parts) {
    const text = parts.map((part) => part.text).join("");
    const segments = new Map(analyse(text).borders.map((border, index) => [border, index + 2]));
    const links = new Map(find(text).map(({ start, end }) => [start, end]));
    const problems = new Map();
    let position = 0;
    for (const part of parts) {
        if (part.isProblem) {
            problems.set(position, position + part.text.length);
        }
        position += part.text.length;
    }
    const cuts = new Set([0, text.length, ...segments.keys(), ...links.keys(), ...links.values()]);
    for (const [start, end] of problems) {
        cuts.add(start).add(end);
    }
    const sorted = [...cuts].sort((one, other) => one - other);
    let linkEnd = 0;
    let problemEnd = 0;
    return sorted.slice(0, -1).map((start, index) => {
        linkEnd = links.get(start) ?? linkEnd;
        problemEnd = problems.get(start) ?? problemEnd;
        return {
            text: text.slice(start, sorted[index + 1]),
            isLink: start < linkEnd,
            isProblem: start < problemEnd,
            segment: segments.get(start) ?? null,
        };
    });
}
