from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..engine import audience, schedule
from .common import SmsMarketingCase, models_of_the_add_on
from .every_model import company_path, fill

#: Models whose rows are of no company.
SHARED = {
    "sms.marketing.journal",
    "sms.marketing.rate",
    "sms.marketing.tag",
    "sms.marketing.throttle",
}


@tagged("post_install", "-at_install")
class TestCompanies(SmsMarketingCase):
    """Nothing of one company is seen in another."""

    def setUp(self):
        super().setUp()
        self.other = self.make_company()
        mine = {
            "company": self.company,
            "gateway": self.gateway,
            "sender": self.sender,
            "type": self.type,
        }
        for position, of_company in enumerate((mine, self.other)):
            fill(self, position, **of_company)
        # The rollup has taken the marks, and the lane has written the audiences.
        messages = self.env["sms.marketing.message"].search([])
        schedule.mark(self.env, messages.ids)
        for message in messages:
            audience.settle(message, self.env.cr.now())
        self.administrators = {
            company: self.user(
                f"administrator_{company.id}",
                "sms_marketing.group_administrator,base.group_partner_manager",
                company_id=company.id,
                company_ids=company.ids,
            )
            for company in (self.company, self.other["company"])
        }

    def test_every_model_keeps_companies_apart(self):
        checked = []
        for name in sorted(models_of_the_add_on(self.env) - SHARED):
            model = self.env[name]
            readers = [
                one
                for one in self.administrators.values()
                if model.with_user(one).has_access("read")
            ]
            if model._transient or not readers:
                continue  # of its user's own, or nobody's to read
            path = company_path(model)
            self.assertTrue(path, f"rows of {name} belong to no company")
            for company, user in self.administrators.items():
                own = [(path, "=", company.id)]
                foreign = [(path, "not in", [company.id, False])]
                self.assertTrue(model.search_count(foreign), f"no row of {name} to check with")
                seen = model.with_user(user).with_context(active_test=False)
                self.assertTrue(seen.search_count(own), f"{name}: own rows are hidden")
                self.assertFalse(seen.search_count(foreign), f"{name}: foreign rows are seen")
                row = model.search(foreign, limit=1)
                with self.assertRaises(AccessError, msg=name):
                    row.with_user(user).check_access("read")
            checked.append(name)
        self.assertGreater(len(checked), 12)

    def test_user_of_both_companies_sees_those_that_are_switched_on(self):
        both = self.company + self.other["company"]
        user = self.user(
            "both_sms",
            "sms_marketing.group_manager",
            company_id=self.company.id,
            company_ids=both.ids,
        )
        messages = self.env["sms.marketing.message"].with_user(user)
        for companies in (self.company, self.other["company"], both):
            seen = messages.with_context(allowed_company_ids=companies.ids).search([])
            self.assertEqual(seen.company_id, companies)

    def test_records_of_two_companies_do_not_mix(self):
        contact = self.contact()
        for vals in (
            {"sender_id": self.other["sender"].id},
            {"subscription_type_id": self.other["type"].id},
            {
                "include_list_ids": self.env["sms.marketing.list"]
                .create({"name": "Theirs", "company_id": self.other["company"].id})
                .ids
            },
        ):
            with self.assertRaises(UserError, msg=str(vals)):
                self.message(contact, **vals)
        with self.assertRaises(UserError):
            self.make_sender("+12025550199", gateway=self.other["gateway"])

    def test_company_of_what_is_in_use_cannot_be_changed_behind_its_back(self):
        other = self.other["company"]
        for record in (self.gateway, self.type):
            with self.assertRaises(UserError, msg=record):
                record.company_id = other

    def test_consent_in_one_company_is_none_in_the_other(self):
        contact = self.contact(subscribed=True)
        message = self.message(
            contact,
            company_id=self.other["company"].id,
            sender_id=self.other["sender"].id,
            subscription_type_id=self.other["type"].id,
        )
        counts = message.get_audience_counts()
        self.assertEqual(counts["recipients"], 0)
        self.assertEqual([line["reason"] for line in counts["left_out"]], ["no_consent"])
        with self.assertRaises(UserError):
            message.action_send()

    def test_foreign_type_cannot_be_imported_into(self):
        manager = self.administrators[self.company]
        wizard = self.env["sms.marketing.contact.import"].with_user(manager)
        with self.assertRaises(AccessError):
            wizard.create(
                {"file": b"bmFtZQpBbm4K", "type_id": self.other["type"].id}
            ).action_import()
