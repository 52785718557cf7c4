"""Values of a new record of each model that users create, and what a forged value looks like."""

from odoo.fields import Command

from ..engine import privacy

#: Weakest role first.
ROLES = ("user", "manager", "administrator")


def weakest_role(case, model, operation="create"):
    """The weakest of the users of ``case.users`` that may do this to the model; None: nobody."""
    for role in ROLES:
        if case.env[model].with_user(case.users[role]).has_access(operation):
            return case.users[role]
    return None


#: {model: function of the test case and what ``make_company`` returns → values}
NEW = {
    "sms.marketing.allowance": lambda case, of: {},
    "sms.marketing.allowance.change": lambda case, of: {
        "allowance_id": case.allowance(of["company"]).id,
        "segments": 100,
    },
    "sms.marketing.consent.change": lambda case, of: {
        "partner_id": case.contact().id,
        "type_id": of["type"].id,
        "explanation": "Paper form 7",
    },
    "sms.marketing.contact.import": lambda case, of: {
        "file": b"bmFtZQpBbm4K",
        "type_id": of["type"].id,
    },
    "sms.marketing.gateway": lambda case, of: {"name": "New"},
    "sms.marketing.holiday": lambda case, of: {"name": "New Year", "date": "2000-01-01"},
    "sms.marketing.keyword": lambda case, of: {
        "name": f"WORD {case.number()}",
        "action": "join",
        "type_id": of["type"].id,
    },
    "sms.marketing.list": lambda case, of: {"name": "New"},
    "sms.marketing.list.members": lambda case, of: {"new_list_name": "New"},
    "sms.marketing.message": lambda case, of: {"name": "New", "body": "Hello"},
    "sms.marketing.price": lambda case, of: {
        "sender_id": of["sender"].id,
        "country_id": case.next_country().id,
        "price": 0.01,
    },
    "sms.marketing.privacy.export": lambda case, of: {"partner_id": case.contact().id},
    "sms.marketing.quiet.hours": lambda case, of: {"country_id": case.next_country().id},
    "sms.marketing.sender": lambda case, of: {
        "value": case.number(),
        "gateway_id": of["gateway"].id,
    },
    "sms.marketing.sign.up.choice": lambda case, of: {
        "form_id": case.sign_up_form(of["company"]).id,
        "type_id": of["type"].id,
    },
    "sms.marketing.sign.up.form": lambda case, of: {"name": "New"},
    "sms.marketing.subscription.type": lambda case, of: {"name": "New"},
    "sms.marketing.tag": lambda case, of: {"name": f"Tag {case.number()}"},
    "sms.marketing.test.number": lambda case, of: {"label": "Anna", "number": case.number()},
    "sms.marketing.token.default": lambda case, of: {
        "path": case.next_path(),
        "value": "friend",
    },
}


