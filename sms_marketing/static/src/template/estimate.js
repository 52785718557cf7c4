/**
 * How long a text will be while it is written: an estimate, and what makes it long.
 *
 * A link counts 36 characters, or as many units as the real short link takes if that is more, and
 * never changes the encoding. A token stands for its default, else for the default that holds for
 * the whole account, else for 15 characters. The opt-out text counts. A broken token counts as it
 * is written, so that the figures go on while somebody types. The twin of `text/estimate.py`.
 */

import {
    compose,
    DECOMPOSED,
    GSM_BASIC,
    GSM_EXTENSION,
    HAS_EQUIVALENT,
    PLAIN_EQUIVALENTS,
    strip,
    stripControl,
    UNCLEAN,
} from "@sms_marketing/segments/encoding";
import { analyse, GSM_7 } from "@sms_marketing/segments/segments";
import { find, LINK_UNITS } from "@sms_marketing/template/links";
import { fillPreferenceLink, PREFERENCE_PAGE } from "@sms_marketing/template/template";
import { defaultRange, PREFERENCE_LINK, scan, Token } from "@sms_marketing/template/tokens";

/** What a token without any default counts, in characters. */
export const TOKEN_CHARACTERS = 15;

// A letter of the alphabet: stands for text whose length is known and whose letters are not.
const FILLER = "x";
const QUOTES = ["'", '"'];

// Blocks in which emoji and pictographs lie. Coarser than Unicode's property, which grows from
// version to version, so that server and browser agree.
const PICTOGRAPH =
    "\\u203c\\u2049\\u2139\\u2194-\\u21aa\\u231a-\\u23ff\\u24c2\\u25b6\\u25c0\\u25fb-\\u25fe" +
    "\\u2600-\\u27bf\\u2934\\u2935\\u2b05-\\u2b55\\u3030\\u303d\\u3297\\u3299" +
    "\\u{1f000}-\\u{1f1e5}\\u{1f200}-\\u{1faff}";
const PERSON = `[${PICTOGRAPH}][\\ufe0e\\ufe0f]?[\\u{1f3fb}-\\u{1f3ff}]?`;
const escapeClass = (characters) => characters.replace(/[\\\]^-]/g, "\\$&");
const NOTABLE = new RegExp(
    // Taken out or replaced before it is sent: no reason for anything.
    `(?<unclean>${UNCLEAN})` +
        `|(?<plain>${HAS_EQUIVALENT})` +
        `|(?<decomposed>${DECOMPOSED})` +
        // A flag of two letters, a keycap, or pictographs joined to one, a flag of a region included.
        "|(?<emoji>[\\u{1f1e6}-\\u{1f1ff}]{1,2}|[0-9#*]\\ufe0f?\\u20e3" +
        `|${PERSON}(?:\\u200d${PERSON})*[\\u{e0020}-\\u{e007f}]*)` +
        `|(?<extension>[${escapeClass(GSM_EXTENSION)}])` +
        `|[^${escapeClass(GSM_BASIC)}]`,
    "gu"
);

/**
 * @typedef {Object} Cause something that makes a text longer
 * @property {"token" | "emoji" | "special" | "quote" | "link" | "opt_out"} kind `special` are the
 *  other characters that force UCS-2, or take two septets in GSM-7
 * @property {string} text what it is, as written
 * @property {number | null} start index into the body where it stands; null if it is not in the
 *  body but in the opt-out text. A character of an account-wide default stands where its token does.
 * @property {number | null} end index into the body where it ends, or null
 * @property {string | null} plain what says the same in GSM-7 and may replace it in the body
 *
 * @typedef {Object} Estimate
 * @property {number} characters number of characters (Unicode code points)
 * @property {"GSM-7" | "UCS-2"} encoding
 * @property {number} units septets or UTF-16 code units
 * @property {number} segments 0 for the empty text
 * @property {number} left units left in the last segment
 * @property {Cause[]} causes in the order of the body, then the opt-out text
 */

/**
 * Estimate a body with what is added to it. Never throws for what is in the body.
 *
 * @param {string} body
 * @param {Object} [options]
 * @param {string} [options.optOutText] goes on a line of its own behind the body; empty for none
 * @param {Record<string, string>} [options.tokenDefaults] account-wide defaults by a token's path
 * @param {(index: number) => string} [options.linkUrl] gives the short link for a link's index, as
 *  when a template is rendered
 * @returns {Estimate}
 */
export function estimate(body, { optOutText = "", tokenDefaults = {}, linkUrl } = {}) {
    const stretches = [...stretchesOf(body, tokenDefaults, linkUrl)];
    let text = stretches.map(({ counted }) => counted).join("");
    if (optOutText) {
        const cause = { kind: "opt_out", text: optOutText, start: null, end: null, plain: null };
        const added = fillPreferenceLink(optOutText, linkFiller(PREFERENCE_PAGE, linkUrl));
        text = text ? `${text}\n${added}` : added;
        stretches.push({ counted: "", source: added, start: null, cause });
    }
    const { encoding, units, segments, left } = analyse(text);
    const causes = [];
    for (const stretch of stretches) {
        if (stretch.cause) {
            causes.push(stretch.cause);
        }
        addCharacters(causes, stretch, encoding === GSM_7);
    }
    return { characters: countCharacters(text), encoding, units, segments, left, causes };
}

