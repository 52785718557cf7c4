"""Phone numbers into E.164, and what is said about those that are none."""

import re

import phonenumbers
from hypothesis import given
from hypothesis import strategies as st
from odoo.tests import BaseCase

from odoo.addons.sms_marketing.text.numbers import (
    InvalidNumber,
    NumberProblem,
    calling_code,
    is_textable,
    may_be_answered,
    number_range,
    parse_number,
    region_of,
    to_e164,
)

from .text_strategies import any_text

regions = st.sampled_from(sorted(phonenumbers.SUPPORTED_REGIONS))
number_like = st.text(st.sampled_from("0123456789+-() ./x\u200e٣"), max_size=24)


class TestParseNumber(BaseCase):
    def test_usual_ways_to_write(self):
        for value, region, expected in (
            ("+1-800-555-5555", None, "+18005555555"),
            ("(202) 555-0123", "US", "+12025550123"),
            ("1 (202) 555-0123", "us", "+12025550123"),
            ("06-12 34 56 78", "NL", "+31612345678"),
            ("+31 (0)6 12345678", None, "+31612345678"),
            ("+31 6 12345678", "US", "+31612345678"),
            ("0031612345678", "NL", "+31612345678"),
            ("0031612345678", "US", "+31612345678"),
            ("00 31 6 1234 5678", None, "+31612345678"),
            ("02 1234 5678", "IT", "+390212345678"),
            ("+44 7400 123456\u200e", None, "+447400123456"),
            ("\u202a+1 202 555 0123\u202c", None, "+12025550123"),
            ("＋３１ ６１２３４５６７８", None, "+31612345678"),
            ("+٣١٦١٢٣٤٥٦٧٨", None, "+31612345678"),
            ("tel:+31612345678", None, "+31612345678"),
            ("1-800-FLOWERS", "US", "+18003569377"),
        ):
            with self.subTest(value):
                self.assertEqual(parse_number(value, region), expected)
                self.assertEqual(to_e164(value, region), expected)

    def test_problems(self):
        for value, region, reason in (
            ("", "NL", NumberProblem.EMPTY),
            (" \t", None, NumberProblem.EMPTY),
            ("ask later", "NL", NumberProblem.NOT_A_NUMBER),
            ("\0", "NL", NumberProblem.NOT_A_NUMBER),
            ("\ud800", "NL", NumberProblem.NOT_A_NUMBER),
            ("+31612345678 / +31687654321", None, NumberProblem.NOT_A_NUMBER),
            ("0612345678", None, NumberProblem.NO_COUNTRY),
            ("0612345678", "XX", NumberProblem.NO_COUNTRY),
            ("+999 123456", None, NumberProblem.UNKNOWN_CALLING_CODE),
            ("12", "NL", NumberProblem.TOO_SHORT),
            ("555-0123", "US", NumberProblem.TOO_SHORT),
            ("+316", None, NumberProblem.TOO_SHORT),
            ("0044 20", None, NumberProblem.TOO_SHORT),
            ("+1 202 555 01234", None, NumberProblem.TOO_LONG),
            ("1" * 100_000, "NL", NumberProblem.TOO_LONG),
            ("+1 202 555 0123 ext. 5", None, NumberProblem.EXTENSION),
            ("+1 555 123 4567", None, NumberProblem.INVALID),
        ):
            with self.subTest(ascii(value[:40])):
                with self.assertRaises(InvalidNumber) as caught:
                    parse_number(value, region)
                self.assertEqual(caught.exception.reason, reason)
                self.assertIsNone(to_e164(value, region))

    def test_messages_name_the_value_and_the_remedy(self):
        with self.assertRaisesRegex(InvalidNumber, r"“0612345678” has no country.*\+1 201"):
            parse_number("0612345678", None)
        with self.assertRaisesRegex(InvalidNumber, r"too few digits.*\+31 6 12345678"):
            parse_number("12", "NL")
        with self.assertRaises(InvalidNumber) as caught:
            parse_number("9" * 500, "DE")
        self.assertLess(len(str(caught.exception)), 200)

    @given(number_like | any_text, st.none() | regions)
    def test_result_is_e164_and_parses_to_itself(self, value, region):
        number = to_e164(value, region)
        if number is not None:
            self.assertTrue(re.fullmatch(r"\+[1-9][0-9]{1,14}", number), number)
            self.assertEqual(parse_number(number, None), number)

    @given(regions, st.sampled_from(list(phonenumbers.PhoneNumberFormat.__dict__.values())))
    def test_every_format_of_every_country(self, region, style):
        number = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
        if number is None or not isinstance(style, int):
            return
        written = phonenumbers.format_number(number, style)
        expected = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        self.assertEqual(parse_number(written, region), expected)


