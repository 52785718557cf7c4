import { expect, test, withFetch } from "@odoo/hoot";
import { globalCachedFetch } from "@web/../tests/_framework/module_set.hoot";
import { allowTranslations, patchTranslations } from "@web/../tests/web_test_helpers";
import {
    GSM_BASIC,
    GSM_EXTENSION,
    isGsm,
    nonGsmCharacters,
    PLAIN_EQUIVALENTS,
    simplify,
    stripControl,
} from "@sms_marketing/segments/encoding";
import { find } from "@sms_marketing/template/links";
import { compileTemplate } from "@sms_marketing/template/template";
import { check, split, Token, TokenError } from "@sms_marketing/template/tokens";

const RARE = [
    ..."{{ }} object.name ||| x { } | https:// www. a.com . , ) ( ? € ’ e\u0301 😀 \ud800".split(
        " "
    ),
    ..." \n\t\0\r",
    "{{ object.name }}",
    "{{ object.ref ||| none }}",
    "https://a.com/",
];

/** The vectors of the Python twin. Hoot's own `fetch` reaches no server, this one does. */
function loadVectors() {
    return withFetch(globalCachedFetch, async () => {
        const response = await fetch("/sms_marketing/static/tests/template_vectors.json");
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
    for (let round = 0; round < 1000; round++) {
        yield Array.from({ length: below(most + 1) }, piece).join("");
    }
}

/** A template's part as plain data. */
function asData(part) {
    return typeof part === "string" ? part : { ...part };
}

test("agrees with the server on the tables", async () => {
    const { tables } = await loadVectors();
    expect(GSM_BASIC).toBe(tables.GSM_BASIC);
    expect(GSM_EXTENSION).toBe(tables.GSM_EXTENSION);
    expect(Object.fromEntries(PLAIN_EQUIVALENTS)).toEqual(tables.PLAIN_EQUIVALENTS);
});

test("agrees with the server on characters", async () => {
    const { vectors } = await loadVectors();
    expect(vectors.length).toBeGreaterThan(200);
    for (const vector of vectors) {
        const options = { message: vector.name };
        expect(stripControl(vector.body)).toBe(vector.stripped, options);
        expect(simplify(vector.body)).toBe(vector.simplified, options);
        expect(nonGsmCharacters(vector.body)).toEqual(vector.non_gsm, options);
    }
});

test("agrees with the server on links", async () => {
    const { vectors } = await loadVectors();
    for (const vector of vectors) {
        expect(find(vector.body)).toEqual(vector.found, { message: vector.name });
    }
});

test("agrees with the server on broken tokens", async () => {
    allowTranslations();
    const { vectors } = await loadVectors();
    const broken = vectors.filter(({ errors }) => errors.length);
    expect(broken.length).toBeGreaterThan(50);
    for (const vector of vectors) {
        const options = { message: vector.name };
        expect(check(vector.body).map(asData)).toEqual(vector.errors, options);
    }
    for (const vector of broken) {
        let error = null;
        try {
            compileTemplate(vector.body);
        } catch (caught) {
            error = caught;
        }
        const options = { message: vector.name };
        expect(error).toBeInstanceOf(TokenError, options);
        expect(asData(error.problem)).toEqual(vector.errors[0], options);
    }
});

test("agrees with the server on templates and what they render", async () => {
    const { vectors } = await loadVectors();
    const whole = vectors.filter(({ errors }) => !errors.length);
    expect(whole.length).toBeGreaterThan(80);
    for (const vector of whole) {
        const options = { message: vector.name };
        const template = compileTemplate(vector.body);
        expect(template.parts.map(asData)).toEqual(vector.parts, options);
        expect(template.tokens.map(asData)).toEqual(vector.tokens, options);
        expect(template.links).toEqual(vector.links, options);
        expect(template.isPersonal).toBe(vector.is_personal, options);
        const text = template.render(
            (token) => vector.values[token.path] ?? "",
            (index) => `https://s.co/${index}`
        );
        expect(text).toBe(vector.rendered, options);
    }
});

test("says what is wrong with a token in the user's language", () => {
    patchTranslations({
        sms_marketing: {
            "This token names no field of “%(root)s”; write for example {{ %(root)s.name }}.":
                "Aucun champ de « %(root)s » : écrivez {{ %(root)s.name }}.",
        },
    });
    const [problem] = check("{{ company }}");
    expect(problem.message).toBe("Aucun champ de « company » : écrivez {{ company.name }}.");
});

test("asks for the values of tokens outside of links only, and looks at none again", () => {
    const asked = [];
    const template = compileTemplate("{{ object.name }} https://a.com/{{ object.ref }}");
    const text = template.render(
        (token) => {
            asked.push(token.path);
            return "{{ object.email }} $& https://evil.example";
        },
        () => "https://s.co/x"
    );
    expect(asked).toEqual(["object.name"]);
    expect(text).toBe("{{ object.email }} $& https://evil.example https://s.co/x");
});

test("random texts: either problems or a split that loses nothing", () => {
    const texts = randomTexts(190002, RARE, 20);
    const wrong = [];
    let broken = 0;
    for (const text of texts) {
        const problems = check(text);
        if (problems.length) {
            broken++;
            const areThere = problems.every(({ position, source }, index) => {
                const isBehind = position > (problems[index - 1]?.position ?? -1);
                return isBehind && text.startsWith(source.replace(/…$/, ""), position);
            });
            areThere || wrong.push(text);
            continue;
        }
        const parts = split(text);
        const joined = parts.map((part) => (part instanceof Token ? part.source : part)).join("");
        joined === text || wrong.push(text);
    }
    expect(wrong).toEqual([]);
    expect(broken).toBeGreaterThan(100);
    expect(broken).toBeLessThan(900);
});

test("random texts: links lie in the text and apart", () => {
    const texts = randomTexts(190003, RARE, 20);
    const wrong = [];
    let links = 0;
    for (const text of texts) {
        let position = 0;
        for (const { start, end, url } of find(text)) {
            links++;
            const alone = find(url);
            const isRight =
                start >= position &&
                text.slice(start, end) === url &&
                /^(https?:\/\/|www\.)./.test(url) &&
                alone.length === 1 &&
                alone[0].url === url;
            isRight || wrong.push(text);
            position = end;
        }
    }
    expect(wrong).toEqual([]);
    expect(links).toBeGreaterThan(300);
});

test("random texts: simplifying and stripping end where they are", () => {
    const texts = randomTexts(190004, [...RARE, ...PLAIN_EQUIVALENTS.keys()], 20);
    const wrong = [];
    for (const text of texts) {
        const plain = simplify(text);
        const clean = stripControl(text);
        const isRight =
            simplify(plain) === plain &&
            nonGsmCharacters(plain).every((character) => text.includes(character)) &&
            isGsm(text) === !nonGsmCharacters(text).length &&
            stripControl(clean) === clean &&
            clean.isWellFormed();
        isRight || wrong.push(text);
    }
    expect(wrong).toEqual([]);
});

test("a hundred thousand characters", () => {
    // Quadratic work on these would take minutes.
    expect(check("{{".repeat(50000))).toHaveLength(50000);
    expect(check("}}".repeat(50000))).toHaveLength(50000);
    expect(find("https://a.com/" + ")".repeat(100000))).toHaveLength(1);
    expect(find("http://a{{ ".repeat(10000))).toHaveLength(10000);
    expect(find("https://a.com/" + "x".repeat(100000))).toHaveLength(1);
    expect(find("{{ ".repeat(50000))).toHaveLength(0);
    const template = compileTemplate("{{ object.name }}".repeat(6000));
    expect(template.render(() => "ab", String)).toHaveLength(12000);
});
