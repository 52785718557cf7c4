import { Component, onWillUnmount, toRaw, useEffect, useState } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { formatInteger } from "@web/views/fields/formatters";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";
import { textChanges, useDraft } from "@sms_marketing/composer/draft";
import { estimateOptions, useEditorData } from "@sms_marketing/composer/editor_data";
import { applyChanges } from "@sms_marketing/composer/text_area";
import { GSM_7, LIMITS, UCS_2 } from "@sms_marketing/segments/segments";
import { estimate } from "@sms_marketing/template/estimate";

/** Milliseconds without a key after which a screen reader is told of a change. */
export const SILENCE = 1200;
/** Characters up to which the figures follow every key; then they come after a short rest. */
const MOST_LIVE = 10000;
const REST = 250;
/** Segments above which carriers are known to refuse or cut a text. */
const MOST_SEGMENTS = 10;
/** Characters above which providers refuse a text, whatever its encoding. */
const MOST_CHARACTERS = 1600;
/** Entries that the list of causes shows at once. */
const MOST_CAUSES = 50;

/**
 * How long the message will be, live: characters, encoding, segments and what is left, each with
 * its explanation, and what makes the text longer with plain equivalents to take instead.
 */
export class Counter extends Component {
    static template = "sms_marketing.Counter";
    static props = { ...standardWidgetProps };

    setup() {
        this.draft = useDraft(this.props.record);
        this.editorData = useEditorData(this);
        this.state = useState({
            explained: "",
            announcement: "",
            restedBody: this.draft.body,
        });
        this.known = {};
        // Nobody needs to hear at first what the page shows anyway.
        let announced = `${this.result.segments} ${this.result.encoding}`;
        useEffect(
            (current) => {
                const timer = browser.setTimeout(() => {
                    if (current !== announced) {
                        announced = current;
                        this.state.announcement = this.summary;
                    }
                }, SILENCE);
                return () => browser.clearTimeout(timer);
            },
            () => [`${this.result.segments} ${this.result.encoding}`, this.draft.body]
        );
        useEffect(
            (body) => {
                const timer = browser.setTimeout(() => {
                    if (body.length > MOST_LIVE) {
                        this.state.restedBody = body;
                    }
                }, REST);
                return () => browser.clearTimeout(timer);
            },
            () => [this.draft.body]
        );
        onWillUnmount(() => {
            this.draft.showsCauses = false;
        });
    }

    /** The text that the figures are about. */
    get body() {
        const { body } = this.draft;
        return body.length > MOST_LIVE ? this.state.restedBody : body;
    }

    /** The estimate of the text, once for each text. */
    get result() {
        const { body, known } = this;
        const data = this.editorData.value;
        const { include_opt_out_text: hasOptOut } = this.props.record.data;
        if (known.body !== body || known.data !== data || known.hasOptOut !== hasOptOut) {
            const options = estimateOptions(this.props.record, toRaw(data));
            this.known = { body, data, hasOptOut, result: estimate(body, options) };
        }
        return this.known.result;
    }

    get summary() {
        const { characters, encoding, segments, left } = this.result;
        return _t(
            "%(segments)s segments, %(characters)s characters, %(encoding)s, %(left)s left in the last segment",
            { segments, characters, encoding, left }
        );
    }

    get figures() {
        const { characters, encoding, left, segments, units } = this.result;
        const { single, multiple } = LIMITS[encoding];
        const counted = encoding === GSM_7 ? _t("septets") : _t("UTF-16 code units");
        return [
            {
                id: "characters",
                label: _t("characters"),
                value: formatInteger(characters),
                explanation: _t(
                    "What a contact reads, with the opt-out text. A link counts at least 36; a token counts as its default value, or 15 where there is none. Sent, this takes %(units)s %(counted)s.",
                    { units: formatInteger(units), counted }
                ),
            },
            {
                id: "encoding",
                label: _t("encoding"),
                value: encoding,
                explanation:
                    encoding === GSM_7
                        ? _t(
                              "Every character is in the GSM-7 alphabet: 160 fit in one segment. The characters ^ { } \\ [ ] ~ | and € take two."
                          )
                        : _t(
                              "At least one character is not in the GSM-7 alphabet, so the whole text is sent as UCS-2: 70 fit in one segment. Most emoji take two."
                          ),
            },
            {
                id: "segments",
                label: segments === 1 ? _t("segment") : _t("segments"),
                value: formatInteger(segments),
                isWarning: this.warnings.length > 0,
                explanation: _t(
                    "What carriers charge for. One segment holds %(single)s, each of several %(multiple)s, as they need room to be put together again. Phones show them as one text.",
                    { single, multiple }
                ),
            },
            {
                id: "left",
                label: _t("left"),
                value: formatInteger(left),
                explanation: _t("What still fits in the last segment, in %s.", counted),
            },
        ];
    }

