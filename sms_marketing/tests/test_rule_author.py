"""A rule finds what its author may find, whoever looks at its list."""

import importlib.util
import warnings
from pathlib import Path

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, tagged

from ..engine import audience
from .common import SmsMarketingCase

MANAGER = "sms_marketing.group_manager"

PASSWORD = "hunter2"

#: What a manager of Marketing SMS may not read, and how a rule would ask for it.
HIDDEN = {
    "a password": "[('message_ids.mail_server_id.smtp_pass', '=like', '{}%')]",
    "a password in a subdomain": "[('message_ids', 'any', [('mail_server_id', 'any', "
    "[('smtp_pass', '=like', '{}%')])])]",
    "not one of those with a password": "[('message_ids', 'not any', "
    "[('mail_server_id.smtp_pass', '=like', '{}%')])]",
    "a password, perhaps": "[('message_ids.mail_server_id.smtp_pass', '=?', '{}')]",
    "a password, past record rules": "[('message_ids', 'ANY!', "
    "[('mail_server_id', 'ANY!', [('smtp_pass', '=like', '{}%')])])]",
    "a user's password": "[('user_ids.password', '=like', '{}%')]",
    "a login at a server": "[('message_ids.mail_server_id.smtp_user', '=like', '{}%')]",
    "outgoing mail": "[('message_ids.mail_ids.body_html', '=like', '{}%')]",
    "a server by its name": "[('message_ids.mail_server_id', 'ilike', '{}')]",
}


