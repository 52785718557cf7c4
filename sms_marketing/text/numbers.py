"""Phone numbers in E.164, the form in which the add-on stores and compares all of them.

Source: ITU-T E.164 (a plus sign, the country's calling code, at most fifteen digits in all); the
numbering plans are those of the library `phonenumbers`.
"""

import re
from enum import StrEnum

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType, ValidationResult

from .encoding import strip_control

_e164 = re.compile(r"\+[1-9][0-9]{1,14}", re.ASCII).fullmatch
#: Numbers that phones with texts have. North America and others cannot tell mobiles by the number.
_TEXTABLE = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})
#: Numbers at which a text costs a lot, or reaches no phone. (Personal numbers, such as +44 70, are
#: redirected at premium rates.)
_COSTLY = frozenset(
    {
        PhoneNumberType.PREMIUM_RATE,
        PhoneNumberType.SHARED_COST,
        PhoneNumberType.TOLL_FREE,
        PhoneNumberType.UAN,
        PhoneNumberType.PERSONAL_NUMBER,
        PhoneNumberType.PAGER,
        PhoneNumberType.VOICEMAIL,
    }
)
#: Digits at the end of a number that its range leaves open: carriers give out blocks of a thousand.
_RANGE_DIGITS = 3
_international_prefix = re.compile(r"[\s(]*+00[\s).-]*+(?=[1-9])").match
#: Characters of a number, spaces and signs included: longer than any way to write one. Nothing
#: longer is looked at, for reading it can take time that grows with the square of its length.
LONGEST = 64


class NumberProblem(StrEnum):
    """Why something is no usable phone number."""

    EMPTY = "empty"
    NOT_A_NUMBER = "not_a_number"
    NO_COUNTRY = "no_country"
    UNKNOWN_CALLING_CODE = "unknown_calling_code"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    EXTENSION = "extension"
    INVALID = "invalid"


class InvalidNumber(ValueError):
    """Not a usable phone number.

    :param reason: a `NumberProblem`, for code
    :param detail: what is wrong and how to mend it, for people
    """

    def __init__(self, reason: NumberProblem, detail: str):
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail

    def __str__(self):
        return self.detail


def parse_number(value: str, region: str | None) -> str:
    """`value` in E.164, such as `+12025550123`.

    A number with a plus sign stands for itself; a national one is read as of `region` (ISO 3166
    alpha-2, any case, or None). An international number that begins with 00 is understood in
    every region, unless it is a valid national number there.

    :raise InvalidNumber: if there is no number in it, or none that its country gives out
    """
    value = value.strip()
    if not value:
        raise InvalidNumber(NumberProblem.EMPTY, "The number is empty; enter a phone number.")
    if len(value) > LONGEST:
        raise InvalidNumber(
            NumberProblem.TOO_LONG,
            f"“{_excerpt(value)}” is too long to be a phone number; enter one number, such as "
            f"{_example(None)}.",
        )
    region = _supported(region)
    try:
        return _parse(value, region)
    except InvalidNumber as error:
        prefix = _international_prefix(value)
        if not prefix:
            raise
        international = f"+{value[prefix.end() :]}"
        try:
            return _parse(international, None)
        except InvalidNumber as second_error:
            # A national reading that failed says less than the international one, which the
            # person most likely meant.
            raise second_error from error


def to_e164(value: str, region: str | None) -> str | None:
    """`value` in E.164 as by `parse_number`, or None where that raises."""
    try:
        return parse_number(value, region)
    except InvalidNumber:
        return None


def calling_code(e164: str) -> str:
    """The country calling code of a number, without plus sign: `1`, `31`, `353`.

    :raise InvalidNumber: if it is not E.164 or no country has its calling code
    """
    if _e164(e164):
        # No calling code begins another one, so the first that fits is it.
        for length in (2, 3, 4):
            if int(e164[1:length]) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
                return e164[1:length]
    raise InvalidNumber(
        NumberProblem.UNKNOWN_CALLING_CODE,
        f"“{_excerpt(e164)}” has no known calling code; write + and the country's code first.",
    )


def region_of(e164: str) -> str | None:
    """ISO 3166 alpha-2 code of the country of a number.

    None if it is not E.164, belongs to no single country (such as +800 and satellite numbers), or
    if several countries share its calling code and none of them has such a number.
    """
    if not _e164(e164):
        return None
    try:
        region = phonenumbers.region_code_for_number(phonenumbers.parse(e164))
    except NumberParseException:
        return None
    return None if region in (None, phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY) else region


