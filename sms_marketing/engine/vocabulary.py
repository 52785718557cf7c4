"""The closed vocabularies of a recipient: kinds, states and reasons, and what may follow what.

They are data so that SQL, Python and the interface speak the same words.
"""

from ..gateways.reasons import LABELS as CARRIER_REASONS

#: A campaign's text is marketing and needs consent. An answer to a keyword, a test to a colleague's
#: own number and the code that verifies such a number do not. The text that asks somebody to
#: confirm a sign-up needs one thing: that the sign-up still waits to be confirmed.
KINDS = [
    ("campaign", "Campaign"),
    ("answer", "Answer"),
    ("opt_in", "Request to confirm"),
    ("test", "Test"),
    ("verification", "Verification code"),
]

#: What a keyword does.
KEYWORD_ACTIONS = [
    ("stop", "Opt out"),
    ("start", "Opt in again"),
    ("join", "Sign up"),
    ("confirm", "Confirm a sign-up"),
    ("help", "Help"),
]

STATES = [
    ("skipped", "Not sent"),
    ("queued", "Waiting"),
    ("sending", "Being sent"),
    ("sent", "Sent"),
    ("delivered", "Delivered"),
    ("undelivered", "Not delivered"),
    ("failed", "Refused"),
    ("unknown", "Unknown"),
    ("cancelled", "Cancelled"),
]

#: States after which a message has nothing left to do by itself for this recipient.
PENDING_STATES = ("queued", "sending")

#: States in which the gateway is known to have taken the text.
TAKEN_STATES = ("sent", "delivered", "undelivered")

#: Why the audience leaves a contact out (S39). The order is the order in which reasons are given:
#: when several hold, the user is told the first one, which is the one to mend first.
AUDIENCE_REASONS = [
    ("excluded", "Left out by the message"),
    ("archived", "Contact is archived"),
    ("other_company", "Contact belongs to another company"),
    ("not_marketing", "Marketing status is off"),
    ("no_number", "No phone number"),
    ("invalid_number", "Phone number is not valid"),
    ("country", "Sender may not send to this country"),
    ("unsubscribed", "Opted out"),
    ("blacklisted", "Number is on the phone blacklist"),
    ("stop_wish", "Reads like a wish to stop; waits for review"),
    ("pending", "Consent not confirmed yet"),
    ("no_consent", "Never agreed to this kind of text"),
    ("frequency_cap", "Got as many texts as the frequency cap allows"),
    ("duplicate", "Another recipient has the same number"),
]

#: When neither number of a contact can be used, the one with the first of these is told.
NUMBER_REASONS = [
    "unsubscribed",
    "stop_wish",
    "pending",
    "blacklisted",
    "no_consent",
    "country",
    "invalid_number",
    "no_number",
]

#: Reasons that can only arise between the audience and the hand-over.
DISPATCH_REASONS = [
    ("contact_deleted", "Contact was deleted"),
    ("number_changed", "Contact has another number now"),
    ("gave_up", "Gateway did not take it in time"),
    ("rendering", "Text could not be written for this contact"),
    ("not_verified", "Test number is not verified"),
    ("settled", "Sign-up no longer waits to be confirmed"),
]

#: Why a text is not sent, or not yet (a recipient that waits), by the clock of its contact.
TIMING_REASONS = [
    ("moment_passed", "The time had passed in the contact's time zone"),
    ("quiet_hours", "Waits for quiet hours to end"),
]

REASONS = [
    *AUDIENCE_REASONS,
    *TIMING_REASONS,
    *DISPATCH_REASONS,
    # "invalid_number" is in both: the contact's number is no number, or nobody's number.
    *(
        (str(code), label)
        for code, label in CARRIER_REASONS.items()
        if code not in dict(AUDIENCE_REASONS)
    ),
]

#: For each status of a receipt: the state that it leads to, and the states that it may overwrite.
#: Receipts come early, late, twice or never. What is final by a receipt is overwritten by no
#: later "accepted"; "delivered" is overwritten by nothing, since a text that was read was read.
#: A text that waits again, as a person or the provider's answer said that it was not taken, is not
#: sent a second time when a receipt shows that it was; that it did not arrive is no news for it.
RECEIPT_EFFECTS = {
    "accepted": ("sent", ("sending", "unknown", "queued", "cancelled")),
    "delivered": (
        "delivered",
        ("sending", "sent", "unknown", "undelivered", "failed", "queued", "cancelled"),
    ),
    "undelivered": ("undelivered", ("sending", "sent", "unknown", "cancelled")),
    "rejected": ("undelivered", ("sending", "sent", "unknown", "cancelled")),
}
