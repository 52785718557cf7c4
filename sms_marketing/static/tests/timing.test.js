import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import { expect, test } from "@odoo/hoot";
import { queryAllTexts, queryFirst } from "@odoo/hoot-dom";
import { mockTimeZone } from "@odoo/hoot-mock";
import {
    contains,
    defineModels,
    fields,
    models,
    mountView,
    onRpc,
} from "@web/../tests/web_test_helpers";
import { asMeantIn, asShownIn } from "@sms_marketing/company_moment/company_moment";

const { DateTime } = luxon;

class Message extends models.Model {
    _name = "sms.marketing.message";

    name = fields.Char();
    scheduled_at = fields.Datetime();
    company_time_zone = fields.Char();
    send_in_contact_time_zone = fields.Boolean();
    passed_moment = fields.Selection({ selection: [["now", "Send at once"]] });

    _records = [
        {
            id: 1,
            name: "Spring sale",
            scheduled_at: "2026-11-24 08:00:00",
            company_time_zone: "Europe/Amsterdam",
        },
    ];
}

defineMailModels();
defineModels([Message]);

function mountMoment() {
    return mountView({
        type: "form",
        resModel: "sms.marketing.message",
        resId: 1,
        arch: `
            <form>
                <field
                    name="scheduled_at"
                    widget="sms_marketing_company_moment"
                    options="{'zone_field': 'company_time_zone'}"
                />
            </form>`,
    });
}

test("a moment is there and back the same, in summer and winter, in any zone", () => {
    mockTimeZone("America/New_York");
    for (const text of ["2026-11-24T08:00:00Z", "2026-07-24T08:00:00Z", "2026-03-28T23:45:00Z"]) {
        const moment = DateTime.fromISO(text).toLocal();
        for (const zone of ["Europe/Amsterdam", "Asia/Kathmandu", "Pacific/Kiritimati"]) {
            const shown = asShownIn(moment, zone);
            expect(shown.toFormat("dd HH:mm")).toBe(moment.setZone(zone).toFormat("dd HH:mm"));
            expect(asMeantIn(shown, zone).toMillis()).toBe(moment.toMillis());
        }
    }
    expect(asShownIn(false, "Europe/Amsterdam")).toBe(false);
    expect(asMeantIn(false, "Europe/Amsterdam")).toBe(false);
});

test("the moment is shown and picked by the company's clock", async () => {
    mockTimeZone("America/New_York");
    onRpc("web_save", ({ args }) => expect.step(args[1].scheduled_at));
    await mountMoment();
    // A date of this year may be shown without it, so look at the time.
    await contains(".o_field_widget[name=scheduled_at] button").click();
    expect(queryFirst(".o_field_widget[name=scheduled_at] input").value).toMatch(/9:00/);
    await contains(".o_field_widget[name=scheduled_at] input").edit("11/25/2026 10:30:00");
    await contains(".o_form_button_save").click();
    expect.verifySteps(["2026-11-25 09:30:00"]);
    expect(".o_field_widget[name=scheduled_at]").toHaveText(/10:30/);
});

test("saves, then shows who gets it when", async () => {
    onRpc("web_save", ({ args }) => expect.step(`save ${args[1].name}`));
    onRpc("get_time_zone_overview", () => {
        expect.step("overview");
        return {
            zones: [
                {
                    key: "1",
                    label: "Asia/Tokyo",
                    offset: "UTC+9:00",
                    recipients: 4,
                    local: "9:00 AM on Tuesday",
                    company: "1:00 AM on Tuesday",
                    passed: 4,
                    deferred: 0,
                },
                {
                    key: "2",
                    label: "No time zone: Europe/Amsterdam",
                    offset: "UTC+1:00",
                    recipients: 7,
                    local: "9:00 AM on Tuesday",
                    company: "9:00 AM on Tuesday",
                    passed: 0,
                    deferred: 2,
                },
            ],
            recipients: 11,
            passed: 4,
            passed_policy: "send at once",
            deferred: 2,
            without_zone: 6,
            unknown_zone: 1,
            fallback_zone: "Europe/Amsterdam",
        };
    });
    await mountView({
        type: "form",
        resModel: "sms.marketing.message",
        resId: 1,
        arch: `<form><field name="name" /><widget name="sms_marketing_time_zones" /></form>`,
    });
    await contains("[name=name] input").edit("Summer sale");
    await contains("button:contains(Review time zones)").click();
    expect.verifySteps(["save Summer sale", "overview"]);
    expect(queryAllTexts(".o_sms_marketing_time_zones tbody td:nth-child(2)")).toEqual(["4", "7"]);
    expect(queryAllTexts(".o_sms_marketing_time_zones tfoot td")).toEqual(["11", "", "", "4", "2"]);
    expect(queryAllTexts(".o_sms_marketing_time_zones p")).toEqual([
        "6 have no time zone: the company's counts, Europe/Amsterdam.",
        "1 have a time zone that does not exist any more: Europe/Amsterdam counts.",
        "The time has passed already for 4: send at once.",
        "2 wait for quiet hours to end.",
    ]);
});

test("says so where nobody gets the message", async () => {
    onRpc("get_time_zone_overview", () => ({ zones: [], recipients: 0 }));
    await mountView({
        type: "form",
        resModel: "sms.marketing.message",
        resId: 1,
        arch: `<form><widget name="sms_marketing_time_zones" /></form>`,
    });
    await contains("button:contains(Review time zones)").click();
    expect(".o_sms_marketing_time_zones").toHaveText(/Nobody gets this message yet/);
    expect("table").toHaveCount(0);
});
