"""A missing program is named with the packages that bring it."""

from dev import parts

NOWHERE = parts.Part("flights", (("no-such-program",),), ("rocket", "rocket-extras"))
SHELL = parts.Part("everything", (("no-such-program", "sh"),), ("dash",))


def test_missing_part_is_named(monkeypatch, capsys):
    monkeypatch.setattr(parts, "can_install", lambda: False)
    assert parts.ensure(NOWHERE, SHELL) == [NOWHERE]
    told = capsys.readouterr().err
    assert "flights" in told
    assert "apt-get install rocket rocket-extras" in told


def test_root_installs_what_is_missing(monkeypatch, capsys):
    installed = []
    monkeypatch.setattr(parts, "can_install", lambda: True)
    monkeypatch.setattr(parts, "install_system_packages", installed.extend)
    assert parts.ensure(NOWHERE, SHELL) == [NOWHERE]
    assert installed == ["rocket", "rocket-extras"]
