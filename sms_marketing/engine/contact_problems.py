"""What an import says of a row that it takes with a reservation, in the user's language."""

from ..text.numbers import NumberProblem
from . import consent

#: A number in a sentence is cut to so many characters: anything may stand in a cell.
LONGEST_VALUE = 40


def opted_out_later(env, number):
    return env._("%s opted out later than this evidence or was erased; kept so", number)


def not_recorded(env, number, reason):
    """Why a consent was left out.

    :param reason: of ``consent.LeftOut``
    """
    return {
        consent.NO_EVIDENCE: lambda: env._(
            "%s has opted out: new consent needs the kind of evidence (evidence_kind)", number
        ),
        consent.VERBAL: lambda: env._(
            "%s has opted out: an unrecorded conversation is not enough", number
        ),
    }.get(reason, lambda: opted_out_later(env, number))()


def of_number(env, error, value):
    """Why a cell holds no usable phone number.

    :param error: ``InvalidNumber``; its own words are for logs
    """
    value = value if len(value) <= LONGEST_VALUE else f"{value[:LONGEST_VALUE]}…"
    return {
        NumberProblem.EMPTY: lambda: env._("is empty"),
        NumberProblem.NOT_A_NUMBER: lambda: env._("“%s” is not one phone number", value),
        NumberProblem.NO_COUNTRY: lambda: env._(
            "“%s” has no country: write it with + and the country's calling code", value
        ),
        NumberProblem.UNKNOWN_CALLING_CODE: lambda: env._(
            "“%s” begins with a calling code that no country has", value
        ),
        NumberProblem.TOO_SHORT: lambda: env._(
            "“%s” has too few digits, or lacks its area code", value
        ),
        NumberProblem.TOO_LONG: lambda: env._("“%s” has too many digits", value),
        NumberProblem.EXTENSION: lambda: env._(
            "“%s” has an extension, which no text can reach", value
        ),
        NumberProblem.INVALID: lambda: env._("“%s” is a number that no phone has", value),
    }[error.reason]()
