from odoo import api, fields, models
from odoo.tools import SQL

from ..engine.consent import EVIDENCE_KINDS

SUBSCRIPTION_STATES = [
    ("pending", "Pending"),
    ("subscribed", "Subscribed"),
    ("unsubscribed", "Unsubscribed"),
]

METHODS = [
    ("keyword", "Keyword"),
    ("form", "Form"),
    ("import", "Import"),
    ("staff", "Staff"),
    ("automation", "Automation"),
    ("link", "Link"),
    ("carrier", "Carrier"),
    ("api", "API"),
    ("one_to_one", "One-to-one text"),
]

LEGAL_BASES = [
    ("written_consent", "Written consent"),
    ("verbal_consent", "Verbal consent"),
    ("web_consent", "Consent on a web page"),
    ("text_consent", "Consent by text message"),
    ("existing_customer", "Existing customer, similar products"),
    ("withdrawal", "Withdrawal"),
]


class SmsMarketingConsent(models.Model):
    """One change of consent: the append-only log.

    Nobody edits or deletes a line: the ORM refuses, and a trigger in the database refuses too, so
    that SQL cannot rewrite history by accident. ``engine.consent.record`` writes the lines.
    """

    _name = "sms.marketing.consent"
    _inherit = ["sms.marketing.engine.record", "sms.marketing.consent.record"]
    _recorded_by = "user_id"
    _log_access = False  # not inherited from an abstract model
    _description = "SMS Consent Log"
    _order = "id desc"
    _rec_name = "number"

    number = fields.Char(required=True, readonly=True)
    type_id = fields.Many2one(
        "sms.marketing.subscription.type",
        string="Subscription Type",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True, ondelete="restrict"
    )
    previous_state = fields.Selection(SUBSCRIPTION_STATES, string="Before", readonly=True)
    state = fields.Selection(SUBSCRIPTION_STATES, string="After", required=True, readonly=True)
    occurred_at = fields.Datetime(
        string="When", required=True, readonly=True, help="When the person did it (UTC)."
    )
    recorded_at = fields.Datetime(
        required=True, readonly=True, help="When this line was written (UTC)."
    )
    method = fields.Selection(METHODS, string="How", required=True, readonly=True)
    legal_basis = fields.Selection(LEGAL_BASES, readonly=True)
    evidence_kind = fields.Selection(
        EVIDENCE_KINDS, string="Evidence", readonly=True, help="What shows that the person agreed."
    )
    wording = fields.Text(
        string="Wording Shown", readonly=True, help="What the person read or wrote."
    )
    type_version_id = fields.Many2one(
        "sms.marketing.subscription.type.version",
        string="Wording Version",
        readonly=True,
        ondelete="restrict",
        help="What the subscription type said when this line was written.",
    )
    type_words = fields.Text(
        related="type_version_id.all_words", string="Subscription Type at That Time"
    )
    explanation = fields.Text(readonly=True, help="Where the evidence is, or why it was changed.")
    user_id = fields.Many2one(
        "res.users", string="Changed by", readonly=True, index=True, ondelete="restrict"
    )
    address = fields.Char(
        readonly=True, help="Network address, or other origin, that the change came from."
    )

    _number = models.Index("(number, id)")

    def init(self):
        """Make the table append-only for every SQL user, the ORM's own included."""
        super().init()
        self.env.cr.execute(
            SQL(
                """
                CREATE OR REPLACE FUNCTION sms_marketing_consent_append_only()
                RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    -- An erasure announces itself; then each row is looked at.
                    IF TG_OP = 'UPDATE' AND TG_LEVEL = 'STATEMENT'
                       AND current_setting('sms_marketing.erasure', TRUE)
                           = pg_current_xact_id()::text THEN
                        RETURN NULL;
                    END IF;
                    -- Only a number that this transaction logs as erased may give way to its
                    -- hash, and free text may go; what happened, and when, stays.
                    IF TG_OP = 'UPDATE' AND TG_LEVEL = 'ROW' THEN
                        IF EXISTS (SELECT 1 FROM sms_marketing_privacy_log entry
                                    WHERE entry.kind = 'erasure'
                                      AND entry.company_id = OLD.company_id
                                      AND entry.transaction_id = pg_current_xact_id()::text
                                      AND NEW.number = 'erased:' || entry.number_hash)
                           AND NEW.address IS NULL AND NEW.explanation IS NULL
                           AND (NEW.wording IS NULL OR NEW.wording = OLD.wording)
                           AND to_jsonb(NEW) - '{number,address,explanation,wording}'::text[]
                             = to_jsonb(OLD) - '{number,address,explanation,wording}'::text[]
                        THEN RETURN NEW;
                        END IF;
                    END IF;
                    RAISE EXCEPTION USING
                        MESSAGE = 'the consent log is append-only: ' || TG_OP || ' refused',
                        ERRCODE = 'insufficient_privilege';
                END $$;
                DROP TRIGGER IF EXISTS append_only ON sms_marketing_consent;
                CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE
                ON sms_marketing_consent FOR EACH STATEMENT
                EXECUTE FUNCTION sms_marketing_consent_append_only();
                DROP TRIGGER IF EXISTS append_only_row ON sms_marketing_consent;
                CREATE TRIGGER append_only_row BEFORE UPDATE
                ON sms_marketing_consent FOR EACH ROW
                EXECUTE FUNCTION sms_marketing_consent_append_only();
                """
            )
        )

    @api.model
    def _how_it_comes_about(self):
        return self.env._(
            "The consent log cannot be changed or deleted. "
            "A new change of consent appends a line to it."
        )
