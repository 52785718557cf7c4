"""Work grows at most in proportion to the input, whatever is in it.

Every pattern and every parsing function of the add-on is found here by itself: one that is added
is tested as well.
"""

import ast
import importlib
import inspect
import pkgutil
import re
from collections import defaultdict
from pathlib import Path
from unittest import TestCase

from odoo.tests import tagged

from .. import controllers, engine, gateways, models, text, wizard
from ..gateways import answers, generic, infobip, kannel_webhooks, messagebird, reading, twilio
from ..text.numbers import InvalidNumber, NumberProblem, parse_number
from .hostile import UNITS, account, growth, take_call, take_domain, take_file, webhook_request
from .provider_accounts import SETTINGS

#: Characters of the small and the large input. Quadratic work takes sixteen times as long on the
#: large one, linear work four times.
SMALL, LARGE = 2_000, 8_000
MOST_GROWTH = 9

#: How functions are called that need more than the input.
ARGUMENTS = {
    "region": "US",
    "keywords": ("STOP", "UNSUBSCRIBE"),
    "parameters": {"utm_source": "x"},
    "values": defaultdict(str),
    "link": "https://s.example/x",
    "path": "a.b",
    "key": "k",
    "opt_out_text": "Reply STOP",
    "defaults": {},
    "link_url": lambda index: "https://s.example/x",
    "value": lambda name: "x",
    "write": str,
    "action": "stop",
    "for_one_type": True,
}
#: Functions whose input no stranger writes, or that refuse what is longer than theirs by nature.
NOT_PARSERS = {"matrix", "png", "svg", "offset_of", "find_zone"}


def source_modules():
    """All modules of the add-on that hold code of its own."""
    for package in (controllers, engine, gateways, models, text, wizard):
        for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            yield importlib.import_module(found.name)


def patterns():
    """(where, pattern, methods by which it is used) of all patterns: globals and in calls."""
    for module in source_modules():
        source = Path(module.__file__).read_text()
        for name, value in vars(module).items():
            for nested in _flat(value) if isinstance(value, list | tuple | dict) else ():
                if isinstance(nested, re.Pattern):
                    yield f"{module.__name__}.{name}", nested, {"sub", "search"}
            bound = value.__self__ if inspect.isbuiltin(value) else None
            if isinstance(value, re.Pattern):
                used = set(re.findall(rf"\b{name}\.(\w+)\(", source)) & {*METHODS}
                yield f"{module.__name__}.{name}", value, used or {"search"}
            elif isinstance(bound, re.Pattern):
                yield f"{module.__name__}.{name}", bound, {value.__name__}
        for call in ast.walk(ast.parse(source)):
            if (
                isinstance(call, ast.Call)
                and isinstance(call.func, ast.Attribute)
                and getattr(call.func.value, "id", "") == "re"
                and call.func.attr in METHODS
                and isinstance(call.args[0], ast.Constant)
            ):
                flags = re.IGNORECASE | re.DOTALL if "re.I" in ast.unparse(call) else 0
                where = f"{module.__name__}:{call.lineno}"
                yield where, re.compile(call.args[0].value, flags), {call.func.attr}


def _flat(values):
    for one in values.values() if isinstance(values, dict) else values:
        if isinstance(one, list | tuple | dict):
            yield from _flat(one)
        else:
            yield one


METHODS = {
    "match": lambda pattern, words: pattern.match(words),
    "fullmatch": lambda pattern, words: pattern.fullmatch(words),
    "search": lambda pattern, words: pattern.search(words),
    "sub": lambda pattern, words: pattern.sub("", words),
    "split": lambda pattern, words: pattern.split(words),
    "findall": lambda pattern, words: pattern.findall(words),
    "finditer": lambda pattern, words: list(pattern.finditer(words)),
}


def literals(pattern):
    """Characters and words that stand in a pattern: what makes it begin, repeat and fail."""
    words, run = set(), ""
    for letter in re.sub(r"\\[a-zA-Z]|\(\?[^)]*\)", " ", pattern.pattern):
        if letter.isalnum() or letter in "_{}<:/#-":
            run += letter
            continue
        words.add(run)
        run = ""
    words.add(run)
    return sorted(words - {""}, key=lambda word: (len(word), word))[:12]


