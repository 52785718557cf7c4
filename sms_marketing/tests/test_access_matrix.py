"""The matrix of ``access_matrix``, tried: every model and method, each role, two companies."""

from collections import defaultdict

from odoo.exceptions import AccessError, MissingError, UserError
from odoo.models import BaseModel
from odoo.service.model import call_kw, get_public_method
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from ..engine import audience, schedule
from . import access_matrix
from .access_matrix import ACCESS, METHODS, OF_ANOTHER_USER, ROLES, at_least
from .common import SmsMarketingCase, models_of_the_add_on
from .every_model import NEW, EveryModel, company_path, fill, sent_message

#: Models whose rows hang on a message, which says whose they are.
OF_A_MESSAGE = {
    "sms.marketing.activity",
    "sms.marketing.click",
    "sms.marketing.inbound",
    "sms.marketing.link",
    "sms.marketing.recipient",
    "sms.marketing.statistic",
}

OUR_ROLES = at_least("user")

#: Tables of others that the add-on's methods write.
MORE_TABLES = (
    "ir_attachment",
    "ir_cron_trigger",
    "mail_activity",
    "mail_message",
    "mail_tracking_value",
    "phone_blacklist",
    "res_company",
    "res_partner",
)


class MatrixCase(EveryModel, SmsMarketingCase):
    """Rows of every model: each role's own, a colleague's, and another company's."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for role, group in ROLES.items():
            if role not in cls.users:
                cls.users[role] = new_test_user(cls.env, login=f"every_{role}", groups=group)
        cls.colleague = cls.user("every_colleague", "sms_marketing.group_administrator")

    def setUp(self):
        super().setUp()
        self.env.cr.execute(
            "SELECT array_agg(oid::int) FROM pg_class WHERE relkind = 'r'"
            " AND (relname LIKE 'sms\\_%%' OR relname = ANY(%s))",
            [list(MORE_TABLES)],
        )
        self.tables = self.env.cr.fetchone()[0]
        self.rows = defaultdict(dict)  # {model: {role, "another" or "other": row}}
        for position, of in enumerate((self.own, self.other)):
            fill(self, position, **of)
        self._make_messages()
        schedule.mark(self.env, self.env["sms.marketing.message"].search([]).ids)
        for scope, of in (("another", self.own), ("other", self.other)):
            for name in models_of_the_add_on(self.env) | METHODS.keys():
                self.rows[name].setdefault(scope, self._row(name, of["company"]))
        self._make_owned()
        self.contact_id = self.contact().id
        self.message_id = self.message(user_id=self.users["user"].id).id

    def _make_messages(self):
        """A sent message, and a draft, of each of our roles, a colleague and another company."""
        owners = {role: self.users[role] for role in OUR_ROLES} | {"another": self.colleague}
        messages = {}
        for position, (scope, user) in enumerate(owners.items(), 2):
            vals = {name: self.own[name] for name in ("company", "sender", "type")}
            messages[scope] = sent_message(self, position, **vals, user_id=user.id)
        vals = {name: self.other[name] for name in ("company", "sender", "type")}
        messages["other"] = sent_message(self, 9, **vals)
        self.play_sandbox()
        self.roll_up()
        for scope, message in messages.items():
            for name in OF_A_MESSAGE:
                rows = self.env[name].sudo().with_context(active_test=False)
                self.rows[name][scope] = rows.search([("message_id", "=", message.id)], limit=1)
                self.assertTrue(self.rows[name][scope], f"{name} of {scope}")
            draft = message.copy()
            draft.user_id = owners.get(scope, self.env.user)
            self.rows["sms.marketing.message"][scope] = draft
            audience.settle(draft, self.env.cr.now())

    def _make_owned(self):
        """Rows of models of which each user has some."""
        for name in models_of_the_add_on(self.env):
            if not self.env[name]._transient and name != "sms.marketing.test.number":
                continue
            for scope in (*OUR_ROLES, "another"):
                user = self.users.get(scope, self.colleague)
                if self.env[name].with_user(user).has_access("create"):
                    self.rows[name][scope] = self.new(name, user=user)
            self.rows[name]["other"] = self.new(name, self.other)

    def _row(self, name, company):
        """Any row of the company, or an empty record where rows have none."""
        model = self.env[name].sudo().with_context(active_test=False)
        if name == "res.partner":
            return self.contact(company_id=company.id)
        path = company_path(model)
        if model._transient or not path:
            return model.search([], limit=1) if model._auto and not model._transient else model
        return model.search([(path, "=", company.id)], limit=1)

    def row(self, model, scope, role):
        """The row that stands for a scope: ``own``, ``another`` or ``other``."""
        rows = self.rows[model]
        return rows[scope] if scope != "own" else rows.get(role, rows["another"])

    def written(self):
        """How many rows of the add-on's tables and of ``MORE_TABLES`` were written so far."""
        self.env.cr.execute(
            """
            SELECT sum(pg_stat_get_xact_tuples_inserted(oid)
                       + pg_stat_get_xact_tuples_updated(oid)
                       + pg_stat_get_xact_tuples_deleted(oid))
              FROM unnest(%s::oid[]) AS oid
            """,
            [self.tables],
        )
        return self.env.cr.fetchone()[0]

    def _is_of_the_model(self, model, method):
        """Whether a method takes no ids."""
        return getattr(get_public_method(self.env[model], method), "_api_model", False)

    def call(self, role, model, method, ids, args=(), context=None, watch=True):
        """Call as RPC does, then take everything back.

        :param watch: whether it matters if anything is written
        :return: ``refused``, ``done``, or the name of another exception; and whether it wrote
        """
        self.env.flush_all()
        before = watch and self.written()
        savepoint = self.env.cr.savepoint()
        as_role = self.env(user=self.users[role])[model]
        if not self._is_of_the_model(model, method):
            args = [ids, *args]
        try:
            with mute_logger("odoo.sql_db", "odoo.addons.base.models.ir_rule"):
                call_kw(as_role, method, args, {"context": dict(context or {})})
                self.env.flush_all()
            outcome = "done"
        except (AccessError, MissingError):
            outcome = "refused"
        except UserError as error:
            outcome = type(error).__name__
        wrote = watch and self.written() > before
        if wrote or outcome != "refused":
            # What was refused and wrote nothing leaves nothing to forget. That the cache is warm
            # makes it harder: a method that checks nothing gets what it reads.
            self.env.transaction.clear()
            savepoint.rollback()
        savepoint.close(rollback=False)
        return outcome, wrote


