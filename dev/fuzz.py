"""`python3 -m dev fuzz [seconds]`: the parsers of what strangers send, fuzzed by coverage.

The corpus grows in `.dev/fuzz/corpus`, beginning with `SEEDS`; an input that breaks a parser is
kept beside it and named, and the command fails.
"""

import subprocess

from .paths import DEV, ODOO_CONF, PYTHON, ROOT
from .report import SetupError
from .run import environment

FOLDER = DEV / "fuzz"
#: Bytes of an input.
LONGEST = 2048
#: Seconds that one input may take, on however busy a machine.
SLOWEST = 30

#: What the first byte of an input chooses from: `take_…` of `sms_marketing/tests/hostile.py`.
PARSERS = ("webhook", "number", "body", "reply", "domain", "file")

#: Parser and the input to begin with. Calls have two bytes more: provider, and kind of call.
SEEDS = [
    *(
        ("webhook", bytes([provider, call]) + seed)
        for provider in range(8)
        for call, seed in (
            (0, b"reference=r&type=1&answer=id:1 stat:DELIVRD err:000&id=1&at=1700000000"),
            (1, b"from=%2B12025550123&to=12345&text=STOP&coding=0&id=1&at=1700000000"),
            (10, b"\n\nMessageSid=SM1&MessageStatus=failed&ErrorCode=30005&From=%2B1&Body=x"),
            (12, b'\n\n{"results":[{"messageId":"1","status":{"groupName":"DELIVERED"}}]}'),
            (12, b'\n\n{"type":"mo_text","from":"12025550123","body":"STOP","id":"1"}'),
        )
    ),
    ("number", b"+1 202 555 0123"),
    ("number", b"0032 470 12 34 56"),
    ("number", b"++00(1)x12"),
    ("body", b"Hi {{ object.name ||| you }} https://a.example/{{ object.ref }}?b=1 {{"),
    ("reply", b"please stop texting me"),
    ("reply", "arrêtez !".encode()),
    ("domain", b"[('name', 'ilike', 'x'), '|', ('id', 'in', [1, 2])]"),
    ("file", b"name;mobile;consent;consent_date\nA;+12025550123;subscribed;2026-01-31\n"),
]


def run(*options):
    """Fuzz all parsers, with options of libFuzzer.

    :return: whether nothing was found
    :raises SetupError: where there is no fuzzer
    """
    corpus = FOLDER / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, (parser, seed) in enumerate(SEEDS):
        (corpus / f"seed-{number}").write_bytes(bytes([PARSERS.index(parser)]) + seed)
    command = [
        PYTHON,
        "-m",
        "dev.fuzz_target",
        *options,
        "-seed=1",
        f"-max_len={LONGEST}",
        f"-timeout={SLOWEST}",
        f"-artifact_prefix={FOLDER}/",
        "-print_final_stats=1",
        corpus,
    ]
    done = subprocess.run(
        list(map(str, command)),
        cwd=ROOT,
        env=environment(ODOO_RC=ODOO_CONF),
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if "No module named 'atheris'" in done.stderr:
        raise SetupError(
            "The fuzzer (atheris) has no package for this machine: Linux on x86-64, Python up to "
            "3.13. The property tests in sms_marketing/tests/test_hostile_parsers.py run anywhere."
        )
    print(done.stderr[-6000 if done.returncode else -400 :], flush=True)
    return not done.returncode