def hostile(units, size):
    """Inputs of this size: each unit repeated; begun by another, and ended so that it fails."""
    for unit in units:
        repeated = unit * (size // len(unit))
        yield repeated
        yield f"{repeated}\x01"
        yield f"{{{{{repeated}!"


@tagged("post_install", "-at_install")
class TestGrowth(TestCase):
    def assert_linear(self, work, small, large, where):
        grown = growth(work, small, large)
        self.assertLess(grown, MOST_GROWTH, f"{where} with {large[:20]!r}…")

    def test_every_pattern(self):
        found = list(patterns())
        names = {where for where, _pattern, _methods in found}
        self.assertGreater(len(found), 50)
        for one in ("numbers._international_prefix", "access_log.REDACTED", "links._TOKEN"):
            self.assertTrue([name for name in names if name.endswith(one)], one)
        for where, pattern, methods in found:
            units = [*UNITS, *literals(pattern)]
            for small, large in zip(hostile(units, SMALL), hostile(units, LARGE), strict=True):
                for method in methods:
                    work = METHODS[method]
                    self.assert_linear(
                        lambda words, work=work, pattern=pattern: work(pattern, words),
                        small,
                        large,
                        where,
                    )

    def test_quadratic_patterns_are_found(self):
        """These two were in the add-on; each is found by its own worst input."""
        for pattern, unit in ((r"[\s(]*00[\s).-]*(?=[1-9])", "("), (r"\s*\btext:.*", " ")):
            bad = re.compile(pattern)
            grown = growth(lambda words, bad=bad: bad.sub("", words), unit * 1500, unit * 6000)
            self.assertGreater(grown, MOST_GROWTH, pattern)

    def functions(self):
        """Public functions of `text`, and those of gateways that read single values."""
        yield from (
            reading.phone_number, reading.seconds_moment, reading.iso_moment, reading.mail_moment,
            reading.whole, reading.money, reading.text, answers.scrub, generic.words,
            generic.check_json, generic.header_fields, twilio.address_forms, twilio.whole_code,
            infobip.base_url, messagebird.read_token, kannel_webhooks._read_carrier_words,
        )  # fmt: skip
        for found in pkgutil.iter_modules(text.__path__, f"{text.__name__}."):
            module = importlib.import_module(found.name)
            for name, function in vars(module).items():
                if (
                    inspect.isfunction(function)
                    and function.__module__ == module.__name__
                    and not name.startswith("_")
                    and name not in NOT_PARSERS
                ):
                    first = next(iter(inspect.signature(function).parameters.values()), None)
                    if first is not None and first.annotation is str:
                        yield function

    def test_every_parsing_function(self):
        functions = list(self.functions())
        self.assertGreater(len(functions), 30)
        for function in functions:
            _first, *others = inspect.signature(function).parameters.values()
            arguments = {
                one.name: ARGUMENTS[one.name]
                for one in others
                if one.default is inspect.Parameter.empty
            }

            def work(words, function=function, arguments=arguments):
                try:
                    function(words, **arguments)
                except Exception as error:  # which one it is, other tests look at
                    return error

            for small, large in zip(hostile(UNITS, SMALL), hostile(UNITS, LARGE), strict=True):
                self.assert_linear(work, small, large, function.__qualname__)

    def test_every_provider(self):
        units = [unit.encode() for unit in UNITS]
        for provider in SETTINGS:
            gateway = account(provider)
            for unit in units:
                for shape in (0, 2, 4, 10, 12):
                    small, large = (
                        webhook_request(shape, unit * (size // len(unit)), b'{"a": "' + unit * size)
                        for size in (SMALL // 4, LARGE // 4)
                    )
                    grown = growth(
                        lambda call, gateway=gateway: take_call(gateway, call), small, large
                    )
                    self.assertLess(grown, MOST_GROWTH, f"{provider}, {unit!r}, {shape}")

    def test_files_and_rules(self):
        for unit in UNITS:
            for begin in ("", "name\n", "name;mobile\n", '"'):
                small, large = (
                    (begin + unit * (size // len(unit))).encode() for size in (SMALL, LARGE)
                )
                self.assert_linear(take_file, small, large, f"a file of {unit!r}")
            small, large = (unit * (size // len(unit)) for size in (SMALL, LARGE))
            self.assert_linear(take_domain, small, large, f"a domain of {unit!r}")

    def test_sixty_kilobytes_of_brackets_are_no_number(self):
        for value in ("(" * 60_000, "0" * 65, "+1 202 555 0123" + " x" * 40):
            with self.assertRaises(InvalidNumber) as caught:
                parse_number(value, "US")
            self.assertEqual(caught.exception.reason, NumberProblem.TOO_LONG)
            self.assertIn("too long to be a phone number", str(caught.exception))
            self.assertLess(len(str(caught.exception)), 200)