class EveryModel:
    """A mixin of test cases: a company of one's own and another, and a record of each model."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.own = {
            "company": cls.company,
            "gateway": cls.gateway,
            "sender": cls.sender,
            "type": cls.type,
        }
        cls.other = cls.make_company()
        cls.users = {
            role: cls.user(
                f"every_{role}",
                f"sms_marketing.group_{role}",
                company_id=cls.company.id,
                company_ids=cls.company.ids,
            )
            for role in ROLES
        }
        cls._countries = iter(cls.env["res.country"].search([("code", "!=", "US")]))
        cls._paths = iter(("name", "email", "city", "street", "zip", "function", "website", "ref"))

    @classmethod
    def next_country(cls):
        return next(cls._countries)

    @classmethod
    def next_path(cls):
        cls.env["sms.marketing.token.default"].search([]).unlink()
        return "object.name"

    @classmethod
    def allowance(cls, company):
        allowances = cls.env["sms.marketing.allowance"]
        found = allowances.search([("company_id", "=", company.id)])
        return found or allowances.create({"company_id": company.id})

    @classmethod
    def sign_up_form(cls, company):
        """A new form, since a form offers a type once."""
        return cls.env["sms.marketing.sign.up.form"].create(
            {"name": "Fair", "company_id": company.id}
        )

    def new_vals(self, model, of=None):
        if model == "sms.marketing.allowance":
            self.env[model].search([]).unlink()
        if model == "sms.marketing.holiday":
            self.env[model].search([]).unlink()
        return NEW[model](self, of or self.own)

    def new(self, model, of=None, user=None):
        """A record of the model in a company, made as a user (else as superuser)."""
        of = of or self.own
        model_of = self.env[model].with_user(user or self.env.user)
        vals = self.new_vals(model, of)
        field = model_of._fields.get("company_id")
        if field and not field.related and not (field.compute and field.readonly):
            vals.setdefault("company_id", of["company"].id)
        return model_of.create(vals)

    def forged(self, field):
        """A value for a field that a pristine record never has, as ``write`` takes it."""
        if field.type in ("char", "text", "html"):
            return "forged"
        if field.type == "binary":
            return b"Zm9yZ2Vk"
        if field.type == "boolean":
            return True
        if field.type in ("integer", "float", "monetary"):
            return 7
        if field.type in ("date", "datetime"):
            return "2020-02-03" if field.type == "date" else "2020-02-03 04:05:06"
        if field.type == "selection":
            return field.get_values(self.env)[-1]
        rows = self.env[field.comodel_name].sudo()
        row = (
            self.other["company"]
            if field.comodel_name == "res.company"
            else rows.search([], limit=1, order="id desc")
        )
        if field.type == "many2one":
            return row.id
        if field.type == "many2many":
            return [Command.set(row.ids)]
        return [Command.create({})]


def company_path(model):
    """The path from a row of the model to its company; None where it has none."""
    if "company_id" in model._fields:
        return "company_id"
    owners = [
        name
        for name in ("gateway_id", "message_id", "type_id")
        if name in model._fields and model._fields[name].relational
    ]
    return f"{owners[0]}.company_id" if owners else None


def sent_message(case, position, company, sender, type, **vals):
    """A message to two people, one of whom clicks; the other one opts out."""
    people = case.contact(f"+130320{position}0188") + case.contact(f"+130320{position}0198")
    case.subscribe(*people.mapped("mobile_e164"), type=type)
    message = case.message(
        people,
        company_id=company.id,
        sender_id=sender.id,
        subscription_type_id=type.id,
        body="Look: https://example.com/",
        **vals,
    )
    case.send(message)
    return message


def fill(case, position, company, gateway, sender, type):
    """At least one row of every model for the company."""
    message = sent_message(case, position, company, sender, type)
    people = message.include_partner_ids
    case.play_sandbox()
    case.roll_up()
    contact_list = case.env["sms.marketing.list"].create({"name": "All", "company_id": company.id})
    changes = case.env["sms.marketing.list.change"]
    changes.with_user(case.env.ref("base.user_admin"))._note(contact_list)
    case.env["sms.marketing.keyword"].create(
        {"name": f"GO AWAY {position}", "action": "stop", "company_id": company.id}
    )
    case.env["sms.marketing.token.default"].create(
        {"path": "object.name", "value": "friend", "company_id": company.id}
    )
    case.env["sms.marketing.test.number"].create(
        {"label": "Colleague", "number": case.number(), "company_id": company.id}
    )
    case.env["sms.marketing.allowance"].create(
        {"company_id": company.id, "change_ids": [Command.create({"segments": 1000})]}
    )
    # What it used is kept.
    deleted = message.copy()
    case.send(deleted)
    deleted.unlink()
    privacy.log(case.env, "export", people.mapped("mobile_e164"), company)
    case.env["sms.marketing.price"].create({"sender_id": sender.id, "price": 0.01})
    case.env["sms.marketing.holiday"].create(
        {"name": "New Year", "date": "2000-01-01", "company_id": company.id}
    )
    form = case.env["sms.marketing.sign.up.form"].create(
        {
            "name": "Fair",
            "company_id": company.id,
            "choice_ids": [Command.create({"type_id": type.id})],
        }
    )
    case.env["sms.marketing.sign.up"].create(
        {
            "form_id": form.id,
            "company_id": company.id,
            "requested_at": case.env.cr.now(),
        }
    )
    case.env["sms.marketing.receipt"].create({"gateway_id": gateway.id, "status": "delivered"})