def is_textable(e164: str) -> bool:
    """Whether strangers may have a text sent to this number: a country's mobile number.

    Landlines and VoIP numbers are not: few of them get texts, and VoIP numbers are had by the
    thousand. Nor are satellite and other networks of no country (+870, +881 to +883, +888, +979).
    """
    return _type_of(e164) in _TEXTABLE


def may_be_answered(e164: str) -> bool:
    """Whether a text from this number may be answered: neither a service nor a costly number.

    Wider than `is_textable`, since who texts can get texts, and since numbering plans are newer
    than any list of them: a number that no list knows is answered.
    """
    if not _e164(e164) or len(e164) < len("+1234567"):
        return False  # a short code or a name: what answers it may be a machine that answers us
    return _type_of(e164) not in _COSTLY | {None}


def number_range(e164: str) -> str:
    """The thousand numbers that this one is of: all but its last three digits."""
    return e164[:-_RANGE_DIGITS]


def _type_of(e164):
    """`PhoneNumberType`; None where it is not E.164 or a network of no country."""
    if not _e164(e164):
        return None
    try:
        number = phonenumbers.parse(e164)
    except NumberParseException:
        return None
    region = phonenumbers.region_code_for_country_code(number.country_code)
    if region == phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY:
        return None
    return phonenumbers.number_type(number)


def masked(e164: str) -> str:
    """A number with all but its calling code and its last three digits hidden: `+1 ••• 177`."""
    try:
        return f"+{calling_code(e164)} ••• {e164[-3:]}"
    except InvalidNumber:
        return f"••• {e164[-3:]}"


def _supported(region):
    region = (region or "").strip().upper()
    return region if region in phonenumbers.SUPPORTED_REGIONS else None


def _parse(value, region):
    try:
        number = phonenumbers.parse(value, region)
    except NumberParseException as error:
        raise _explain_exception(error, value, region) from error
    if number.extension:
        raise InvalidNumber(
            NumberProblem.EXTENSION,
            f"“{_excerpt(value)}” has an extension, which no text can reach; "
            "enter a direct number.",
        )
    if not phonenumbers.is_valid_number(number):
        raise _explain_invalid(number, value)
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def _explain_exception(error, value, region):
    shown = f"“{_excerpt(value)}”"
    kind = error.error_type
    if kind == NumberParseException.INVALID_COUNTRY_CODE:
        if region is None and not value.lstrip().startswith(("+", "＋")):
            return InvalidNumber(
                NumberProblem.NO_COUNTRY,
                f"{shown} has no country; write it with + and the country's calling code, "
                f"such as {_example(None)}.",
            )
        return InvalidNumber(
            NumberProblem.UNKNOWN_CALLING_CODE,
            f"{shown} begins with a calling code that no country has; check the digits after +.",
        )
    if kind in (NumberParseException.TOO_SHORT_AFTER_IDD, NumberParseException.TOO_SHORT_NSN):
        return InvalidNumber(NumberProblem.TOO_SHORT, _too_short(value, region))
    if kind == NumberParseException.TOO_LONG:
        return InvalidNumber(NumberProblem.TOO_LONG, _too_long(value, region))
    return InvalidNumber(
        NumberProblem.NOT_A_NUMBER,
        f"{shown} is not one phone number; enter digits only, such as {_example(region)}.",
    )


def _explain_invalid(number, value):
    region = phonenumbers.region_code_for_country_code(number.country_code)
    possible = phonenumbers.is_possible_number_with_reason(number)
    if possible in (ValidationResult.TOO_SHORT, ValidationResult.IS_POSSIBLE_LOCAL_ONLY):
        return InvalidNumber(NumberProblem.TOO_SHORT, _too_short(value, region))
    if possible == ValidationResult.TOO_LONG:
        return InvalidNumber(NumberProblem.TOO_LONG, _too_long(value, region))
    return InvalidNumber(
        NumberProblem.INVALID,
        f"“{_excerpt(value)}” is not a number that exists under +{number.country_code}; check "
        f"its digits and its country. A valid one looks like {_example(region)}.",
    )


def _too_short(value, region=None):
    return (
        f"“{_excerpt(value)}” has too few digits, or lacks its area code; "
        f"a full number looks like {_example(region)}."
    )


def _too_long(value, region=None):
    return f"“{_excerpt(value)}” has too many digits; enter one number, such as {_example(region)}."


def _example(region):
    """A number as people of `region` (else of the United States) write it internationally."""
    number = region and phonenumbers.example_number_for_type(region, PhoneNumberType.MOBILE)
    number = number or phonenumbers.example_number("US")
    return phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)


def _excerpt(value):
    value = strip_control(value[: 2 * LONGEST])
    return value if len(value) <= 40 else f"{value[:40]}…"
