"""Protected fields and companies of every model that users write, through every door."""

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.models import MAGIC_COLUMNS
from odoo.tests import tagged
from odoo.tools import mute_logger
from psycopg2.errors import NotNullViolation

from ..models.sms_marketing_protected import GENERATED
from .access_matrix import HARMLESS
from .common import SmsMarketingCase, models_of_the_add_on
from .every_model import EveryModel, weakest_role

#: Protected fields whose values mean something else, and are never stored: see test_message_body.
NOT_REFUSED = {"body_version"}

#: Settings that only administrators read: no result of anything.
_SETTINGS = ("kannel_", "twilio_", "vonage_", "plivo_", "sinch_", "messagebird_", "infobip_")
SETTINGS = (*_SETTINGS, "generic_")

#: Rows that refer to a model with companies, and need not be of one company.
UNCHECKED = {
    # Records of the engine, whose own rules go by the message's company.
    ("sms.marketing.message", "link_ids"),
    ("sms.marketing.message", "recipient_ids"),
    # Who wrote a text or a rule is a fact, wherever they work now.
    ("sms.marketing.list", "author_id"),
    ("sms.marketing.message", "approval_asked_by_id"),
    ("sms.marketing.message", "approval_by_id"),
    ("sms.marketing.message", "changed_by_id"),
    ("sms.marketing.message", "body_changed_by_id"),
    ("sms.marketing.message", "moved_by_id"),
    ("sms.marketing.test.number", "verified_by_id"),
    ("sms.marketing.message", "content_author_ids"),
    # Whose rights a rule has is a fact as well; one who left the company selects nobody.
    ("sms.marketing.list", "author_id"),
    # The other end of a relation that is checked.
    ("sms.marketing.allowance", "change_ids"),
    ("sms.marketing.create.form", "field_ids"),
    ("sms.marketing.gateway", "sender_ids"),
    ("sms.marketing.sign.up.form", "choice_ids"),
    # What a line belongs to gives it its company.
    ("sms.marketing.allowance.change", "allowance_id"),
    ("sms.marketing.create.field", "form_id"),
    ("sms.marketing.sign.up.choice", "form_id"),
}


def is_guarded(model, mixin="sms.marketing.guarded"):
    return isinstance(model, model.env.registry[mixin]) and not model._abstract


