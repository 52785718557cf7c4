/**
 * Go to where something is mended: open the notebook page, and put the cursor into the field.
 *
 * @param {{page: string, field?: string}} mend
 */
export function jumpTo({ page, field }) {
    const form = document.querySelector(".o_sms_marketing_message_form");
    form?.querySelector(`.nav-link[name="${page}"]`)?.click();
    if (!field) {
        return;
    }
    // The page is drawn in the next frame.
    requestAnimationFrame(() =>
        requestAnimationFrame(() => {
            const place = form?.querySelector(`.o_field_widget[name="${field}"]`);
            place?.scrollIntoView({ block: "center" });
            // A text field has buttons above it that come first in the page.
            (
                place?.querySelector("textarea, input") ?? place?.querySelector("button, select")
            )?.focus();
        })
    );
}
