/**
 * A message's body, compiled once and rendered for each recipient. The twin of `text/template.py`.
 */

import { strip, stripControl } from "@sms_marketing/segments/encoding";
import { find } from "@sms_marketing/template/links";
import { PREFERENCE_LINK, split, Token } from "@sms_marketing/template/tokens";

/** In place of a link's index: the link to the recipient's own preference page. */
export const PREFERENCE_PAGE = -1;

const PREFERENCE_TOKEN =
    /\{\{[ \t\n\u00a0]*recipient\.preference_link[ \t\n\u00a0]*(?:\|\|\|[^{}]*)?\}\}/g;

/**
 * A text with `link` in place of each token of the preference page; nothing else is read.
 *
 * @param {string} text
 * @param {string} link
 */
export function fillPreferenceLink(text, link) {
    return text.replace(PREFERENCE_TOKEN, () => link);
}

/** The place of a link in a body. */
export class LinkPart {
    /**
     * @param {number} index index of `target` in the template's `links`, or `PREFERENCE_PAGE`
     * @param {string} target where the link leads, as written, tokens included
     */
    constructor(index, target) {
        this.index = index;
        this.target = target;
    }
}

/** A compiled body. Make one with `compileTemplate`. */
export class Template {
    /**
     * @param {(string | Token | LinkPart)[]} parts the body in order
     * @param {Token[]} tokens every token in order of appearance, those inside links included
     * @param {string[]} links the target of each link, each target once, in order of appearance
     */
    constructor(parts, tokens, links) {
        this.parts = parts;
        this.tokens = tokens;
        this.links = links;
    }

    /** Whether the text differs by contact even without its links. */
    get isPersonal() {
        return this.parts.some((part) => part instanceof Token);
    }

    /**
     * The text for one recipient.
     *
     * What `values` gives is stripped of control characters and outer white space; where nothing
     * is left the token's default is used. A value is not looked at again: braces and links in it
     * stay plain text.
     *
     * @param {(token: Token) => string} values gives the value of a token; called for the tokens
     *  outside of links only
     * @param {(index: number) => string} linkUrl gives the short link for an index of `links`
     */
    render(values, linkUrl) {
        return this.parts
            .map((part) => {
                if (part instanceof Token) {
                    return strip(stripControl(values(part) || "")) || part.default;
                }
                return part instanceof LinkPart ? linkUrl(part.index) : part;
            })
            .join("");
    }
}

/**
 * Split a body into plain texts, tokens and links.
 *
 * Control characters are taken out and line ends made one newline, so the text is counted as it is
 * sent. Two links to one target share an index.
 *
 * @param {string} body
 * @returns {Template}
 * @throws {TokenError} the first one, if any token is broken (see `check` in `tokens` for all)
 */
export function compileTemplate(body) {
    // The whole body first: a problem's position must count from the body's start.
    const tokens = split(body).filter((part) => part instanceof Token);
    const parts = [];
    const indexes = new Map();
    let position = 0;
    for (const { start, end, url } of find(body)) {
        parts.push(...textParts(body.slice(position, start)));
        if (!indexes.has(url)) {
            indexes.set(url, indexes.size);
        }
        parts.push(new LinkPart(indexes.get(url), url));
        position = end;
    }
    parts.push(...textParts(body.slice(position)));
    return new Template(parts, tokens, [...indexes.keys()]);
}

function textParts(text) {
    return split(text)
        .map(partOf)
        .filter((part) => part !== "");
}

function partOf(part) {
    if (!(part instanceof Token)) {
        return stripControl(part);
    }
    return part.path === PREFERENCE_LINK ? new LinkPart(PREFERENCE_PAGE, part.source) : part;
}
