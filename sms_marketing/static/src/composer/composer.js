import { Component, onMounted, onWillUnmount, useEffect, useRef } from "@odoo/owl";
import { hasTouch } from "@web/core/browser/feature_detection";
import { useEmojiPicker } from "@web/core/emoji_picker/emoji_picker";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useBus, useService } from "@web/core/utils/hooks";
import { standardFieldProps } from "@web/views/fields/standard_field_props";
import { CharactersDialog } from "@sms_marketing/composer/characters_dialog";
import { textChanges, useDraft } from "@sms_marketing/composer/draft";
import { estimateOptions, useEditorData } from "@sms_marketing/composer/editor_data";
import { highlight, problemsOf } from "@sms_marketing/composer/highlight";
import { LinkDialog } from "@sms_marketing/composer/link_dialog";
import { PersonalizeDialog } from "@sms_marketing/composer/personalize_dialog";
import { insertText, replaceStretches, spaced } from "@sms_marketing/composer/text_area";
import { stripControl, UNCLEAN } from "@sms_marketing/segments/encoding";
import { estimate } from "@sms_marketing/template/estimate";

/** Characters up to which marks follow every key. */
const MOST_HIGHLIGHTED = 20000;
/** Problems that are listed; the others show when these are mended. */
const MOST_PROBLEMS = 5;

const controlCharacters = new RegExp(UNCLEAN, "gu");

/**
 * The editor of a message's text: a textarea over a layer that marks tokens, links and mistakes,
 * with a toolbar. A key changes the draft only (see `draft.js`); the record gets the text when the
 * editor is left or the form is saved, as with other fields.
 */
export class Composer extends Component {
    static template = "sms_marketing.Composer";
    static props = {
        ...standardFieldProps,
        placeholder: { type: String, optional: true },
    };

    setup() {
        this.dialog = useService("dialog");
        this.notification = useService("notification");
        this.textRef = useRef("text");
        this.draft = useDraft(this.props.record, this.props.name);
        this.editorData = useEditorData(this);
        this.emojiPicker = useEmojiPicker(
            useRef("emoji"),
            { onSelect: (emoji) => this.insert(emoji) },
            { position: "bottom-start", onClose: () => this.textRef.el?.focus() }
        );

        // The textarea follows the draft: a text that was loaded, discarded or replaced.
        useEffect(
            (textArea, body) => {
                if (textArea && textArea.value !== body) {
                    textArea.value = body;
                }
            },
            () => [this.textRef.el, this.draft.body]
        );
        useEffect(
            (textArea) => {
                const { draft } = this;
                const editor = textArea && {
                    replace: (changes) => replaceStretches(textArea, changes),
                    select: (start, end) => this.select(start, end),
                };
                draft.editor = editor;
                return () => {
                    if (draft.editor === editor) {
                        draft.editor = null;
                    }
                };
            },
            () => [this.textRef.el, this.props.record]
        );
        const { bus } = this.props.record.model;
        useBus(bus, "NEED_LOCAL_CHANGES", (ev) => ev.detail.proms.push(this.commit()));
        useBus(bus, "WILL_SAVE_URGENTLY", () => this.commit());
        // Who opens a message without a text is about to write it. Nobody's place is taken away,
        // and no keyboard of a phone pops up.
        onMounted(() => {
            if (!this.draft.body && !hasTouch() && document.activeElement === document.body) {
                this.textRef.el?.focus();
            }
        });
        onWillUnmount(() => this.commit());
    }

    // ------------------------------------------------------------
    // The text
    // ------------------------------------------------------------

    get isHighlighted() {
        return this.draft.body.length <= MOST_HIGHLIGHTED;
    }

    /** What the template shows of the text, from one look at it. */
    lookAtText() {
        const { body } = this.draft;
        if (!this.isHighlighted) {
            return { stretches: [{ text: body, kinds: "" }], problems: [], more: 0 };
        }
        const data = this.editorData.value;
        const readable = data && new Set(data.readablePaths);
        const problems = problemsOf(body, readable);
        return {
            stretches: highlight(body, problems, this.causes),
            problems: problems.slice(0, MOST_PROBLEMS),
            more: Math.max(0, problems.length - MOST_PROBLEMS),
        };
    }

