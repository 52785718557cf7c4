"""Checks requests against the API descriptions that providers publish.

The descriptions lie beside the repository (`../shared/providers`), not in it: they are large and
not ours. Where they are absent, tests that need them are skipped and say so.
"""

import functools
import json
import unittest
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl, urlsplit

import yaml
from openapi_core import Config, OpenAPI
from openapi_core.testing import MockRequest

FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "providers"


@functools.cache
def description(name):
    """An API description by its file name, as a dict."""
    path = FOLDER / name
    if not path.exists():
        raise unittest.SkipTest(f"the provider's API description {path} is not here")
    text = path.read_text()
    return json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)


def check_request(test, name, path, heard, prefix=""):
    """Fail unless a request that a player heard is one that the description allows.

    Unknown fields pass a validation, so their names are compared too.

    :param name: file name of the description
    :param path: key of the path in the description
    :param heard: ``http_player.Heard``
    :param prefix: of the real path, where the description's server has a path of its own
    """
    whole = description(name)
    operation = whole["paths"][path][heard.method.lower()]
    target = urlsplit(heard.target)
    test.assertTrue(target.path.startswith(prefix), target.path)
    only = {**whole, "paths": {path: {heard.method.lower(): operation}}}
    only["servers"] = [{"url": "http://player.test"}]
    only["paths"][path].update(
        {key: value for key, value in whole["paths"][path].items() if key == "parameters"}
    )
    content_type = heard.headers.get("content-type", "")
    request = MockRequest(
        "http://player.test",
        heard.method.lower(),
        target.path.removeprefix(prefix),
        args=parse_qs(target.query),
        headers={key.title(): value for key, value in heard.headers.items()},
        data=heard.body or None,
        content_type=content_type,
    )
    OpenAPI.from_dict(only, config=Config(spec_validator_cls=None)).validate_request(request)
    if heard.body:
        schema = operation["requestBody"]["content"][content_type]["schema"]
        while "$ref" in schema:
            schema = functools.reduce(dict.__getitem__, schema["$ref"][2:].split("/"), whole)
        fields = (
            json.loads(heard.body)
            if content_type == "application/json"
            else dict(parse_qsl(heard.body.decode(), keep_blank_values=True))
        )
        test.assertLessEqual(set(fields), set(schema["properties"]), "no such field")
