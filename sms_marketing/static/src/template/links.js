/**
 * Links inside a text. The twin of `text/links.py`, with indexes in UTF-16 code units.
 */

import { TOKEN_PATTERN } from "@sms_marketing/template/tokens";

/** What a link counts in an estimate at least, in characters. */
export const LINK_UNITS = 36;

// Where a link ends besides white space: characters that RFC 3986 does not allow unescaped, the
// quotation marks and punctuation of several scripts, invisible characters, and emoji and
// pictographs, which often follow a link without a space. Other letters are left in, for
// internationalized addresses are written with them. (An emoji domain must be given as punycode.)
const ENDS_LINK =
    '\\s\\x00-\\x20\\x7f-\\x9f<>"{}|\\\\^`' +
    "\\u00ab\\u00bb\\u200b\\u2018-\\u201f\\u2028-\\u202f\\u2039\\u203a\\u2060\\ufeff" +
    "\\u3001-\\u3003\\u3008-\\u3011\\u3014-\\u301b\\uff01\\uff08\\uff09\\uff0c\\uff1a\\uff1b\\uff1f" +
    "\\u2190-\\u2bff\\ufe0f\\u{1f000}-\\u{1faff}\\ud800-\\udfff";
const LINK_OR_TOKEN = new RegExp(
    `(?<token>${TOKEN_PATTERN})` +
        // A bare www. must stand at the start of a word, or it is part of an address or a name.
        // Cases are spelled out: the flag for them would take some marks for letters. The long s is
        // what Python takes for an s.
        "|(?:[Hh][Tt][Tt][Pp][Ss\\u017f]?://|(?<![\\p{L}\\p{N}_@./\\-])[Ww][Ww][Ww]\\.)" +
        `(?:${TOKEN_PATTERN}|[^${ENDS_LINK}])+`,
    "gu"
);
const PUNCTUATION = new Set(".,;:!?'*_~…");
const BRACKETS = new Map([
    [")", "("],
    ["]", "["],
]);

/**
 * @typedef {Object} FoundLink a link of a text
 * @property {number} start
 * @property {number} end
 * @property {string} url what stands between the two indexes
 */

/**
 * The http, https and bare `www.` links of a text, in order.
 *
 * Punctuation behind a link is not part of it, nor is a closing bracket that the link itself does
 * not open. A token `{{ … }}` inside a link is part of it; a link inside a token (in its default)
 * is not a link of the text.
 *
 * @param {string} text
 * @returns {FoundLink[]}
 */
export function find(text) {
    const links = [];
    for (const found of text.matchAll(LINK_OR_TOKEN)) {
        if (found.groups.token === undefined) {
            const url = withoutTrailingPunctuation(found[0]);
            if (hasHost(url)) {
                links.push({ start: found.index, end: found.index + url.length, url });
            }
        }
    }
    return links;
}

/** Whether something that can be a host follows the scheme, or a domain the `www.`. */
function hasHost(url) {
    const separator = url.indexOf("://");
    if (separator >= 0 && ["http", "https"].includes(url.slice(0, separator).toLowerCase())) {
        const rest = url.slice(separator + "://".length);
        return rest !== "" && !"/?#.:@&=".includes(rest[0]);
    }
    return url.slice("www.".length).replace(/^\.+/, "").replace(/\.+$/, "").includes(".");
}

function withoutTrailingPunctuation(url) {
    const surplus = new Map();
    for (const [closing, opening] of BRACKETS) {
        surplus.set(closing, count(url, closing) - count(url, opening));
    }
    let end = url.length;
    while (end) {
        const last = url[end - 1];
        if (surplus.get(last) > 0) {
            surplus.set(last, surplus.get(last) - 1);
        } else if (!PUNCTUATION.has(last)) {
            break;
        }
        end--;
    }
    return url.slice(0, end);
}

function count(text, character) {
    return text.split(character).length - 1;
}