    /** The characters that cost more than others, while the counter explains itself. */
    get causes() {
        if (!this.draft.showsCauses) {
            return [];
        }
        const options = estimateOptions(this.props.record, this.editorData.value);
        return estimate(this.draft.body, options).causes.filter(
            ({ kind, start }) => start !== null && ["emoji", "special", "quote"].includes(kind)
        );
    }

    classOf(kinds) {
        return kinds
            .split(" ")
            .map((kind) => `o_sms_marketing_mark_${kind}`)
            .join(" ");
    }

    onInput(ev) {
        const { value } = ev.target;
        if (!ev.isComposing && stripControl(value) !== value) {
            // However it came in: what cannot be sent does not stay in the text.
            ev.target.value = stripControl(value);
            this.tellStripped(value);
        }
        this.draft.body = ev.target.value;
        this.props.record.model.bus.trigger("FIELD_IS_DIRTY", this.isDirty);
    }

    onPaste(ev) {
        const text = ev.clipboardData?.getData("text/plain") || "";
        const clean = stripControl(text);
        if (clean !== text.replace(/\r\n?/g, "\n")) {
            ev.preventDefault();
            insertText(ev.target, clean);
            this.tellStripped(text);
        }
    }

    tellStripped(text) {
        const removed = text.replace(/[\t\r\n\x85\u2028\u2029]/g, "").match(controlCharacters);
        if (removed) {
            this.notification.add(
                _t("%s control characters, which no phone can show, were removed.", removed.length),
                { type: "warning" }
            );
        }
    }

    get isDirty() {
        return this.draft.body !== (this.props.record.data[this.props.name] || "");
    }

    /** Bring what was typed into the record. */
    async commit() {
        if (!this.isDirty) {
            return;
        }
        const { draft } = this;
        const { name, record } = this.props;
        const typed = draft.body;
        await record.update(textChanges(record, name, typed));
        if (draft.body === typed) {
            draft.body = typed;
            record.model.bus.trigger("FIELD_IS_DIRTY", false);
        }
    }

    // ------------------------------------------------------------
    // Inserting
    // ------------------------------------------------------------

    select(start, end) {
        const textArea = this.textRef.el;
        textArea.focus();
        textArea.setSelectionRange(start, end);
    }

    insert(text) {
        if (this.textRef.el) {
            insertText(this.textRef.el, text);
        }
    }

    insertLink(url, isReplacing) {
        const textArea = this.textRef.el;
        if (!textArea) {
            return;
        }
        if (!isReplacing) {
            // What is selected is kept: a text message has no linked words.
            textArea.setSelectionRange(textArea.selectionEnd, textArea.selectionEnd);
        }
        const { selectionStart, selectionEnd, value } = textArea;
        this.insert(spaced(value, selectionStart, selectionEnd, url));
    }

    open(dialog, props) {
        this.dialog.add(dialog, props, { onClose: () => this.textRef.el?.focus() });
    }

    openLink() {
        const { selectionStart, selectionEnd, value } = this.textRef.el;
        const selected = value.slice(selectionStart, selectionEnd).trim();
        const isAddress = /^(?:https?:\/\/|www\.)\S+$/i.test(selected);
        this.open(LinkDialog, {
            address: isAddress ? selected : "",
            insert: (url) => this.insertLink(url, isAddress),
        });
    }

    openCharacters() {
        this.open(CharactersDialog, { insert: (character) => this.insert(character) });
    }

    openPersonalize() {
        this.open(PersonalizeDialog, {
            insert: (token) => this.insert(token),
            resModel: this.props.record.resModel,
            tokenDefaults: this.editorData.value?.tokenDefaults,
        });
    }

    /** Arrows move along the toolbar, as its role promises. */
    onToolbarKeydown(ev) {
        const step = { ArrowLeft: -1, ArrowRight: 1 }[ev.key];
        if (step) {
            const buttons = [...ev.currentTarget.querySelectorAll("button")];
            const index = buttons.indexOf(document.activeElement) + step;
            buttons[(index + buttons.length) % buttons.length].focus();
            ev.preventDefault();
        }
    }
}

export const composer = {
    component: Composer,
    displayName: _t("Marketing SMS text"),
    supportedTypes: ["text"],
    extractProps: ({ placeholder }) => ({ placeholder }),
};

registry.category("fields").add("sms_marketing_body", composer);
