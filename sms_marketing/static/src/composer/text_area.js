/**
 * Changing what stands in a textarea the way typing does, so that the browser can undo it.
 */

/**
 * Put a text in place of what is selected; the cursor stands behind it.
 *
 * @param {HTMLTextAreaElement} textArea
 * @param {string} text
 */
export function insertText(textArea, text) {
    textArea.focus();
    const isNothing = !text && textArea.selectionStart === textArea.selectionEnd;
    // Deprecated, and yet the only way that leaves the browser's own history whole.
    const done = isNothing || document.execCommand(text ? "insertText" : "delete", false, text);
    if (!done) {
        const { selectionStart, selectionEnd } = textArea;
        textArea.setRangeText(text, selectionStart, selectionEnd, "end");
        textArea.dispatchEvent(new Event("input", { bubbles: true }));
    }
}

/**
 * Replace stretches of the text, as one step that can be undone.
 *
 * @param {HTMLTextAreaElement} textArea
 * @param {{ start: number, end: number, text: string }[]} changes in order, not overlapping
 */
export function replaceStretches(textArea, changes) {
    if (!changes.length) {
        return;
    }
    const start = changes[0].start;
    const end = changes.at(-1).end;
    const replacement = applyChanges(textArea.value.slice(0, end), changes).slice(start);
    textArea.focus();
    textArea.setSelectionRange(start, end);
    insertText(textArea, replacement);
}

/**
 * @param {string} text
 * @param {{ start: number, end: number, text: string }[]} changes in order, not overlapping
 */
export function applyChanges(text, changes) {
    let result = "";
    let position = 0;
    for (const change of changes) {
        result += text.slice(position, change.start) + change.text;
        position = change.end;
    }
    return result + text.slice(position);
}

/**
 * An address as it is inserted: with a space where it would touch a word.
 *
 * @param {string} text
 * @param {number} start where the selection begins
 * @param {number} end where it ends
 * @param {string} word
 */
export function spaced(text, start, end, word) {
    const before = start > 0 && !/\s/.test(text[start - 1]) ? " " : "";
    const after = end < text.length && !/[\s.,;:!?]/.test(text[end]) ? " " : "";
    return before + word + after;
}
