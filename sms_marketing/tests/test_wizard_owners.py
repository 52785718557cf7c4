"""What a user does in a wizard is nobody else's to see, to change or to carry out."""

from odoo.exceptions import AccessError
from odoo.service.model import call_kw, get_public_method
from odoo.tests import tagged

from .common import SmsMarketingCase, models_of_the_add_on
from .every_model import EveryModel

#: Wizards of Odoo that the add-on extends, and what a new one is.
EXTENDED = {
    "base.partner.merge.automatic.wizard": {},
    "privacy.lookup.wizard": {"name": "Anna", "email": "anna@example.com"},
    "sms.composer": {"composition_mode": "numbers", "numbers": "+13035550100", "body": "Hello"},
}

#: Methods of Odoo's own that open lines, which have the same owner.
ONLY_OPEN = {"action_open_lines"}


@tagged("post_install", "-at_install")
class TestWizardOwners(EveryModel, SmsMarketingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        groups = "sms_marketing.group_administrator,base.group_system"
        cls.anna, cls.ben = (cls.user(f"{name}_wizard", groups) for name in ("anna", "ben"))

    def rows(self):
        """One row of each transient model, made by Anna, and one made by a superuser."""
        for name in sorted(models_of_the_add_on(self.env)):
            if self.env[name]._transient:
                for user in (self.anna, self.env.user):
                    yield self.new(name, user=user)
        for name, vals in EXTENDED.items():
            for user in (self.anna, self.env.user):
                row = self.env[name].with_user(user).create(vals)
                yield row
                if name == "privacy.lookup.wizard":
                    line = {"res_model_id": self.env["ir.model"]._get_id("res.partner")}
                    line |= {"res_id": self.contact().id, "wizard_id": row.id}
                    yield row.line_ids.with_user(user).create(line)

    def test_every_transient_model_has_an_owner(self):
        models = set()
        for row in self.rows():
            models.add(row._name)
            as_ben = row.with_user(self.ben)
            for operation in ("read", "write", "unlink"):
                with self.subTest(model=row._name, by=row.create_uid.login, operation=operation):
                    self.assertFalse(as_ben.has_access(operation))
            self.assertNotIn(as_ben, as_ben.search([]))
            if row.create_uid == self.anna:
                self.assertTrue(row.has_access("write"), f"{row._name}: its owner's")
        self.assertGreater(len(models), 6)

    def test_nobody_carries_out_what_another_began(self):
        tried = set()
        for row in self.rows():
            for name in dir(type(row)):
                if not name.startswith("action_"):
                    continue
                method = get_public_method(row, name)
                if name in ONLY_OPEN or not method.__module__.startswith("odoo.addons."):
                    continue
                with self.subTest(model=row._name, method=name, by=row.create_uid.login):
                    with self.assertRaises(AccessError):
                        call_kw(self.env[row._name].with_user(self.ben), name, [row.ids], {})
                    tried.add((row._name, name))
        self.assertGreater(len(tried), 5)

    def test_wizard_is_about_what_its_user_may_read(self):
        manager = self.users["manager"]
        foreign = self.contact(company_id=self.other["company"].id)
        for model, vals in {
            "sms.marketing.consent.change": {"type_id": self.other["type"].id},
            "sms.marketing.contact.import": {"type_id": self.other["type"].id},
            "sms.marketing.privacy.export": {"partner_id": foreign.id},
            "sms.marketing.list.members": {
                "list_id": self.new("sms.marketing.list", self.other).id
            },
        }.items():
            with self.subTest(model=model):
                wizards = self.env[model].with_user(manager)
                with self.assertRaises(AccessError):
                    wizards.create({**self.new_vals(model), **vals})
                wizard = wizards.create(self.new_vals(model))
                with self.assertRaises(AccessError):
                    wizard.write(vals)


@tagged("post_install", "-at_install")
class TestListsOfAContact(EveryModel, SmsMarketingCase):
    """A contact's lists are changed by those who may change the lists."""

    def test_lists_are_not_changed_through_a_contact(self):
        own = self.new("sms.marketing.list")
        foreign = self.new("sms.marketing.list", self.other)
        marketer = self.user(
            "marketer_lists", "sms_marketing.group_user,base.group_partner_manager"
        )
        contact = self.contact()
        for user, contact_list in (
            (marketer, own),
            (marketer, foreign),
            (self.users["manager"], foreign),
        ):
            as_user = contact.with_user(user)
            command = [(4, contact_list.id)]
            with self.assertRaises(AccessError):
                as_user.write({"sms_list_ids": command})
            with self.assertRaises(AccessError):
                as_user.create({"name": "New", "sms_list_ids": command})
            with self.assertRaises(AccessError):
                as_user.with_context(default_sms_list_ids=command).create({"name": "New"})
            self.assertFalse(contact.sms_list_ids)
        own.partner_ids = contact
        with self.assertRaises(AccessError):
            contact.with_user(marketer).write({"sms_list_ids": [(3, own.id)]})
        contact.with_user(self.users["manager"]).write({"sms_list_ids": [(3, own.id)]})
        self.assertFalse(own.partner_ids)