@tagged("post_install", "-at_install")
class TestRows(MatrixCase):
    def test_rows(self):
        tried = 0
        for model, by_role in ACCESS.items():
            for role, user in self.users.items():
                rights = by_role.get(role, "")
                scopes = {
                    "own": rights,
                    "another": OF_ANOTHER_USER.get(model, by_role).get(role, ""),
                    "other": "" if company_path(self.env[model]) or model in NEW else rights,
                }
                if model == "sms.marketing.tag":
                    scopes["other"] = rights
                may_create = self.env[model].with_user(user).has_access("create")
                self.assertEqual(may_create, "c" in rights, f"{role}: create {model}")
                for scope, letters in scopes.items():
                    row = self.row(model, scope, role).with_env(self.env(user=user))
                    allowed = "".join(
                        letter
                        for letter, operation in (("r", "read"), ("w", "write"), ("d", "unlink"))
                        if row.has_access(operation)
                    )
                    expected = letters.replace("c", "")
                    self.assertEqual(allowed, expected, f"{role}: {scope} row of {model}")
                    tried += 1
                    # Without any right on the model, one row stands for all.
                    if row and (rights or scope == "another"):
                        self._try_what_is_refused(role, row, allowed)
        self.assertGreater(tried, 800)

    def _try_what_is_refused(self, role, row, allowed):
        """Calls that the rights do not allow are refused, and show and change nothing."""
        for letter, method, args in (
            ("r", "read", [["id"]]),
            ("r", "web_read", [{"display_name": {}}]),
            ("r", "export_data", [["id"]]),
            ("w", "write", [{}]),
            ("w", "web_save", [{}, {"display_name": {}}]),
            ("d", "unlink", []),
        ):
            if letter not in allowed:
                watch = letter != "r"
                outcome, wrote = self.call(role, row._name, method, row.ids, args, watch=watch)
                what = f"{role}: {method} of {row}"
                # Who may not export at all, or write such rows at all, is told so first.
                self.assertIn(outcome, ("refused", "UserError"), what)
                # Odoo deletes what hangs on a thread first; the refusal takes it back.
                if method != "unlink" or "message_ids" not in row._fields:
                    self.assertFalse(wrote, what)
        if "r" not in allowed:
            model = row.with_context(active_test=False)
            if model.has_access("read"):
                self.assertNotIn(row, model.search([("id", "=", row.id)]))


