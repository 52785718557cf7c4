import { Component, useState } from "@odoo/owl";
import { Dialog } from "@web/core/dialog/dialog";
import { _t } from "@web/core/l10n/translation";
import { useAutofocus } from "@web/core/utils/hooks";
import { normalize } from "@web/core/l10n/utils";
import { isGsm } from "@sms_marketing/segments/encoding";
import { characterGroups } from "@sms_marketing/composer/special_characters";

/** Shows the special characters in groups, and inserts the one that is chosen. */
export class CharactersDialog extends Component {
    static template = "sms_marketing.CharactersDialog";
    static components = { Dialog };
    static props = { close: Function, insert: Function };

    setup() {
        this.state = useState({ search: "" });
        this.all = characterGroups();
        useAutofocus({ refName: "search" });
    }

    get groups() {
        const words = normalize(this.state.search).split(/\s+/).filter(Boolean);
        return this.all
            .map((group) => ({
                ...group,
                characters: group.characters
                    .filter(([character, name]) => {
                        const text = normalize(`${name} ${group.label}`);
                        return (
                            character === this.state.search.trim() ||
                            words.every((word) => text.includes(word))
                        );
                    })
                    .map(([character, name]) => ({ character, name, isPlain: isGsm(character) })),
            }))
            .filter(({ characters }) => characters.length);
    }

    titleOf({ name, isPlain }) {
        return isPlain ? name : _t("%s (makes the text UCS-2)", name);
    }

    choose(character) {
        this.props.close();
        this.props.insert(character);
    }

    /** Enter in the search takes the first one found. */
    onEnter() {
        if (this.state.search.trim() && this.groups.length) {
            this.choose(this.groups[0].characters[0].character);
        }
    }
}
