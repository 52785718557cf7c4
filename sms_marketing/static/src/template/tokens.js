/**
 * Personalization tokens, `{{ object.field ||| default }}`.
 *
 * The twin of `text/tokens.py`: same grammar, same messages, with indexes in UTF-16 code units. A
 * token is a path and a default, never an expression. Which fields may be read is decided by the
 * server.
 */

import { _t } from "@web/core/l10n/translation";
import { strip } from "@sms_marketing/segments/encoding";

const OPENING = "{{";
const CLOSING = "}}";
const SEPARATOR = "|||";

/** `object` is the contact, `company` the company that sends, `recipient` the text itself. */
const ROOTS = ["object", "company", "recipient"];

/** The path that stands for a recipient's own preference page: a link, not a value. */
export const PREFERENCE_LINK = "recipient.preference_link";

/** A complete token, for those who look for other things around or inside of tokens. */
export const TOKEN_PATTERN = "\\{\\{(?:[^{}]|\\{(?!\\{)|\\}(?!\\}))*\\}\\}";

// No name starts with an underscore: nothing private is ever reached.
const legalPath = new RegExp(`^(?:${ROOTS.join("|")})(?:\\.[A-Za-z][A-Za-z0-9_]*)+$`);
const bracePairs = /\{\{|\}\}/g;
const EXCERPT = 60;

/** A placeholder for a value. */
export class Token {
    /**
     * @param {string} path dotted path from the root, such as `object.parent_id.name`
     * @param {string} defaultValue what stands in for an empty value, may be empty
     * @param {string} source the token as written, braces included
     */
    constructor(path, defaultValue, source) {
        this.path = path;
        this.default = defaultValue;
        this.source = source;
    }
}

/** A token that cannot be used. */
export class TokenProblem {
    /**
     * @param {number} position index into the text at which it starts
     * @param {string} source what stands there (cut short where it is long)
     * @param {string} message what is wrong and how to mend it, translated
     */
    constructor(position, source, message) {
        this.position = position;
        this.source = source;
        this.message = message;
    }
}

/** Thrown where a text with a broken token is used; `problem` says what is wrong. */
export class TokenError extends Error {
    /** @param {TokenProblem} problem */
    constructor(problem) {
        super(`${problem.source} (${problem.position})`);
        this.name = "TokenError";
        this.problem = problem;
    }
}

/**
 * The plain texts (none empty) and the tokens of a text, in order.
 *
 * @param {string} text
 * @returns {(string | Token)[]}
 * @throws {TokenError} the first one, if any token is broken
 */
export function split(text) {
    return scan(text).map(({ content }) => {
        if (content instanceof TokenProblem) {
            throw new TokenError(content);
        }
        return content;
    });
}

/**
 * All that is wrong with the tokens of a text; the empty list if nothing is.
 *
 * @param {string} text
 * @returns {TokenProblem[]}
 */
export function check(text) {
    return scan(text)
        .map(({ content }) => content)
        .filter((content) => content instanceof TokenProblem);
}

/**
 * Plain texts, tokens and problems in order, each with the indexes where it starts and ends.
 * Looks at each brace pair once: linear time.
 *
 * @param {string} text
 * @returns {{ start: number, end: number, content: string | Token | TokenProblem }[]}
 */
export function scan(text) {
    const pieces = [];
    let plainFrom = 0;
    let found = bracePair(text, 0);
    while (found) {
        const { start } = found;
        if (start > plainFrom) {
            pieces.push({ start: plainFrom, end: start, content: text.slice(plainFrom, start) });
        }
        if (found.isClosing) {
            plainFrom = found.end;
            pieces.push({ start, end: plainFrom, content: strayClosing(start) });
            found = bracePair(text, plainFrom);
            continue;
        }
        const following = bracePair(text, found.end);
        if (!following?.isClosing) {
            plainFrom = following ? following.start : text.length;
            pieces.push({ start, end: plainFrom, content: notClosed(text, start, plainFrom) });
            found = following;
            continue;
        }
        plainFrom = following.end;
        pieces.push({ start, end: plainFrom, content: parse(start, text.slice(start, plainFrom)) });
        found = bracePair(text, plainFrom);
    }
    if (plainFrom < text.length) {
        pieces.push({ start: plainFrom, end: text.length, content: text.slice(plainFrom) });
    }
    return pieces;
}

/**
 * Where the default of a token stands in its source, without the white space around it.
 *
 * @param {Token} token
 * @returns {{ start: number, end: number }}
 */
export function defaultRange({ source }) {
    const separator = source.indexOf(SEPARATOR);
    const from = separator < 0 ? source.length - CLOSING.length : separator + SEPARATOR.length;
    const written = source.slice(from, -CLOSING.length);
    const bare = strip(written);
    const start = from + (bare ? written.indexOf(bare) : 0);
    return { start, end: start + bare.length };
}

function bracePair(text, from) {
    bracePairs.lastIndex = from;
    const found = bracePairs.exec(text);
    if (!found) {
        return null;
    }
    return {
        start: found.index,
        end: found.index + found[0].length,
        isClosing: found[0] === CLOSING,
    };
}

function parse(position, source) {
    const inner = source.slice(OPENING.length, -CLOSING.length);
    const separator = inner.indexOf(SEPARATOR);
    const path = strip(separator < 0 ? inner : inner.slice(0, separator));
    if (legalPath.test(path)) {
        const value = separator < 0 ? "" : inner.slice(separator + SEPARATOR.length);
        return new Token(path, strip(value), source);
    }
    let message;
    if (!path) {
        message = _t("This token names no field; write for example {{ object.name }}.");
    } else if (ROOTS.includes(path)) {
        message = _t(
            "This token names no field of “%(root)s”; write for example {{ %(root)s.name }}.",
            { root: path }
        );
    } else if (!ROOTS.some((root) => path.startsWith(`${root}.`))) {
        message = _t(
            "A token starts with “object.” (the contact) or “company.” (the sender), followed by a field."
        );
    } else {
        message = _t(
            "Only field names joined by dots can stand in a token, such as object.parent_id.name; a default follows after |||."
        );
    }
    return new TokenProblem(position, excerpt(source), message);
}

function notClosed(text, start, end) {
    const message = _t("This token is not closed; add }} behind it.");
    // Twice as many code units as characters are shown hold enough of them.
    const source = text.slice(start, Math.min(end, start + 2 * EXCERPT + 2));
    return new TokenProblem(start, excerpt(source), message);
}

function strayClosing(position) {
    const message = _t("These braces close a token that was never opened; add {{ or remove them.");
    return new TokenProblem(position, CLOSING, message);
}

function excerpt(source) {
    if (source.length <= EXCERPT) {
        return source;
    }
    const characters = Array.from(source.slice(0, 2 * EXCERPT + 2));
    return characters.length <= EXCERPT ? source : `${characters.slice(0, EXCERPT).join("")}…`;
}