@tagged("post_install", "-at_install")
class TestMethods(MatrixCase):
    def test_methods(self):
        wrong = []
        with self.enter_registry_test_mode():
            for model, calls in METHODS.items():
                for method, call in calls.items():
                    for role in ROLES:
                        wrong += self._try(model, method, call, role)
        self.assertFalse(wrong, "\n".join(["Not as the table says:", *wrong]))

    def _try(self, model, method, call, role):
        """Call the method on each kind of row; what is not as the table says, in words."""
        another = call.own if call.another is None else call.another
        for scope, allowed in (
            ("own", role in at_least(call.own)),
            ("another", role in at_least(another)),
            ("other", False),
            ("missing", False),
        ):
            if scope == "own" and role not in OUR_ROLES and another == call.own:
                continue  # it has no rows of its own
            if scope == "missing":
                row, ids = None, [2**31 - 1]
            else:
                row = self.row(model, scope, role)
                ids = row.ids
            is_model = self._is_of_the_model(model, method)
            args = [self._argument(value, row, scope, role) for value in call.args]
            if is_model and "@message_of_scope" not in call.args and scope != "own":
                continue
            if not is_model and not ids:
                self.assertEqual(call.own, "nobody", f"no {scope} row of {model}")
                continue
            outcome, wrote = self.call(role, model, method, ids, args, call.context, not allowed)
            what = f"{role}: {model}.{method} on {scope} row"
            if allowed:
                is_right = outcome == call.outcome
            else:
                refusals = ("refused", "UserError") if scope == "missing" else ("refused",)
                is_right = outcome in refusals and not wrote
            if not is_right:
                yield f"{what}: {outcome}{', and wrote' if wrote and not allowed else ''}"

    def _argument(self, value, row, scope, role):
        """The value of an argument that the table only names."""
        if value == "@version":
            return row.get_review("send")["version"] if row else {}
        if value == "@message_of_scope":
            if scope == "missing":
                return 2**31 - 1
            return self.row("sms.marketing.message", scope, role).id
        if isinstance(value, str) and value.startswith("@"):
            return getattr(self, value[1:])
        return value


@tagged("post_install", "-at_install")
class TestDecided(SmsMarketingCase):
    """A new model, method or protected field fails until it is in the tables."""

    maxDiff = None

    def test_every_model_is_decided(self):
        self.assertEqual(models_of_the_add_on(self.env), set(ACCESS))
        self.assertLessEqual(OF_ANOTHER_USER.keys(), ACCESS.keys())

    def test_every_method_is_decided(self):
        found = defaultdict(set)
        for name, model in self.env.registry.items():
            if model._abstract:
                continue
            for cls in model.mro():
                if not cls.__module__.startswith("odoo.addons.sms_marketing."):
                    continue
                for method in vars(cls):
                    if method.startswith("_") or method in vars(BaseModel):
                        continue
                    if callable(vars(cls)[method]) and self._is_public(name, method):
                        found[name].add(method)
        self.assertEqual(
            {name: sorted(methods) for name, methods in found.items()},
            {name: sorted(methods) for name, methods in METHODS.items()},
            "Decide these in tests/access_matrix/methods.py, or make them private.",
        )

    def _is_public(self, model, method):
        try:
            return bool(get_public_method(self.env[model], method))
        except AccessError:
            return False

    def test_protected_fields_are_decided(self):
        protected = {
            name: tuple(sorted(fields))
            for name in self.env.registry
            if not self.env[name]._abstract
            and isinstance(self.env[name], self.env.registry["sms.marketing.protected"])
            and (fields := self.env[name]._protected_fields())
        }
        self.assertEqual(protected, access_matrix.PROTECTED)