@tagged("post_install", "-at_install")
class TestRuleAuthor(SmsMarketingCase):
    def setUp(self):
        super().setUp()
        self.anna = self.user("anna_rules", MANAGER, name="Anna")
        self.ben = self.user("ben_rules", MANAGER, name="Ben")
        self.reader = self.user("reader_rules")
        self.lists = self.env["sms.marketing.list"]
        self.people = self.contacts(3, city="Smsville")

    def make_rule(self, user, domain="[('city', '=', 'Smsville')]", **vals):
        values = {"name": "Locals", "kind": "rule", "domain": domain, **vals}
        return self.lists.with_user(user).create(values).with_user(self.env.user)

    # Who is the author

    def test_author_is_who_last_changed_the_rule(self):
        rule = self.make_rule(self.anna)
        self.assertEqual(rule.author_id, self.anna)
        rule.with_user(self.ben).name = "People of Smsville"
        rule.with_user(self.ben).active = False
        self.assertEqual(rule.author_id, self.anna)
        rule.with_user(self.ben).domain = "[('city', '=', 'Elsewhere')]"
        self.assertEqual(rule.author_id, self.ben)
        rule.with_user(self.anna).kind = "fixed"
        self.assertEqual(rule.author_id, self.anna)

    def test_nobody_makes_somebody_else_the_author(self):
        admin = self.env.ref("base.user_admin")
        lists = self.lists.with_user(self.anna)
        self.env["ir.default"].with_user(self.anna).set(
            "sms.marketing.list", "author_id", admin.id, user_id=True
        )
        copied = self.make_rule(admin).with_user(self.anna)
        vals = {"name": "A", "kind": "rule"}
        for door, rule in {
            "default": lists.create(vals),
            "context": lists.with_context(default_author_id=admin.id).create(vals),
            "copy": copied.copy(),
            "as the superuser": lists.sudo().create(vals),
        }.items():
            with self.subTest(door):
                self.assertEqual(rule.author_id, self.anna)
                with self.assertRaisesRegex(UserError, "Rule Author"):
                    rule.with_user(self.anna).author_id = admin
        columns = ["name", "kind", "domain", "author_id/.id"]
        for door in (
            lambda: lists.create({**vals, "author_id": admin.id}),
            lambda: lists.web_save({**vals, "author_id": admin.id}, {}),
            lambda: copied.copy({"author_id": admin.id}),
            lambda: rule.with_user(self.anna).write({"author_id": admin.id, "name": "Other"}),
        ):
            with self.assertRaisesRegex(UserError, "Rule Author"):
                door()
        self.assertFalse(lists.load(columns, [["B", "rule", "[]", admin.id]])["ids"])

    def test_rule_of_an_administrator_is_checked_again_for_who_copies_it(self):
        rule = self.make_rule(self.env.user, HIDDEN["a password"].format("h"))
        self.assertFalse(rule.rule_problem)
        with self.assertRaisesRegex(ValidationError, "Anna, may not read “mail_server_id”"):
            rule.with_user(self.anna).copy()

    # What it may look at

    def _answers(self, user, domain):
        """What a user sees of a rule, at every door at which one can be tried."""
        try:
            with self.env.cr.savepoint():
                made = self.lists.with_user(user).create(
                    {"name": "Guess", "kind": "rule", "domain": domain}
                )
                yield made.partner_count, made.rule_problem
        except (UserError, AccessError) as error:
            yield str(error)
        unsaved = self.lists.with_user(user).new({"name": "Guess", "kind": "rule"})
        unsaved.author_id = self.env.ref("base.user_root")
        unsaved.domain = domain
        yield unsaved.partner_count, unsaved.rule_problem
        administrators = self.lists.with_user(user).new(
            {"domain": domain}, origin=self.make_rule(self.env.user)
        )
        yield administrators.partner_count, administrators.rule_problem

    def test_a_guess_of_what_the_author_may_not_read_is_answered_like_any_other(self):
        server = self.env["ir.mail_server"].create(
            {"name": PASSWORD, "smtp_host": "mail.example.com", "smtp_pass": PASSWORD}
        )
        note = self.people[0].message_post(body="Hello")
        note.mail_server_id = server
        self.env.flush_all()
        # Odoo warns of operators in capital letters.
        self.enterContext(warnings.catch_warnings())
        warnings.simplefilter("ignore", DeprecationWarning)
        for what, domain in HIDDEN.items():
            with self.subTest(what):
                right = list(self._answers(self.anna, domain.format("hunt")))
                wrong = list(self._answers(self.anna, domain.format("nope")))
                self.assertEqual(
                    [str(one).replace("hunt", "nope") for one in right], [str(one) for one in wrong]
                )
                self.assertIn("cannot be used", right[0])

    def test_records_that_the_author_may_not_read_do_not_count(self):
        # A manager of Marketing SMS who sells sees only the own opportunities.
        seller = self.user("seller_rules", f"{MANAGER},sales_team.group_sale_salesman")
        self.env["crm.lead"].create(
            {
                "name": "Big deal",
                "type": "opportunity",
                "partner_id": self.people[0].id,
                "expected_revenue": 1_000_000,
                "user_id": self.ben.id,
            }
        )
        domain = "[('opportunity_ids.expected_revenue', '>=', 1000000)]"
        self.assertEqual(self.make_rule(self.env.user, domain).partner_count, 1)
        self.assertEqual(self.make_rule(seller, domain).partner_count, 0)

    def test_conversations_of_others_do_not_count(self):
        channel = self.env["discuss.channel"].create({"name": "Secret", "channel_type": "group"})
        channel.add_members(self.people[0].ids)
        channel.message_post(body="The codeword is Rosebud", message_type="comment")
        for domain in (
            "[('channel_ids.message_ids.body', 'ilike', 'rosebud')]",
            "[('channel_ids.name', '=', 'Secret')]",
        ):
            self.assertEqual(self.make_rule(self.anna, domain).partner_count, 0, domain)

    def test_contacts_that_the_author_may_not_read_are_not_found(self):
        self.env["ir.rule"].create(
            {
                "name": "Hide one",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "domain_force": str([("id", "!=", self.people[0].id)]),
                "groups": [Command.link(self.env.ref(MANAGER).id)],
            }
        )
        rule = self.make_rule(self.anna)
        self.assertEqual(rule.with_user(self.anna).partner_count, 2)
        message = self.message(include_list_ids=rule.ids)
        self.assertEqual(audience.count_by_reason(message), {None: 2})

    def test_field_that_is_searched_by_a_method_is_for_its_groups_too(self):
        field = self.env["res.partner"]._fields["phone_mobile_search"]
        self.patch(field, "groups", "base.group_system")
        domain = "[('phone_mobile_search', 'ilike', '303')]"
        self.assertFalse(self.make_rule(self.env.user, domain).rule_problem)
        with self.assertRaisesRegex(ValidationError, "may not read “phone_mobile_search”"):
            self.make_rule(self.anna, domain)

    def test_rule_does_not_look_at_audiences_and_lists(self):
        draft = self.message(self.people)
        for domain in (
            f"[('sms_audience', '=', '{draft.id}:')]",
            f"[('parent_id.sms_audience', '=', '{draft.id}:')]",
            "[('child_ids', 'any', [('sms_in_list', '=', 1)])]",
        ):
            with self.assertRaisesRegex(ValidationError, "cannot be used in a rule"):
                self.make_rule(self.anna, domain)

    def test_what_the_author_may_read_can_be_used(self):
        self.people[0].category_id = self.env["res.partner.category"].create({"name": "Gold"})
        self.people[1].parent_id = self.people[2]
        for domain, count in {
            "[('category_id', '=', 'Gold')]": 1,
            "[('category_id.name', 'ilike', 'gol'), ('city', '=', 'Smsville')]": 1,
            f"[('id', 'child_of', {self.people[2].id})]": 2,
            f"[('parent_id', '=', {self.people[2].id})]": 1,
            f"[('id', 'in', {self.people.ids})]": 3,
            f"[('display_name', 'ilike', '{self.people[0].name}'), ('city', '=', 'Smsville')]": 1,
            "[('create_date.year_number', '>', 1999), ('city', '=', 'Smsville')]": 3,
            "[('country_id.code', 'in', ['US']), ('city', '=', 'Smsville')]": 3,
            "['!', ('city', '!=', 'Smsville')]": 3,
            "[('properties.nothing_of_this_name', '=', 'x')]": 0,
            "[('user_id', '=?', False), ('city', '=', 'Smsville')]": 3,
        }.items():
            with self.subTest(domain):
                rule = self.make_rule(self.anna, domain).with_user(self.reader)
                self.assertEqual((rule.rule_problem, rule.partner_count), (False, count))

    def test_a_rule_has_an_end(self):
        endless = str([("id", "in", [10**9] * 20_000)])
        with self.assertRaisesRegex(ValidationError, "100000 characters"):
            self.make_rule(self.anna, endless)

    # Whoever looks

    def test_everybody_sees_what_the_author_finds(self):
        field = self.env["res.partner"]._fields["city"]
        rule = self.make_rule(self.env.user)
        self.patch(field, "groups", "base.group_system")
        message = self.message(include_list_ids=rule.ids, user_id=self.reader.id)
        for user in (self.reader, self.anna, self.env.user):
            with self.subTest(user.name):
                seen = rule.with_user(user)
                self.env.invalidate_all()
                self.assertEqual((seen.partner_count, seen.rule_problem), (3, False))
                found = self.env["res.partner"].with_user(user)
                action = seen.action_view_partners()
                self.assertEqual(found.search(action["domain"]), self.people)
                self.assertEqual(audience.count_by_reason(message.with_user(user)), {None: 3})

    def test_contacts_of_a_list_are_for_those_who_may_read_it(self):
        other = self.make_company()["company"]
        rule = self.make_rule(self.env.user, company_id=other.id)
        partners = self.env["res.partner"].with_user(self.anna)
        with self.assertRaises(AccessError):
            partners.search([("sms_in_list", "=", rule.id)])
        outsider = self.user("sales_rules", "sales_team.group_sale_salesman")
        with self.assertRaises(AccessError):
            self.env["res.partner"].with_user(outsider).search(
                [("sms_in_list", "=", self.make_rule(self.anna).id)]
            )

    def test_audience_does_not_depend_on_who_presses_send(self):
        shown = self.contact(subscribed=True, city="Smsville", lang="en_US")
        rule = self.make_rule(self.anna)
        message = self.message(include_list_ids=rule.ids, user_id=self.reader.id)
        message.with_user(self.reader).with_context(tz="Asia/Tokyo").action_send()
        self.run_lane()
        self.assertEqual(message.recipient_ids.partner_id, self.people | shown)

    def test_company_and_shared_contacts_only(self):
        other = self.make_company()
        both = self.user(
            "both_rules",
            MANAGER,
            company_ids=[Command.set((self.company | other["company"]).ids)],
        )
        foreign = self.contact(city="Smsville", company_id=other["company"].id)
        own = self.contact(city="Smsville", company_id=self.company.id)
        for author in (both, self.env.user):
            rule = self.make_rule(author)
            self.assertEqual(rule.partner_count, 4)
            message = self.message(include_list_ids=rule.ids)
            self.write_audience(message)
            self.assertEqual(message.recipient_ids.partner_id, self.people | own)
            self.assertNotIn(foreign, message.recipient_ids.partner_id)

    # Rights that are lost

    def _lose(self, author, what):
        other = self.make_company(f"Company of {what}")["company"]
        return {
            "archived": author.action_archive,
            "role": lambda: author.write({"group_ids": [Command.unlink(self.env.ref(MANAGER).id)]}),
            "company": lambda: author.write(
                {"company_ids": [Command.set(other.ids)], "company_id": other.id}
            ),
            "field": lambda: self.patch(
                self.env["res.partner"]._fields["city"], "groups", "base.group_system"
            ),
        }[what]()

    def test_rule_of_an_author_without_rights_selects_nobody_and_says_so(self):
        for what, said in {
            "company": "has no access to the company of the list",
            "role": "no longer a manager of Marketing SMS",
            "archived": "is archived",
            "field": "may not read “city”",
        }.items():
            with self.subTest(what):
                author = self.user(f"author_{what}", MANAGER)
                rule = self.make_rule(author)
                message = self.message(include_list_ids=rule.ids)
                self.assertEqual(message.get_audience()["recipients"], 3)
                self._lose(author, what)
                self.env.invalidate_all()
                self.assertEqual(rule.with_user(self.reader).partner_count, 0)
                self.assertIn(said, rule.with_user(self.reader).rule_problem)
                self.assertIn("take", rule.rule_problem)
                self.assertIn(said, message.get_audience()["problem"])
                [finding] = [
                    one
                    for one in message.get_review("send")["findings"]
                    if one["code"] == "broken_rule"
                ]
                self.assertIn(said, finding["text"])
                self.assertEqual(finding["mend"]["action"]["res_id"], rule.id)
                with self.assertRaisesRegex(UserError, said):
                    message.action_send()

    def test_form_does_not_name_a_company_in_which_the_user_does_not_work(self):
        other = self.make_company("Secret Venture")["company"]
        lists = self.env["sms.marketing.list"].with_user(self.anna)
        shown = lists.onchange(
            {"company_id": other.id, "kind": "rule", "domain": "[]"},
            ["company_id", "kind", "domain"],
            {"rule_problem": {}, "partner_count": {}},
        )["value"]
        self.assertIn("has no access to the company", shown["rule_problem"])
        self.assertNotIn("Secret Venture", shown["rule_problem"])
        self.assertFalse(shown.get("partner_count"))

    def test_scheduled_message_does_not_start_with_a_rule_whose_author_has_gone(self):
        rule = self.make_rule(self.anna)
        message = self.message(include_list_ids=rule.ids)
        message.action_send()
        self.anna.action_archive()
        with self.assertLogs("odoo.addons.sms_marketing", "WARNING"):
            self.run_lane()
        self.assertEqual(message.state, "draft")
        self.assertIn("is archived", message.message_ids[0].body)
        self.assertFalse(message.recipient_ids)

    def test_update_makes_who_last_changed_a_list_its_author(self):
        rule = self.make_rule(self.anna)
        rule.with_user(self.ben).name = "Renamed"
        untouched = self.make_rule(self.anna)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sms_marketing_list SET author_id = NULL,"
            " write_uid = CASE WHEN id = %s THEN NULL ELSE write_uid END WHERE id IN %s",
            [untouched.id, (rule.id, untouched.id)],
        )
        path = Path(__file__).parents[1] / "migrations/19.0.1.1.0/post-rule-author.py"
        spec = importlib.util.spec_from_file_location("post_rule_author", path)
        script = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(script)
        script.migrate(self.env.cr, "19.0.1.0.0")
        self.env.invalidate_all()
        self.assertEqual((rule + untouched).mapped("author_id.name"), ["Ben", "Anna"])

    def test_deleted_author(self):
        rule = self.make_rule(self.anna)
        rule.write_uid = rule.create_uid = self.ben
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sms_marketing_list SET author_id = NULL WHERE id = %s", [rule.id]
        )
        self.env.invalidate_all()
        self.assertIn("no longer has an author", rule.rule_problem)

    def test_a_manager_takes_a_rule_over(self):
        rule = self.make_rule(self.anna)
        self.anna.action_archive()
        self.env.invalidate_all()
        with self.assertRaises(AccessError):
            rule.with_user(self.reader).action_take_over_rule()
        rule.with_user(self.ben).action_take_over_rule()
        self.assertEqual((rule.author_id, rule.rule_problem), (self.ben, False))
        self.assertEqual(rule.partner_count, 3)

    def test_nobody_takes_over_what_he_may_not_read(self):
        rule = self.make_rule(self.env.user, HIDDEN["a password"].format("h"))
        with self.assertRaises(ValidationError):
            rule.with_user(self.ben).action_take_over_rule()

    # Pages

    def test_lists_page_with_broken_rules(self):
        self.lists.search([]).active = False
        good = self.make_rule(self.anna)
        gone = self.make_rule(self.ben, name="Gone")
        incomparable = self.make_rule(self.anna, name="Incomparable")
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sms_marketing_list SET domain = %s WHERE id = %s",
            ("[('color', '=', 'red')]", incomparable.id),
        )
        self.ben.action_archive()
        self.env.invalidate_all()
        fields = {"name": {}, "partner_count": {}, "rule_problem": {}}
        rows = self.lists.with_user(self.reader).web_search_read([], fields)["records"]
        by_id = {row["id"]: row for row in rows}
        self.assertEqual(by_id[good.id]["partner_count"], 3)
        self.assertFalse(by_id[good.id]["rule_problem"])
        for rule in (gone, incomparable):
            self.assertEqual(by_id[rule.id]["partner_count"], 0)
            self.assertIn("cannot be used", by_id[rule.id]["rule_problem"])
        self.assertNotIn("integer", by_id[incomparable.id]["rule_problem"])

    def test_lists_page_costs_the_same_for_few_and_many(self):
        def queries(lists):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            lists.with_user(self.reader).web_read({"name": {}, "partner_count": {}})
            return self.env.cr.sql_log_count - before

        rules = self.lists.browse(self.make_rule(self.anna).id for _ in range(12))
        fixed = self.lists.create([{"name": "Fixed"} for _ in range(12)])
        queries(rules + fixed)
        self.assertEqual(queries(rules[:2] + fixed[:2]), queries(rules + fixed))

    def test_archived_lists_are_counted_too(self):
        fixed = self.lists.create({"name": "Fixed", "partner_ids": self.people[:2].ids})
        rule = self.make_rule(self.anna)
        (fixed + rule).active = False
        self.env.invalidate_all()
        counts = (fixed + rule).with_user(self.reader).mapped("partner_count")
        self.assertEqual(counts, [2, 3])

    def test_form_counts_before_saving(self):
        with Form(self.lists.with_user(self.anna)) as form:
            form.name, form.kind = "Locals", "rule"
            form.domain = "[('city', '=', 'Smsville')]"
            self.assertEqual((form.partner_count, form.rule_problem), (3, False))
            form.domain = "[('nope', '=', 1)]"
            self.assertEqual(form.partner_count, 0)
            self.assertIn("nope", form.rule_problem)
            form.domain = "[]"

    def test_name_of_a_message_that_one_may_not_see_is_not_told(self):
        other = self.make_company()
        used = self.lists.create({"name": "Used"})
        message = self.message(self.people, name="Top secret", include_list_ids=used.ids)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sms_marketing_message SET company_id = %s WHERE id = %s",
            [other["company"].id, message.id],
        )
        self.env.invalidate_all()
        with self.assertRaisesRegex(UserError, "messages that you may not see"):
            used.with_user(self.anna).unlink()
