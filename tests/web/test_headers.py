"""What a browser is told with every answer (OWASP ASVS 5.0.0, V3.4 and V4.1.1)."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from escalation.trial.demo.script import CHAIR
from tests.web.conftest import AsPerson
from tests.web.routes import every_address

ISSUED = (  # as the issue asks for it, word by word
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)


@pytest.fixture
def chair(as_reader: AsPerson) -> FlaskClient:
    return as_reader(CHAIR)


@pytest.mark.slow
def test_every_answer_has_them_and_no_script_or_style_of_its_own(
    read_app: Flask, chair: FlaskClient
):
    addresses = [address for _, address in every_address(read_app)]
    for address in [*addresses, "/no/such/page"]:
        answer = chair.get(address, buffered=True)
        assert answer.status_code < 500, address
        headers = answer.headers
        assert headers["X-Content-Type-Options"] == "nosniff", address
        assert headers["Referrer-Policy"] == "same-origin", address
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin", address
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin", address
        assert "Access-Control-Allow-Origin" not in headers, address
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"], address
        if answer.data and answer.mimetype.startswith("text/"):
            assert headers["Content-Type"].endswith("charset=utf-8"), address
        if answer.mimetype == "text/html" and "Content-Disposition" not in headers:
            assert headers["Content-Security-Policy"] == ISSUED, address
            for mark in ("<script", "<style", " style=", "javascript:", " onclick="):
                assert mark not in answer.text, (address, mark)
        if not address.startswith("/static/") and answer.mimetype == "text/html":
            assert headers["Cache-Control"] == "no-store", address


def test_a_year_of_tls_where_the_request_came_by_it(chair: FlaskClient):
    assert "Strict-Transport-Security" not in chair.get("/").headers
    by_tls = chair.get("/", base_url="https://localhost")
    assert by_tls.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


def test_only_what_a_page_answers_to_is_asked_of_it(read_app: Flask, chair: FlaskClient):
    for method in ("TRACE", "PUT", "DELETE", "PATCH"):
        for _, address in every_address(read_app):
            assert chair.open(address, method=method, buffered=True).status_code == 405, (
                method,
                address,
            )


@pytest.mark.parametrize(
    "path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static/", "/static//etc/passwd"]
)
def test_no_file_but_those_that_are_offered(chair: FlaskClient, path: str):
    answer = chair.get(path, buffered=True, follow_redirects=True)
    assert answer.status_code in (400, 404)
