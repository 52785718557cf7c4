import { expect, test, withFetch } from "@odoo/hoot";
import { globalCachedFetch } from "@web/../tests/_framework/module_set.hoot";
import { GSM_BASIC, GSM_EXTENSION } from "@sms_marketing/segments/encoding";
import { analyse, GSM_7, LIMITS, UCS_2 } from "@sms_marketing/segments/segments";

const GSM = new Set(GSM_BASIC + GSM_EXTENSION);
const EXTENSION = new Set(GSM_EXTENSION);
const SURROGATES_APART = /^[\udc00-\udfff]|[\ud800-\udbff]$/;

/** The vectors of the Python twin. Hoot's own `fetch` reaches no server, this one does. */
function loadVectors() {
    return withFetch(globalCachedFetch, async () => {
        const response = await fetch("/sms_marketing/static/tests/segments_vectors.json");
        return response.json();
    });
}

/** Texts of up to `most` pieces, each up to `times` times in a row; the same ones at every run. */
function* randomTexts(seed, pieces, most, times) {
    let state = seed;
    const below = (end) => {
        state ^= state << 13;
        state ^= state >>> 17;
        state ^= state << 5;
        return (state >>> 0) % end;
    };
    const piece = () => pieces[below(pieces.length)].repeat(below(times + 1));
    for (let round = 0; round < 1000; round++) {
        yield Array.from({ length: below(most + 1) }, piece).join("");
    }
}

/** Units of a text, counted in another way than by the code that is tested. */
function unitsOf(text, encoding) {
    if (encoding === UCS_2) {
        return text.length;
    }
    return [...text].reduce((sum, character) => sum + (EXTENSION.has(character) ? 2 : 1), 0);
}

function partsOf(text, borders) {
    const edges = [0, ...borders, text.length];
    return edges.slice(1).map((end, index) => text.slice(edges[index], end));
}

test("agrees with the server on all vectors", async () => {
    const vectors = await loadVectors();
    expect(vectors.length).toBeGreaterThan(80);
    for (const vector of vectors) {
        const { encoding, units, segments, borders } = analyse(vector.text);
        expect({ encoding, units, segments, borders }).toEqual(
            {
                encoding: vector.encoding,
                units: vector.units,
                segments: vector.segments,
                borders: vector.borders_utf16,
            },
            { message: vector.name }
        );
    }
});

test("units left in the last segment", () => {
    for (const [text, left] of [
        ["", 160],
        ["a", 159],
        ["a".repeat(160), 0],
        ["a".repeat(161), 145],
        ["a".repeat(306), 0],
        ["a".repeat(152) + "€".repeat(5), 143],
        ["я", 69],
        ["я".repeat(71), 63],
        ["я".repeat(66) + "😀".repeat(3), 61],
    ]) {
        expect(analyse(text).left).toBe(left, { message: text });
    }
});

test("random texts: segments are filled greedily and split no pair", () => {
    const pieces = ["a", "€", "{", "я", "é", "’", "😀", "🎉", "\n", "\u200d"];
    const wrong = [];
    let longest = 0;
    for (const text of randomTexts(190001, pieces, 6, 170)) {
        const { encoding, units, segments, borders, left } = analyse(text);
        const { single, multiple } = LIMITS[encoding];
        const parts = partsOf(text, borders);
        const sizes = parts.map((part) => unitsOf(part, encoding));
        const most = segments > 1 ? multiple : single;
        const isRight =
            encoding === ([...text].every((character) => GSM.has(character)) ? GSM_7 : UCS_2) &&
            units === unitsOf(text, encoding) &&
            segments === (text ? parts.length : 0) &&
            segments > 1 === units > single &&
            borders.every((border, index) => border > (borders[index - 1] ?? 0)) &&
            sizes.every((size) => size <= most) &&
            left === most - sizes.at(-1) &&
            !parts.some((part) => SURROGATES_APART.test(part)) &&
            // Greedy: the character that begins the next segment did not fit into this one.
            parts.slice(1).every((part, index) => {
                const first = String.fromCodePoint(part.codePointAt(0));
                return sizes[index] + unitsOf(first, encoding) > multiple;
            });
        if (!isRight) {
            wrong.push(text);
        }
        longest = Math.max(longest, segments);
    }
    expect(wrong).toEqual([]);
    expect(longest).toBeGreaterThan(9);
});

test("a hundred thousand characters", () => {
    // Quadratic work on these would take minutes.
    expect(analyse("a".repeat(100000)).segments).toBe(654);
    expect(analyse("€".repeat(100000)).segments).toBe(1316);
    expect(analyse("😀".repeat(100000)).segments).toBe(3031);
    expect(analyse("я".repeat(100000)).segments).toBe(1493);
});
