"""The archive is found in both formats of apt's sources."""

from dev.debian import machine_sources

ONE_LINE = """
# deb http://commented.example/debian bookworm main
deb [arch=amd64 signed-by=/keys/own.gpg] http://mirror.example/debian bookworm main contrib # x
deb-src http://mirror.example/debian bookworm main
deb http://mirror.example/debian-security bookworm-security main
"""

DEB822 = """
# A comment before the stanza
Types: deb deb-src
URIs: http://one.example/debian http://two.example/debian
# a comment in it
Suites: bookworm
 bookworm-updates
Components: main
Signed-By: /keys/own.gpg

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main

Types: deb-src
URIs: http://source.example/debian
Suites: bookworm
Components: main
"""


def sources(tmp_path, one_line="", deb822=""):
    (tmp_path / "parts").mkdir()
    (tmp_path / "sources.list").write_text(one_line)
    (tmp_path / "parts" / "debian.sources").write_text(deb822)
    return machine_sources(tmp_path / "sources.list", tmp_path / "parts")


def test_one_line(tmp_path):
    found = sources(tmp_path, one_line=ONE_LINE)
    assert [source.address for source in found] == [
        "http://mirror.example/debian",
        "http://mirror.example/debian-security",
    ]
    assert found[0].suites == ("bookworm",)
    assert found[0].components == ("main", "contrib")
    assert found[0].signed_by == "/keys/own.gpg"
    assert found[1].signed_by == ""


def test_deb822(tmp_path):
    found = sources(tmp_path, deb822=DEB822)
    assert [source.address for source in found] == [
        "http://one.example/debian",
        "http://two.example/debian",
    ]
    assert found[0].suites == ("bookworm", "bookworm-updates")
    assert found[1].signed_by == "/keys/own.gpg"


def test_no_sources(tmp_path):
    assert sources(tmp_path) == []
