import { expect, test, withFetch } from "@odoo/hoot";
import { globalCachedFetch } from "@web/../tests/_framework/module_set.hoot";
import { isGsm } from "@sms_marketing/segments/encoding";
import { analyse } from "@sms_marketing/segments/segments";
import { estimate } from "@sms_marketing/template/estimate";
import { compileTemplate, PREFERENCE_PAGE } from "@sms_marketing/template/template";
import { check } from "@sms_marketing/template/tokens";

const RARE = [
    ..."offer { } [ ] € я ç ’ “ … → 😀 👍🏽 🇳🇱 ☀️ ©️ 1️⃣ e\u0301 \u200d \ufe0f \ud800 . ,".split(" "),
    ..." \n\t\0",
    "a".repeat(40),
    "я".repeat(20),
    "{{ object.name }}",
    "{{ object.ref ||| “none” }}",
    "https://a.com/",
    "www.b.com ",
];
const VALUES = ["Ann", "“Zoë”", "[€]", "👩🏾‍🚀 я"];
const OPT_OUT = "Répondez « STOP »";

/** The vectors of the Python twin. Hoot's own `fetch` reaches no server, this one does. */
function loadVectors() {
    return withFetch(globalCachedFetch, async () => {
        const response = await fetch("/sms_marketing/static/tests/estimate_vectors.json");
        return response.json();
    });
}

/** Texts of up to `most` pieces, put together by chance; the same ones at every run. */
function* randomTexts(seed, pieces, most) {
    let state = seed;
    const below = (end) => {
        state ^= state << 13;
        state ^= state >>> 17;
        state ^= state << 5;
        return (state >>> 0) % end;
    };
    const piece = () => pieces[below(pieces.length)];
    for (let round = 0; round < 500; round++) {
        yield Array.from({ length: below(most + 1) }, piece).join("");
    }
}

/** What follows the base of a link, as long as in the vectors. */
function codeOf(index) {
    return index === PREFERENCE_PAGE ? "x".repeat(20) : `${"x".repeat(12)}${index || ""}`;
}

test("agrees with the server on all vectors", async () => {
    const { vectors } = await loadVectors();
    expect(vectors.length).toBeGreaterThan(250);
    for (const vector of vectors) {
        const { link_base: base } = vector;
        const options = {
            optOutText: vector.opt_out_text,
            tokenDefaults: vector.token_defaults,
            linkUrl: base ? (index) => base + codeOf(index) : undefined,
        };
        const result = estimate(vector.body, options);
        expect(result).toEqual(vector.expected, { message: vector.name });
    }
});

test("a body alone is enough", () => {
    expect(estimate("Hi {{ object.name }}")).toEqual({
        characters: 18,
        encoding: "GSM-7",
        units: 18,
        segments: 1,
        left: 142,
        causes: [{ kind: "token", text: "{{ object.name }}", start: 3, end: 20, plain: null }],
    });
});

test("names of objects are no defaults", () => {
    expect(estimate("{{ object.constructor }}", { tokenDefaults: {} }).units).toBe(15);
});

test("random texts: the estimate is the text that is sent when nothing is to be guessed", () => {
    const texts = randomTexts(190005, RARE, 16);
    const wrong = [];
    let checked = 0;
    for (const body of texts) {
        if (check(body).length) {
            continue;
        }
        checked++;
        const linkUrl = (index) => `https://s.example.com/${"x".repeat(40)}${index}`;
        const value = VALUES[checked % VALUES.length];
        const sent = compileTemplate(body).render((token) => token.default || value, linkUrl);
        const { encoding, units, segments, left } = analyse(sent ? `${sent}\n${OPT_OUT}` : OPT_OUT);
        const result = estimate(body, {
            optOutText: OPT_OUT,
            tokenDefaults: { "object.name": value },
            linkUrl,
        });
        const isRight =
            result.encoding === encoding &&
            result.units === units &&
            result.segments === segments &&
            result.left === left;
        isRight || wrong.push(body);
    }
    expect(wrong).toEqual([]);
    expect(checked).toBeGreaterThan(400);
});

test("random texts: causes lie in the body in order, and name all that forces UCS-2", () => {
    const texts = randomTexts(190006, RARE, 16);
    const wrong = [];
    for (const body of texts) {
        const { causes, encoding } = estimate(body);
        let position = 0;
        for (const { kind, text, start, end } of causes) {
            if (start < position || body.slice(start, end) !== text) {
                wrong.push(body);
            }
            // What is in a default lies inside of its token.
            position = kind === "token" ? start : end;
        }
        const isForced = causes.some(
            ({ kind, text }) => ["emoji", "special", "quote"].includes(kind) && !isGsm(text)
        );
        if (isForced !== (encoding === "UCS-2")) {
            wrong.push(body);
        }
    }
    expect(wrong).toEqual([]);
});

test("a hundred thousand characters", () => {
    // Quadratic work on these would take minutes.
    for (const [body, segments] of [
        ["a".repeat(100000), 654],
        ["€".repeat(100000), 1316],
        ["😀".repeat(100000), 3031],
        ["я’".repeat(50000), 1493],
        ["{{ object.name }}".repeat(6000), 589],
        ["https://a.com ".repeat(7000), 1693],
        ["{{".repeat(50000), 1316],
        ["👨\u200d".repeat(50000), 2273],
    ]) {
        expect(estimate(body).segments).toBe(segments, { message: body.slice(0, 20) });
    }
});
