"""Segments against npm's `split-sms` on thousands of random texts, in one run of node."""

import json
import os
import random
import subprocess

import pytest
import rig.addon  # noqa: F401

from odoo.addons.sms_marketing.text.encoding import GSM_BASIC, GSM_EXTENSION
from odoo.addons.sms_marketing.text.segments import GSM_7, UCS_2, analyse

from dev import parts
from dev.paths import DEV

PACKAGE = DEV / "node" / "node_modules" / "split-sms"
TEXTS = 6000
SEED = 190_019

#: Reads a list of texts, writes for each its encoding, size in bytes and parts.
SCRIPT = """
const { split } = require(process.argv[1]);
const texts = JSON.parse(require("fs").readFileSync(0, "utf8"));
const results = texts.map((text) => {
    const { characterSet, bytes, parts } = split(text);
    return [characterSet, bytes, parts.map(({ content }) => content)];
});
process.stdout.write(JSON.stringify(results));
"""

GSM = GSM_BASIC + GSM_EXTENSION
UCS = GSM + "яж漢字’“–ê\u200d\u00a0\t\x1b`" + "😀🎉👍🇳🇱𠮷"
#: Runs of these make the interesting borders.
RUNS = "ab€{\n", "я’a€漢", "😀я🎉a", "é€]Δ"


def node():
    return parts.find("node", "nodejs")


def missing() -> str:
    """What is not there to run `split-sms`, or nothing."""
    if not node():
        return "node is not installed"
    if not PACKAGE.is_dir():
        return "split-sms is not installed: `make lint` installs it"
    return ""


@pytest.fixture
def split_sms():
    reason = missing()
    if reason and os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)

    def split(texts):
        process = subprocess.run(
            [node(), "-e", SCRIPT, str(PACKAGE)],
            input=json.dumps(texts),
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert process.returncode == 0, process.stderr
        return json.loads(process.stdout)

    return split


def random_texts():
    source = random.Random(SEED)
    for number in range(TEXTS):
        if number % 2:
            letters = source.choice((GSM, UCS))
            yield "".join(source.choices(letters, k=source.randrange(1, 500)))
        else:
            letters = source.choice(RUNS)
            yield "".join(
                source.choice(letters) * source.randrange(1, 160)
                for _run in range(source.randrange(1, 7))
            )


def pieces(text, borders):
    edges = (0, *borders, len(text))
    return [text[start:end] for start, end in zip(edges, edges[1:], strict=False)]


def test_agrees_with_split_sms(split_sms):
    # It differs on purpose in two things, which are left out: the empty text has a part there, and
    # a lone high surrogate takes the character behind it along. It says bytes where GSM-7 has
    # septets.
    texts = list(random_texts())
    seen = set()
    for text, (encoding, size, contents) in zip(texts, split_sms(texts), strict=True):
        result = analyse(text)
        assert result.encoding == {"GSM": GSM_7, "Unicode": UCS_2}[encoding], text
        assert result.units == (size if encoding == "GSM" else size // 2), text
        assert pieces(text, result.borders) == contents, text
        seen.add((result.encoding, min(result.segments, 3)))
    assert seen == {(encoding, number) for encoding in (GSM_7, UCS_2) for number in (1, 2, 3)}