/**
 * The pieces of a body. `counted` is what is counted for one, `source` what is looked through for
 * characters with a price, at `start` in the body; with `whole`, such a character is in no place
 * of the body but belongs to all of the piece.
 */
function* stretchesOf(body, tokenDefaults, linkUrl) {
    const indexes = new Map();
    let position = 0;
    for (const { start, end, url } of find(body)) {
        yield* textStretches(body.slice(position, start), position, tokenDefaults, linkUrl);
        if (!indexes.has(url)) {
            indexes.set(url, indexes.size);
        }
        const counted = linkFiller(indexes.get(url), linkUrl);
        const cause = { kind: "link", text: url, start, end, plain: null };
        yield { counted, source: "", start, cause };
        position = end;
    }
    yield* textStretches(body.slice(position), position, tokenDefaults, linkUrl);
}

/** What is counted for a link. */
function linkFiller(index, linkUrl) {
    const needed = linkUrl ? analyse(linkUrl(index)).units : 0;
    return FILLER.repeat(Math.max(LINK_UNITS, needed));
}

function* textStretches(text, offset, tokenDefaults, linkUrl) {
    for (const { start, end, content } of scan(text)) {
        const from = start + offset;
        if (!(content instanceof Token)) {
            const source = text.slice(start, end);
            yield { counted: stripControl(source), source, start: from };
        } else if (content.path === PREFERENCE_LINK) {
            const place = { start: from, end: end + offset };
            const cause = { kind: "link", text: content.source, ...place, plain: null };
            yield { counted: linkFiller(PREFERENCE_PAGE, linkUrl), source: "", start: from, cause };
        } else {
            yield tokenStretch(content, from, end + offset, tokenDefaults);
        }
    }
}

function tokenStretch(token, start, end, tokenDefaults) {
    const cause = { kind: "token", text: token.source, start, end, plain: null };
    if (token.default) {
        const range = defaultRange(token);
        const source = token.source.slice(range.start, range.end);
        return { counted: token.default, source, start: start + range.start, cause };
    }
    const given = Object.hasOwn(tokenDefaults, token.path) ? tokenDefaults[token.path] : "";
    const source = strip(stripControl(given || ""));
    const counted = source || FILLER.repeat(TOKEN_CHARACTERS);
    return { counted, source, start, whole: { start, end }, cause };
}

/** Add the characters of a piece that make the text longer; those side by side as one. */
function addCharacters(causes, stretch, isGsm7) {
    let run = null;
    for (const found of stretch.source.matchAll(NOTABLE)) {
        const cause = judge(found, isGsm7);
        const joinsRun = cause.kind === "special" && cause.plain === null;
        if (joinsRun && run?.end === cause.start) {
            run.end = cause.end;
            continue;
        }
        if (run) {
            causes.push(causeOf(stretch, run));
        }
        run = joinsRun ? cause : null;
        if (cause.kind && !joinsRun) {
            causes.push(causeOf(stretch, cause));
        }
    }
    if (run) {
        causes.push(causeOf(stretch, run));
    }
}

/** Kind, plain equivalent, start and end of a found character; kind null where it is free. */
function judge(found, isGsm7) {
    const { unclean, plain, decomposed, emoji, extension } = found.groups;
    const start = found.index;
    const end = start + found[0].length;
    // In GSM-7 only the extension characters cost more; in UCS-2 they are the ones that do not.
    if (unclean !== undefined || isGsm7 !== (extension !== undefined)) {
        return { kind: null, plain: null, start, end };
    }
    if (plain !== undefined) {
        const equivalent = PLAIN_EQUIVALENTS.get(plain[0]);
        const kind = QUOTES.includes(equivalent) ? "quote" : "special";
        return { kind, plain: equivalent, start, end };
    }
    if (decomposed !== undefined) {
        const composed = compose(decomposed);
        if (composed !== decomposed) {
            return { kind: "special", plain: composed, start, end };
        }
        // Only the accent is outside the alphabet.
        return { kind: "special", plain: null, start: start + 1, end };
    }
    return { kind: emoji === undefined ? "special" : "emoji", plain: null, start, end };
}

function causeOf(stretch, { kind, plain, start, end }) {
    const text = stretch.source.slice(start, end);
    if (stretch.whole) {
        return { kind, text, ...stretch.whole, plain: null };
    }
    if (stretch.start === null) {
        return { kind, text, start: null, end: null, plain: null };
    }
    return { kind, text, start: stretch.start + start, end: stretch.start + end, plain };
}

function countCharacters(text) {
    let characters = 0;
    for (const character of text) {
        characters += character ? 1 : 0;
    }
    return characters;
}