class TestCountryOfNumber(BaseCase):
    def test_calling_code(self):
        for number, code in (
            ("+12025550123", "1"),
            ("+31612345678", "31"),
            ("+353851234567", "353"),
            ("+79123456789", "7"),
            ("+80012345678", "800"),
        ):
            self.assertEqual(calling_code(number), code)

    def test_calling_code_of_what_has_none(self):
        for number in (
            "",
            "12025550123",
            "+",
            "+99912345",
            "+1 202",
            "0612345678",
            "+\u0663\u0661",
        ):
            with self.assertRaises(InvalidNumber, msg=number):
                calling_code(number)

    def test_region_of(self):
        for number, region in (
            ("+12025550123", "US"),
            ("+14165550123", "CA"),
            ("+18765550123", "JM"),
            ("+447400123456", "GB"),
            ("+31612345678", "NL"),
            ("+80012345678", None),
            ("+99912345", None),
            ("+15551234567", None),
            ("0612345678", None),
            ("", None),
        ):
            self.assertEqual(region_of(number), region, number)

    @given(regions)
    def test_every_country(self, region):
        number = phonenumbers.example_number(region)
        e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        self.assertEqual(calling_code(e164), str(number.country_code))
        self.assertEqual(region_of(e164), phonenumbers.region_code_for_number(number))


class TestWhatANumberIsFor(BaseCase):
    """By the example of each type of each country, as its numbering plan has it."""

    @staticmethod
    def examples(*types):
        """(country, number) of each country that has numbers of these types and can tell them."""
        for region in sorted(phonenumbers.SUPPORTED_REGIONS):
            for kind in types:
                number = phonenumbers.example_number_for_type(region, kind)
                if number and phonenumbers.number_type(number) == kind:
                    yield (
                        region,
                        phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164),
                    )

    def test_mobiles_of_every_country(self):
        kinds = phonenumbers.PhoneNumberType
        found = dict(self.examples(kinds.MOBILE, kinds.FIXED_LINE_OR_MOBILE))
        self.assertGreater(len(found), 230)
        for region, number in found.items():
            self.assertTrue(is_textable(number), (region, number))
            self.assertTrue(may_be_answered(number), (region, number))

    def test_what_is_no_mobile(self):
        kinds = phonenumbers.PhoneNumberType
        refused = [*self.examples(kinds.FIXED_LINE, kinds.VOIP)]
        self.assertGreater(len(refused), 300)
        for region, number in refused:
            self.assertFalse(is_textable(number), (region, number))
            self.assertTrue(may_be_answered(number), (region, number))

    def test_what_costs_or_reaches_no_phone(self):
        kinds = phonenumbers.PhoneNumberType
        refused = [
            *self.examples(
                kinds.PREMIUM_RATE,
                kinds.SHARED_COST,
                kinds.TOLL_FREE,
                kinds.UAN,
                kinds.PERSONAL_NUMBER,
                kinds.PAGER,
                kinds.VOICEMAIL,
            )
        ]
        self.assertGreater(len(refused), 500)
        for region, number in refused:
            self.assertFalse(is_textable(number), (region, number))
            self.assertFalse(may_be_answered(number), (region, number))

    def test_networks_of_no_country(self):
        for code in (800, 808, 870, 878, 881, 882, 883, 888, 979):
            number = phonenumbers.format_number(
                phonenumbers.example_number_for_non_geo_entity(code),
                phonenumbers.PhoneNumberFormat.E164,
            )
            self.assertFalse(is_textable(number), number)
            self.assertFalse(may_be_answered(number), number)

    def test_what_is_no_number(self):
        for value in ("", "+", "STOP", "12345", "+12345", "0612345678", "+999123456789", "+1\x00"):
            self.assertFalse(is_textable(value), value)
            self.assertFalse(may_be_answered(value), value)
        # Newer than the list of numbering plans, perhaps.
        self.assertFalse(is_textable("+15551234567"))
        self.assertTrue(may_be_answered("+15551234567"))

    @given(any_text)
    def test_any_text_has_an_answer(self, value):
        self.assertIn(is_textable(value), (True, False))
        self.assertIn(may_be_answered(value), (True, False))

    def test_range(self):
        self.assertEqual(number_range("+13032000123"), "+13032000")
        self.assertEqual(number_range("+13032000999"), "+13032000")
        self.assertNotEqual(number_range("+13032001000"), "+13032000")
