/**
 * How many SMS segments a text takes, and where each of them starts.
 *
 * The twin of `text/segments.py`: same results, with indexes in UTF-16 code units. Sources:
 * 3GPP TS 23.040, section 9.2.3.24 (concatenation: 6 of the 140 octets go to its header) and
 * 3GPP TS 23.038 (the GSM 7-bit alphabet; UCS-2, which networks carry as UTF-16).
 */

import { isGsm, septetsOf } from "@sms_marketing/segments/encoding";

export { GSM_BASIC, GSM_EXTENSION, nonGsmCharacters } from "@sms_marketing/segments/encoding";

export const GSM_7 = "GSM-7";
export const UCS_2 = "UCS-2";

/**
 * Units in a text of one segment, and in each segment of a longer text: septets in GSM-7, UTF-16
 * code units in UCS-2.
 */
export const LIMITS = {
    [GSM_7]: { single: 160, multiple: 153 },
    [UCS_2]: { single: 70, multiple: 67 },
};

/**
 * @typedef {Object} Segmentation
 * @property {"GSM-7" | "UCS-2"} encoding
 * @property {number} units septets (an escape counted) or UTF-16 code units
 * @property {number} segments 0 for the empty text
 * @property {number[]} borders index into the text of the first character of each segment after
 *  the first
 * @property {number} left units left in the last segment
 */

/**
 * Encoding, units, segments and borders of a text, exactly as it would be sent.
 *
 * GSM-7 holds 160 septets in one segment and 153 in each of several; UCS-2, used as soon as one
 * character needs it, 70 and 67 UTF-16 code units. Segments are filled greedily; none ends inside
 * an escape pair or a surrogate pair. A lone surrogate counts as one unit. Time grows linearly
 * with the text.
 *
 * @param {string} text
 * @returns {Segmentation}
 */
export function analyse(text) {
    const encoding = isGsm(text) ? GSM_7 : UCS_2;
    const { single, multiple } = LIMITS[encoding];
    const borders = [];
    let units = 0;
    let filled = 0;
    let index = 0;
    while (index < text.length) {
        const code = text.charCodeAt(index);
        const length = encoding === UCS_2 && isPair(code, text.charCodeAt(index + 1)) ? 2 : 1;
        const needed = encoding === GSM_7 ? septetsOf(code) : length;
        if (filled + needed > multiple) {
            borders.push(index);
            filled = 0;
        }
        filled += needed;
        units += needed;
        index += length;
    }
    if (units <= single) {
        return { encoding, units, segments: units ? 1 : 0, borders: [], left: single - units };
    }
    return { encoding, units, segments: borders.length + 1, borders, left: multiple - filled };
}

function isPair(first, second) {
    return first >= 0xd800 && first <= 0xdbff && second >= 0xdc00 && second <= 0xdfff;
}