    get warnings() {
        const { characters, segments } = this.result;
        const warnings = [];
        if (segments > MOST_SEGMENTS) {
            warnings.push(
                _t(
                    "Many carriers refuse or cut texts of more than %s segments.",
                    String(MOST_SEGMENTS)
                )
            );
        }
        if (characters > MOST_CHARACTERS) {
            warnings.push(
                _t(
                    "Many providers refuse texts of more than %s characters.",
                    formatInteger(MOST_CHARACTERS)
                )
            );
        }
        return warnings;
    }

    get explanation() {
        return this.figures.find(({ id }) => id === this.state.explained)?.explanation;
    }

    // ------------------------------------------------------------
    // What makes the text longer
    // ------------------------------------------------------------

    /** The causes with those that are alike as one entry, the costly ones first. */
    get causes() {
        const labels = {
            token: _t("Token"),
            emoji: _t("Emoji"),
            special: this.result.encoding === UCS_2 ? _t("Not in GSM-7") : _t("Counts twice"),
            quote: _t("Typographic quote"),
            link: _t("Link"),
            opt_out: _t("Opt-out text"),
        };
        const entries = new Map();
        for (const cause of this.result.causes) {
            const key = `${cause.kind} ${cause.plain !== null} ${cause.text}`;
            if (!entries.has(key)) {
                entries.set(key, {
                    key,
                    ...cause,
                    label: labels[cause.kind],
                    count: 0,
                    places: [],
                });
            }
            const entry = entries.get(key);
            entry.count++;
            if (cause.plain !== null) {
                entry.places.push({ start: cause.start, end: cause.end, text: cause.plain });
            }
        }
        const order = ["quote", "special", "emoji", "link", "token", "opt_out"];
        return [...entries.values()].sort(
            (one, other) => order.indexOf(one.kind) - order.indexOf(other.kind)
        );
    }

    shownOf(causes) {
        return causes.slice(0, MOST_CAUSES);
    }

    /** The changes that put every plain equivalent in. */
    replacementsOf(causes) {
        return causes.flatMap(({ places }) => places).sort((one, other) => one.start - other.start);
    }

    get canReplace() {
        return !this.props.readonly && this.props.record.data.state === "draft";
    }

    /** What replacing all would save, in words; empty if segments stay as they are. */
    savingOf(causes) {
        const options = estimateOptions(this.props.record, toRaw(this.editorData.value));
        const plain = estimate(applyChanges(this.body, this.replacementsOf(causes)), options);
        const saved = this.result.segments - plain.segments;
        return saved > 0 ? _t("%s segments less", String(saved)) : "";
    }

    /** How a character that may not be seen is shown in the list. */
    nameOf({ text }) {
        return /^[\p{Z}\p{C}]+$/u.test(text)
            ? [...text]
                  .map(
                      (character) =>
                          `U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`
                  )
                  .join(" ")
            : text;
    }

    replacementOf({ plain }) {
        return plain === "" ? _t("nothing") : plain === " " ? _t("a space") : plain;
    }

    toggleCauses() {
        this.draft.showsCauses = !this.draft.showsCauses;
    }

    replace(changes) {
        if (this.body !== this.draft.body) {
            // The places are those of a text that has changed since; they come in a moment.
            return;
        }
        if (this.draft.editor) {
            this.draft.editor.replace(changes);
        } else {
            // The editor is on another tab.
            const { record } = this.props;
            record.update(textChanges(record, "body", applyChanges(this.body, changes)));
        }
    }

    explain(id) {
        this.state.explained = id;
    }

    onKeydown(ev) {
        if (ev.key === "Escape" && this.state.explained) {
            this.state.explained = "";
            ev.stopPropagation();
        }
    }
}

registry.category("view_widgets").add("sms_marketing_counter", { component: Counter });
