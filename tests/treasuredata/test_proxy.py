"""Treasure Data is reached as a company's network asks for it: through a proxy, trusting its certificates."""

from __future__ import annotations

import socket
import threading

import pytest
import urllib3
from runner.treasuredata.wire import pool
from tests.place import PROJECT, Place

TIMEOUT = urllib3.Timeout(1)
US = "https://api.treasuredata.com"


def test_requests_go_through_the_proxy(place: Place) -> None:
    text = (
        PROJECT.format(url="x", connection="braze")
        .replace("endpoint: x", "site: us")
        .replace("  sandbox:", "  production:")
    )
    (place.folder / "cohorts" / "project.yml").write_text(text)
    place.cohort("a", "SELECT customer_id FROM shop.customers")
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as proxy:

        def answer() -> None:
            connection, _ = proxy.accept()
            with connection:
                heard.append(connection.recv(4096))
                connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

        threading.Thread(target=answer, daemon=True).start()
        address = f"http://ann:s3cret-word@127.0.0.1:{proxy.getsockname()[1]}"
        answer_of_run = place.run("plan", "--target", "production", HTTPS_PROXY=address, COHORTS_RETRY_SECONDS="0")
    assert answer_of_run.code == 5
    assert answer_of_run.err.startswith("R010 Treasure Data did not answer")
    assert heard[0].startswith(b"CONNECT api.treasuredata.com:443 ")
    assert b"Basic YW5uOnMzY3JldC13b3Jk" in heard[0]
    assert "s3cret-word" not in answer_of_run.out + answer_of_run.err


@pytest.mark.parametrize(
    ("url", "environment", "expected"),
    [
        (US, {"HTTPS_PROXY": "http://proxy:3128"}, "http://proxy:3128"),
        (US, {"https_proxy": "proxy"}, "http://proxy:80"),
        (US, {"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": ".treasuredata.com"}, None),
        (US, {"HTTP_PROXY": "http://proxy:3128"}, None),
        (US, {}, None),
        ("http://127.0.0.1:8399", {"HTTP_PROXY": "http://proxy:3128"}, None),
    ],
)
def test_which_proxy(
    url: str, environment: dict[str, str], expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    made = pool(url, ca_bundle="", timeout=TIMEOUT)
    assert (str(made.proxy) if isinstance(made, urllib3.ProxyManager) else None) == expected


def test_certificates_of_the_company() -> None:
    assert pool(US, ca_bundle="/etc/company.pem", timeout=TIMEOUT).connection_pool_kw["ca_certs"] == "/etc/company.pem"


@pytest.mark.parametrize("address", ["socks5://proxy:1080", "http://proxy:port", "http://:3128", "http://[::1:3128"])
def test_a_proxy_that_cannot_be_is_a_sentence(place: Place, address: str) -> None:
    text = PROJECT.format(url="x", connection="braze").replace("endpoint: x", "site: us")
    (place.folder / "cohorts" / "project.yml").write_text(text.replace("  sandbox:", "  production:"))
    place.cohort("a", "SELECT customer_id FROM shop.customers")
    answer = place.run("plan", "--target", "production", HTTPS_PROXY=address)
    assert answer.code == 64
    assert answer.err.startswith("R044 HTTPS_PROXY is no address of a proxy that can be used; write http://")
    assert address not in answer.err
