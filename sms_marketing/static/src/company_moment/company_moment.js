import { Component, xml } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { DateTimeField, dateTimeField } from "@web/views/fields/datetime/datetime_field";

/**
 * A moment as the clocks in one time zone show it, whatever the user's own. What the user picks is
 * the time on those clocks.
 *
 * @param {luxon.DateTime|false} moment
 * @param {string} zone IANA name
 * @returns {luxon.DateTime|false} of the user's zone, but with the other zone's date and time
 */
export function asShownIn(moment, zone) {
    return moment && moment.setZone(zone).setZone("local", { keepLocalTime: true });
}

/** The opposite of `asShownIn`: the moment at which clocks in the zone show this date and time. */
export function asMeantIn(shown, zone) {
    return shown && shown.setZone(zone, { keepLocalTime: true }).setZone("local");
}

/**
 * Odoo's field for moments, by the clock of the message's company: it gets a record that shows
 * its moment in the company's zone, and hands back what was picked as the moment that this is.
 */
export class CompanyMoment extends Component {
    static template = xml`<DateTimeField t-props="fieldProps"/>`;
    static components = { DateTimeField };
    static props = { ...DateTimeField.props, zoneField: String };
    static defaultProps = DateTimeField.defaultProps;

    get fieldProps() {
        const { zoneField, ...props } = this.props;
        const { name, record } = props;
        const zone = record.data[zoneField] || "local";
        const shown = asShownIn(record.data[name], zone);
        return {
            ...props,
            record: Object.create(record, {
                data: { value: { ...record.data, [name]: shown } },
                update: {
                    value: ({ [name]: picked, ...others }, ...options) =>
                        record.update({ ...others, [name]: asMeantIn(picked, zone) }, ...options),
                },
            }),
        };
    }
}

export const companyMoment = {
    ...dateTimeField,
    component: CompanyMoment,
    fieldDependencies: ({ options }) => [{ name: options.zone_field, type: "char" }],
    extractProps: (info, dynamicInfo) => ({
        ...dateTimeField.extractProps(info, dynamicInfo),
        zoneField: info.options.zone_field,
    }),
};

registry.category("fields").add("sms_marketing_company_moment", companyMoment);
