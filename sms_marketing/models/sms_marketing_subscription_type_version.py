from odoo import api, fields, models
from odoo.tools import SQL

#: Fields of a subscription type that people read before they agree.
WORDS = ("name", "description", "frequency", "double_opt_in_text")


class SmsMarketingSubscriptionTypeVersion(models.Model):
    """What people read of a subscription type from one moment on: the words in every language.

    A trigger of the database writes a version when a type is made or its words change, by whatever
    door (a form, a translation, an import of terms, SQL), so that no consent can refer to words
    that nobody kept. Nobody changes or deletes one as long as its type is there.
    """

    _name = "sms.marketing.subscription.type.version"
    _inherit = "sms.marketing.engine.record"
    _log_access = False  # not inherited from an abstract model
    _description = "SMS Subscription Type Version"
    _order = "type_id, number desc"

    type_id = fields.Many2one(
        "sms.marketing.subscription.type",
        string="Subscription Type",
        required=True,
        readonly=True,
        ondelete="cascade",
    )
    number = fields.Integer(string="Version", required=True, readonly=True, aggregator=None)
    valid_from = fields.Datetime(required=True, readonly=True)
    user_id = fields.Many2one(
        "res.users", string="Changed by", readonly=True, index=True, ondelete="restrict"
    )
    is_reconstructed = fields.Boolean(
        string="Recorded Later",
        readonly=True,
        help="The words as they were when versions began to be kept. What people read before that "
        "is known only from the wording in their line of the consent log.",
    )
    words = fields.Json(
        required=True, readonly=True, help="The words by field and by language, as they were."
    )
    name = fields.Char(compute="_compute_words")
    description = fields.Text(string="Public Description", compute="_compute_words")
    frequency = fields.Char(compute="_compute_words")
    double_opt_in_text = fields.Char(string="Text that Asks to Confirm", compute="_compute_words")
    all_words = fields.Text(string="In All Languages", compute="_compute_all_words")

    _number = models.UniqueIndex("(type_id, number)")

    def init(self):
        """Keep versions from now on, and the present words of types that have none."""
        super().init()
        self.env.cr.execute(
            SQL(
                """
                CREATE OR REPLACE FUNCTION sms_marketing_words(type sms_marketing_subscription_type)
                RETURNS jsonb LANGUAGE sql STABLE AS $$
                    SELECT jsonb_strip_nulls(jsonb_build_object(
                        'name', type.name,
                        'description', type.description,
                        'frequency', type.frequency,
                        'double_opt_in_text', type.double_opt_in_text))
                $$;
                CREATE OR REPLACE FUNCTION sms_marketing_keep_words()
                RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    IF TG_OP = 'UPDATE'
                       AND sms_marketing_words(NEW) = sms_marketing_words(OLD)
                    THEN RETURN NULL;
                    END IF;
                    INSERT INTO sms_marketing_subscription_type_version (
                        type_id, number, valid_from, user_id, words)
                    SELECT NEW.id, COALESCE(max(number), 0) + 1, now() AT TIME ZONE 'UTC',
                           -- Terms that are imported leave the user of an earlier write.
                           CASE WHEN NEW.write_date = now() AT TIME ZONE 'UTC'
                                THEN NEW.write_uid END,
                           sms_marketing_words(NEW)
                      FROM sms_marketing_subscription_type_version WHERE type_id = NEW.id;
                    RETURN NULL;
                END $$;
                DROP TRIGGER IF EXISTS keep_words ON sms_marketing_subscription_type;
                CREATE TRIGGER keep_words AFTER INSERT OR UPDATE
                ON sms_marketing_subscription_type FOR EACH ROW
                EXECUTE FUNCTION sms_marketing_keep_words();

                CREATE OR REPLACE FUNCTION sms_marketing_words_append_only()
                RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    -- A type that nobody ever agreed to can be deleted, and its versions with it.
                    IF TG_OP = 'DELETE' AND NOT EXISTS (
                        SELECT FROM sms_marketing_subscription_type WHERE id = OLD.type_id)
                    THEN RETURN OLD;
                    END IF;
                    RAISE EXCEPTION USING
                        MESSAGE = 'versions of subscription types are append-only: '
                                  || TG_OP || ' refused',
                        ERRCODE = 'insufficient_privilege';
                END $$;
                DROP TRIGGER IF EXISTS append_only_row ON sms_marketing_subscription_type_version;
                CREATE TRIGGER append_only_row BEFORE UPDATE OR DELETE
                ON sms_marketing_subscription_type_version FOR EACH ROW
                EXECUTE FUNCTION sms_marketing_words_append_only();
                DROP TRIGGER IF EXISTS append_only ON sms_marketing_subscription_type_version;
                CREATE TRIGGER append_only BEFORE TRUNCATE
                ON sms_marketing_subscription_type_version FOR EACH STATEMENT
                EXECUTE FUNCTION sms_marketing_words_append_only();

                INSERT INTO sms_marketing_subscription_type_version (
                    type_id, number, valid_from, is_reconstructed, words)
                SELECT type.id, 1, now() AT TIME ZONE 'UTC', TRUE, sms_marketing_words(type)
                  FROM sms_marketing_subscription_type type
                 WHERE NOT EXISTS (SELECT FROM sms_marketing_subscription_type_version version
                                    WHERE version.type_id = type.id);
                """
            )
        )

    @api.depends("words")
    @api.depends_context("lang")
    def _compute_words(self):
        lang = self.env.lang or "en_US"
        for version in self:
            for name in WORDS:
                by_language = (version.words or {}).get(name, {})
                version[name] = by_language.get(lang) or by_language.get("en_US") or False

    @api.depends("words")
    def _compute_all_words(self):
        """The languages in their order; of the kinds of words, those that there are."""
        labels = {
            name: self.env["sms.marketing.subscription.type"]
            ._fields[name]
            ._description_string(self.env)
            for name in WORDS
        }
        for version in self:
            words = version.words or {}
            version.all_words = "\n".join(
                f"{labels[name]} ({lang}): {text}"
                for name in WORDS
                for lang, text in sorted(words.get(name, {}).items())
                if text
            )

    @api.depends("name", "number")
    def _compute_display_name(self):
        for version in self:
            version.display_name = self.env._(
                "%(name)s (version %(number)d)", name=version.name, number=version.number
            )

    @api.model
    def _how_it_comes_about(self):
        return self.env._(
            "Versions cannot be changed or deleted: they are what people agreed to. "
            "A new one is kept when the words of the subscription type change."
        )