class GuardedCase(EveryModel, SmsMarketingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.guarded = sorted(
            name for name in models_of_the_add_on(cls.env) if is_guarded(cls.env[name])
        )

    def assert_refused(self, attempt, message):
        """Call something that must be refused; nothing of it is left."""
        with self.assertRaises(UserError, msg=message), mute_logger("odoo.sql_db"):
            try:
                attempt()
                self.env.flush_all()
            except NotNullViolation as error:  # as the web client shows it
                raise UserError(str(error)) from error
        self.env.invalidate_all()

    def doors(self):
        """Each model with a role that may create it, and each of its protected fields."""
        for model in self.guarded:
            if user := weakest_role(self, model):
                for name, pristine in self.env[model]._protected_fields().items():
                    if name in self.env[model]._fields:
                        yield model, user, name, pristine

    def created_or_refused(self, create, name, pristine, message):
        """Call something that may be refused, or makes a record with nothing forged in it."""
        try:
            with self.cr.savepoint(), mute_logger("odoo.sql_db"):
                records = create()
                self.env.flush_all()
        except (UserError, NotNullViolation):
            self.env.invalidate_all()
            return
        self.assert_pristine(records, name, pristine, message)

    def assert_pristine(self, records, name, pristine, message):
        field = records._fields[name]
        for record in records.sudo():
            record.invalidate_recordset()
            value = record[name]
            if name == "content_author_ids":  # whoever creates a message writes it
                self.assertLessEqual(value, records.env.user, message)
            elif pristine is not GENERATED:
                self.assertEqual(value or False, pristine or False, message)
            elif field.relational:
                self.assertNotEqual(value, self.other["company"], message)
            else:
                self.assertNotEqual(value, self.forged(field), message)


@tagged("post_install", "-at_install")
class TestProtectedFields(GuardedCase):
    def test_every_model_is_decided(self):
        """Users can write a model that is guarded, or none of its rows."""
        for name in models_of_the_add_on(self.env):
            model = self.env[name]
            writers = [
                user
                for user in self.users.values()
                for operation in ("create", "write")
                if model.with_user(user).has_access(operation)
            ]
            is_engines = is_guarded(model, "sms.marketing.engine.record")
            if is_guarded(model) or is_engines:
                continue
            self.assertFalse(writers, f"{name} needs to inherit sms.marketing.guarded")

    def test_every_readonly_field_is_decided(self):
        for name in self.guarded:
            model = self.env[name]
            unwritable = {
                field.name
                for field in model._fields.values()
                if field.store
                and field.name not in MAGIC_COLUMNS
                and not field.inherited
                and field._module != "mail"
                and (field.readonly or field.compute or field.groups)
                and not field.name.startswith(SETTINGS)
            }
            decided = model._protected_fields().keys() | HARMLESS.get(name, {}).keys()
            self.assertEqual(
                unwritable - decided,
                set(),
                f"Add these fields of {name} to `_protected` of their class, "
                "or to HARMLESS in access_matrix/protected.py with the reason.",
            )
            self.assertLessEqual(HARMLESS.get(name, {}).keys(), unwritable)

    def test_values(self):
        for model, user, name, _pristine in self.doors():
            if name in NOT_REFUSED:
                continue
            forged = self.forged(self.env[model]._fields[name])
            with self.subTest(model=model, field=name):
                as_user = self.env[model].with_user(user)
                self.assert_refused(
                    lambda m=as_user, v=forged, n=name: m.create({**self.new_vals(m._name), n: v}),
                    "create",
                )
                self.assert_refused(
                    lambda m=as_user, v=forged, n=name: m.web_save(
                        {**self.new_vals(m._name), n: v}, {"id": {}}
                    ),
                    "web_save",
                )

    def test_values_written_later(self):
        for model in self.guarded:
            user = weakest_role(self, model, "write")
            if not user:
                continue
            if weakest_role(self, model):
                record = self.new(model, user=user)
            else:
                company = [("company_id", "=", self.company.id)]
                record = self.env[model].search(company, limit=1).with_user(user)
            for name in self.env[model]._protected_fields().keys() - NOT_REFUSED:
                forged = self.forged(record._fields[name])
                with self.subTest(model=model, field=name):
                    before = record.sudo()[name]
                    self.assert_refused(lambda r=record, n=name, v=forged: r.write({n: v}), "write")
                    self.assert_refused(
                        lambda r=record, n=name, v=forged: r.web_save({n: v}, {"id": {}}),
                        "web_save",
                    )
                    self.assertEqual(record.sudo()[name], before)

    def test_pristine_values_may_be_passed(self):
        """As forms pass the readonly fields of a new record."""
        for model, user, name, pristine in self.doors():
            if pristine is GENERATED or self.env[model]._fields[name].groups:
                continue
            with self.subTest(model=model, field=name):
                vals = {**self.new_vals(model), name: pristine}
                record = self.env[model].with_user(user).create(vals)
                self.assert_pristine(record, name, pristine, "create")

    def test_default_of_the_context(self):
        for model, user, name, pristine in self.doors():
            forged = self.forged(self.env[model]._fields[name])
            with self.subTest(model=model, field=name):
                for as_user in (self.env[model].with_user(user), self.env[model]):
                    sneaky = as_user.with_context(**{f"default_{name}": forged})
                    self.created_or_refused(
                        lambda m=sneaky: m.create(self.new_vals(m._name)),
                        name,
                        pristine,
                        "create",
                    )
                sneaky = self.env[model].with_user(user).with_context(**{f"default_{name}": forged})
                defaults = sneaky.default_get([name])
                self.assertNotEqual(defaults.get(name), forged)
                if not sneaky._fields[name].groups:
                    shown = sneaky.onchange({}, [], {name: {}})["value"].get(name)
                    self.assertNotEqual(shown, forged)
                if sneaky._rec_name and sneaky._fields[sneaky._rec_name].type == "char":
                    self.created_or_refused(
                        lambda m=sneaky: m.browse(m.name_create("New")[0]),
                        name,
                        pristine,
                        "name_create",
                    )

    def test_default_of_ir_default(self):
        for model, user, name, pristine in self.doors():
            forged = self.forged(self.env[model]._fields[name])
            if isinstance(forged, (list, bytes)):
                forged = [self.users["manager"].id] if isinstance(forged, list) else "Zm9yZ2Vk"
            for scope in ({"user_id": user.id}, {"company_id": self.company.id}, {}):
                with self.subTest(model=model, field=name, scope=scope):
                    defaults = self.env["ir.default"].sudo()
                    defaults.search([("field_id.model", "=", model)]).unlink()
                    defaults.set(model, name, forged, **scope)
                    for as_user in (
                        self.env[model].with_user(user),
                        self.env[model].with_user(user).sudo(),
                    ):
                        self.created_or_refused(
                            lambda m=as_user: m.create(self.new_vals(m._name)),
                            name,
                            pristine,
                            "create",
                        )
            defaults.search([("field_id.model", "=", model)]).unlink()

    def test_copy(self):
        for model, user, name, pristine in self.doors():
            forged = self.forged(self.env[model]._fields[name])
            with self.subTest(model=model, field=name):
                record = self.new(model, user=user)
                self.created_or_refused(
                    lambda r=record, n=name, v=forged: r.copy({n: v}), name, pristine, "copy"
                )

    def test_import(self):
        for model, user, name, pristine in self.doors():
            field = self.env[model]._fields[name]
            if field.type in ("binary", "one2many", "many2many"):
                continue
            with self.subTest(model=model, field=name):
                vals = self.new_vals(model)
                vals[name] = self.forged(field)
                columns = [
                    f"{one}/.id" if self.env[model]._fields[one].type == "many2one" else one
                    for one in vals
                ]
                row = [str(value) for value in vals.values()]
                as_user = self.env[model].with_user(user)
                found = as_user.sudo().with_context(active_test=False).search([])
                self.created_or_refused(
                    lambda m=as_user, c=columns, r=row: m.browse(m.load(c, [r])["ids"] or []),
                    name,
                    pristine,
                    "load",
                )
                self.env.invalidate_all()
                new = as_user.sudo().with_context(active_test=False).search([]) - found
                self.assert_pristine(new, name, pristine, "load")

    def test_commands_on_a_parent(self):
        checked = []
        for parent in self.guarded:
            for field in self.env[parent]._fields.values():
                if (
                    field.type != "one2many"
                    or field.comodel_name not in self.guarded
                    or not field.store
                ):
                    continue
                child = field.comodel_name
                user = weakest_role(self, child, "write")
                if weakest_role(self, parent):
                    record = self.new(parent, user=user)
                    vals = {
                        name: value
                        for name, value in self.new_vals(child).items()
                        if name != field.inverse_name
                    }
                    record.sudo()[field.name] = [Command.create(vals)]
                else:
                    company = [("company_id", "=", self.company.id)]
                    record = self.env[parent].search(company, limit=1).with_user(user)
                    vals = {}
                line = record[field.name][0]
                for name in self.env[child]._protected_fields():
                    forged = self.forged(self.env[child]._fields[name])
                    for command in (
                        Command.create({**vals, name: forged}),
                        Command.update(line.id, {name: forged}),
                    ):
                        self.assert_refused(
                            lambda r=record, f=field, c=command: r.write({f.name: [c]}),
                            f"{parent}.{field.name}: {command}",
                        )
                    checked.append(name)
        self.assertGreater(len(checked), 4)

    def test_numbers_of_contacts_are_computed(self):
        """A number in international form is always that of the number that people see."""
        manager = self.user("partner_manager", "base.group_partner_manager")
        contact = self.contact("+13035550100").with_user(manager)
        for name in ("mobile_e164", "phone_e164"):
            forged = {name: "+12025550199"}
            self.assert_refused(lambda v=forged: contact.write(v), name)
            self.assert_refused(lambda v=forged: contact.create({"name": "New", **v}), name)
            sneaky = contact.with_context(**{f"default_{name}": "+12025550199"})
            self.assertFalse(sneaky.create({"name": "New"})[name])
        self.assertEqual(contact.mobile_e164, "+13035550100")

    def test_the_create_form_is_that_of_the_company(self):
        forms = self.env["sms.marketing.create.form"]
        own, foreign = forms._for_company(self.company), forms._for_company(self.other["company"])
        for messages in (
            self.env["sms.marketing.message"].with_user(self.users["user"]),
            self.env["sms.marketing.message"],
        ):
            message = messages.create({"name": "New", "create_form_id": foreign.id})
            self.assertEqual(message.create_form_id, own)
            message.write({"create_form_id": foreign.id})
            self.assertEqual(message.create_form_id, own)
            sneaky = messages.with_context(default_create_form_id=foreign.id)
            self.assertEqual(sneaky.create({"name": "New"}).create_form_id, own)
        # A default of the company counts for both.
        self.env["ir.default"].set("sms.marketing.message", "company_id", self.other["company"].id)
        message = self.env["sms.marketing.message"].create(
            {
                "name": "New",
                "sender_id": self.other["sender"].id,
                "subscription_type_id": self.other["type"].id,
            }
        )
        self.assertEqual(message.create_form_id, foreign)


@tagged("post_install", "-at_install")
class TestCompanyAfterAWrite(GuardedCase):
    def test_relations_are_checked(self):
        """A relation to a model with a company has ``check_company``, or a reason not to."""
        for name in self.guarded:
            model = self.env[name]
            if "company_id" not in model._fields or model._transient:
                continue
            for field in model._fields.values():
                if not field.relational or not field.store or field.name == "company_id":
                    continue
                if field.name in MAGIC_COLUMNS or field._module == "mail":
                    continue
                comodel = self.env[field.comodel_name]
                if "company_id" not in comodel._fields and field.comodel_name != "res.users":
                    continue
                with self.subTest(field=str(field)):
                    self.assertNotEqual(field.check_company, (name, field.name) in UNCHECKED)
                    self.assertTrue(model._check_company_auto)

    def test_nothing_is_moved_to_a_company_of_others(self):
        moved = []
        both = self.user(
            "every_both",
            "sms_marketing.group_administrator",
            company_id=self.company.id,
            company_ids=(self.company + self.other["company"]).ids,
        )
        foreign = {"company_id": self.other["company"].id}
        for name in self.guarded:
            field = self.env[name]._fields.get("company_id")
            writer = weakest_role(self, name, "write")
            if not field or not writer:
                continue
            # Nobody may, who does not work in the other company, or does not now.
            for user in (writer, both.with_context(allowed_company_ids=self.company.ids)):
                with self.subTest(model=name, user=user.login):
                    if weakest_role(self, name):
                        record = self.new(name, user=writer).with_env(user.env(user=user))
                    else:
                        company = [("company_id", "=", self.company.id)]
                        record = self.env[name].search(company, limit=1).with_user(user)
                    for vals in (foreign, {"company_id": False}):
                        self.assert_refused(lambda r=record, v=vals: r.write(v), str(vals))
                    self.assertEqual(record.sudo().company_id, self.company)
                    moved.append(name)
                    if not weakest_role(self, name):
                        continue
                    vals = {**self.new_vals(name), **foreign}
                    self.assert_refused(lambda r=record, v=vals: r.create(v), "create")
                    self.created_or_refused(
                        lambda r=record: r.with_context(
                            default_company_id=self.other["company"].id
                        ).create(self.new_vals(r._name)),
                        "company_id",
                        GENERATED,
                        "default",
                    )
        self.assertGreater(len(moved), 24)

    def test_nothing_refers_to_a_company_of_others(self):
        for name in self.guarded:
            user = weakest_role(self, name)
            if not user or self.env[name]._transient:
                continue
            for field in self.env[name]._fields.values():
                if not field.relational or not field.store or not field.check_company:
                    continue
                foreign = self._of_the_other(field.comodel_name)
                if foreign is None or name == field.comodel_name and field.name == "id":
                    continue
                value = foreign.id
                if field.type != "many2one":
                    value = [Command.set(foreign.ids)]
                with self.subTest(field=str(field)):
                    record = self.new(name, user=user)
                    vals = {field.name: value}
                    if field.name == "create_form_id":
                        continue  # test_the_create_form_is_that_of_the_company
                    self.assert_refused(lambda r=record, v=vals: r.write(v), "write")
                    self.assert_refused(
                        lambda r=record, v=vals: r.create({**self.new_vals(r._name), **v}), "create"
                    )
                    if not self.env[name]._fields["company_id"].compute:
                        # It does not follow what it refers to.
                        self.assert_refused(lambda r=record, v=vals: r.sudo().write(v), "superuser")

    def _of_the_other(self, model):
        if model == "res.users":
            return self.user(
                f"foreigner_{self.number()}",
                company_id=self.other["company"].id,
                company_ids=self.other["company"].ids,
            )
        if model == "res.partner":
            return self.contact(company_id=self.other["company"].id)
        if model == "crm.team":
            return self.env[model].create({"name": "T", "company_id": self.other["company"].id})
        if model == "sms.marketing.create.form":
            return self.env[model]._for_company(self.other["company"])
        if model == "sms.marketing.keyword":
            vals = self.new_vals(model, self.other)
            return self.env[model].create(vals)
        return self.new(model, self.other)

    def test_what_others_refer_to_keeps_its_company(self):
        """Also for one who works in both companies, and as superuser."""
        contact_list = self.env["sms.marketing.list"].create({"name": "New"})
        self.message(include_list_ids=[Command.set(contact_list.ids)])
        spare = self.make_gateway(name="Spare")
        self.gateway.fallback_gateway_id = spare
        for record in (contact_list, self.sender, self.type, self.gateway, spare):
            self.assert_refused(
                lambda r=record: r.write({"company_id": self.other["company"].id}), str(record)
            )
        alone = self.env["sms.marketing.list"].create({"name": "New"})
        alone.company_id = self.other["company"]
        self.assertEqual(alone.company_id, self.other["company"])

    def test_a_number_is_saved_for_oneself(self):
        numbers = self.env["sms.marketing.test.number"]
        vals = {"label": "Anna", "number": self.number()}
        other = self.users["manager"]
        user = self.users["user"]
        for attempt in (
            lambda: numbers.with_user(user).create({**vals, "user_id": other.id}),
            lambda: numbers.with_user(user).with_context(default_user_id=other.id).create(vals),
            lambda: self.new(numbers._name, user=user).write({"user_id": other.id}),
        ):
            self.assert_refused(attempt, "of another user")
        saved = numbers.with_user(other).create({**vals, "user_id": user.id})
        self.assertEqual(saved.user_id, user)

    def test_contacts_that_have_moved_hold_nobody_up(self):
        stays, moves, third = self.contacts(3)
        contact_list = self.env["sms.marketing.list"].create(
            {"name": "New", "partner_ids": [Command.set((stays + moves).ids)]}
        )
        message = self.message(moves)
        moves.company_id = self.other["company"]
        contact_list.partner_ids = [Command.link(third.id), Command.unlink(stays.id)]
        self.assertEqual(contact_list.partner_ids, moves + third)
        message.include_partner_ids = [Command.link(third.id)]
        stays.company_id = self.other["company"]
        self.assert_refused(lambda: contact_list.write({"partner_ids": [(4, stays.id)]}), "new one")
