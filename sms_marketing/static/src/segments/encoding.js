/**
 * What a text may hold: the GSM 7-bit alphabet, plain equivalents, control characters.
 *
 * The twin of `text/encoding.py`: same tables, same results. Source of the alphabet:
 * 3GPP TS 23.038, sections 6.2.1 and 6.2.1.1.
 */

/** The 127 characters of the default alphabet in the order of their codes, without the escape. */
export const GSM_BASIC =
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ" +
    " !\"#¤%&'()*+,-./0123456789:;<=>?" +
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§" +
    "¿abcdefghijklmnopqrstuvwxyzäöñüà";

/** The characters of the extension table. Each takes two septets: the escape and its code. */
export const GSM_EXTENSION = "\f^{}\\[~]|€";

/** No character of the alphabet has a code as high as this. */
const GSM_END = 0x20ad;

/** Septets by character code; 0 for what is not in the alphabet. */
const SEPTETS = new Uint8Array(GSM_END);
for (const [characters, septets] of [
    [GSM_BASIC, 1],
    [GSM_EXTENSION, 2],
]) {
    for (const character of characters) {
        SEPTETS[character.charCodeAt(0)] = septets;
    }
}

const allTo = (plain, characters) => Array.from(characters, (character) => [character, plain]);

/**
 * Characters outside GSM-7 and what says the same in it. Only typography and symbols: a letter is
 * never replaced by another one, for that would change how a word is spelled. Joiners and
 * direction marks stay as well, since emoji and several scripts need them.
 *
 * @type {Map<string, string>}
 */
export const PLAIN_EQUIVALENTS = new Map([
    // Apostrophes and single quotation marks
    ...allTo("'", "`´‘’‚‛‹›′‵ʹʻʼˈ"),
    // Double quotation marks
    ...allTo('"', "“”„‟«»″‶ʺ"),
    // Hyphens, dashes, minus signs
    ...allTo("-", "‐‑‒–—―−⁃﹘﹣"),
    // Bullets
    ...allTo("-", "•‣◦▪●"),
    // Tab, no-break space, and the spaces of typesetting
    ...allTo(
        " ",
        "\t\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a" +
            "\u202f\u205f\u3000"
    ),
    // Line ends
    ...allTo("\n", "\u0085\u2028\u2029"),
    // Soft hyphen, zero-width space, word joiner, byte order mark: nothing is seen of them
    ...allTo("", "\u00ad\u200b\u2060\ufeff"),
    // Symbols
    ["…", "..."],
    ["⁄", "/"],
    ["∕", "/"],
    ["∶", ":"],
    ["×", "x"],
    ["≤", "<="],
    ["≥", ">="],
    ["→", "->"],
    ["←", "<-"],
    ["©", "(c)"],
    ["®", "(R)"],
    ["™", "TM"],
    ["№", "No."],
    // Ligatures, as copied from print
    ["ﬀ", "ff"],
    ["ﬁ", "fi"],
    ["ﬂ", "fl"],
    ["ﬃ", "ffi"],
    ["ﬄ", "ffl"],
    // Signs that look like, and mean, a letter of the alphabet
    ["\u2126", "Ω"],
    ["\u2206", "Δ"],
    ["\u212a", "K"],
    ["\u212b", "Å"],
]);

/**
 * A character with a plain equivalent. A variation selector after a replaced sign (as in the emoji
 * form of ©) must go with it.
 */
export const HAS_EQUIVALENT = `([${[...PLAIN_EQUIVALENTS.keys()].join("")}])[\ufe0e\ufe0f]?`;

/** A letter with its accent apart, as some systems write it. */
export const DECOMPOSED = "[A-Za-z][\\u0300-\\u0327]";

/** What `stripControl` takes out or replaces: control characters, lone surrogates, line ends. */
export const UNCLEAN = "[\\x00-\\x09\\x0b-\\x1f\\x7f-\\x9f\\u2028\\u2029\\ud800-\\udfff]";

const equivalents = new RegExp(HAS_EQUIVALENT, "gu");
const decomposed = new RegExp(DECOMPOSED, "gu");
const unclean = new RegExp(UNCLEAN, "gu");
const lineEnd = /\r\n?|[\x85\u2028\u2029]/g;

// What Python's `strip` takes for white space: not quite the same characters as `trim`.
const SPACE =
    "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";
const space = new RegExp(SPACE);

/**
 * Septets that a UTF-16 code unit takes in GSM-7: 1 or 2, or 0 if it is not in the alphabet.
 *
 * @param {number} code
 */
export function septetsOf(code) {
    return code < GSM_END ? SEPTETS[code] : 0;
}

/**
 * Whether every character of a text is in the GSM-7 alphabet (the empty text is).
 *
 * @param {string} text
 */
export function isGsm(text) {
    for (let index = 0; index < text.length; index++) {
        if (!septetsOf(text.charCodeAt(index))) {
            return false;
        }
    }
    return true;
}

/**
 * The characters that force a text into UCS-2, each once, in order of appearance.
 *
 * @param {string} text
 * @returns {string[]}
 */
export function nonGsmCharacters(text) {
    const found = new Set();
    for (const character of text) {
        if (!septetsOf(character.codePointAt(0))) {
            found.add(character);
        }
    }
    return [...found];
}

/**
 * A letter and its accent as one character where GSM-7 has it, else as they are.
 *
 * @param {string} letter one letter with an accent apart
 */
export function compose(letter) {
    const composed = letter.normalize("NFC");
    return isGsm(composed) ? composed : letter;
}

/**
 * Replace what has a plain equivalent in GSM-7, see `PLAIN_EQUIVALENTS`.
 *
 * Accents written apart join their letter where GSM-7 has the accented letter. Whatever has no
 * equivalent stays, so the result is not always GSM-7.
 *
 * @param {string} text
 */
export function simplify(text) {
    if (isGsm(text)) {
        return text;
    }
    return text
        .replace(decomposed, compose)
        .replace(equivalents, (_found, character) => PLAIN_EQUIVALENTS.get(character));
}

/**
 * Remove control characters and lone surrogates, which no carrier can take.
 *
 * A line end of any kind becomes one newline and is kept; a tab becomes a space, so that the
 * words beside it stay apart.
 *
 * @param {string} text
 */
export function stripControl(text) {
    return text.replace(lineEnd, "\n").replaceAll("\t", " ").replace(unclean, "");
}

/**
 * A text without outer white space, as Python's `strip` leaves it.
 *
 * @param {string} text
 */
export function strip(text) {
    let start = 0;
    let end = text.length;
    while (start < end && space.test(text[start])) {
        start++;
    }
    while (end > start && space.test(text[end - 1])) {
        end--;
    }
    return text.slice(start, end);
}
