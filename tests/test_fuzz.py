"""The fuzzer starts, and finds nothing in a few thousand inputs. `make fuzz` runs it for longer."""

import importlib.util

import pytest

from dev import fuzz

#: Inputs; the same ones each time, by seed and corpus.
RUNS = 10_000


@pytest.mark.skipif(
    not importlib.util.find_spec("atheris"), reason="atheris has no package for this machine"
)
def test_some_thousand_inputs(tmp_path, monkeypatch):
    monkeypatch.setattr(fuzz, "FOLDER", tmp_path)
    assert fuzz.run(f"-runs={RUNS}")
