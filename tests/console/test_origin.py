"""Requests of other sites, and addresses that lead out of the console."""

from __future__ import annotations

import pytest

from console.origin import from_elsewhere, own_path

HOST = "qifu.example.cn"


@pytest.mark.parametrize(
    ("headers", "elsewhere"),
    [
        ({"sec-fetch-site": "same-origin", "origin": "null"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"sec-fetch-site": "cross-site", "origin": f"https://{HOST}"}, True),
        ({"sec-fetch-site": "same-site"}, True),
        ({"origin": f"https://{HOST}"}, False),
        ({"origin": f"http://{HOST}"}, False),
        ({"origin": f"https://{HOST}.evil.cn"}, True),
        ({"origin": f"https://evil.cn/{HOST}"}, True),
        ({"origin": "null"}, True),
        ({}, False),
    ],
)
def test_a_request_of_another_site_is_known(headers: dict[str, str], elsewhere: bool) -> None:
    assert from_elsewhere({"host": HOST, **headers}) is elsewhere


@pytest.mark.parametrize("path", ["/console", "/console/audit?who=zhang.san", "/console/people/zhang.san"])
def test_a_page_of_the_console_is_gone_back_to(path: str) -> None:
    assert own_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "", "/", "//evil.cn", "https://evil.cn", "/consolex", "/console//evil.cn", "/console/\\evil.cn", "javascript:alert(1)",
        "/console/\r\nSet-Cookie: a=b",
    ],
)  # fmt: skip
def test_any_other_address_leads_to_the_front_page(path: str) -> None:
    assert own_path(path) == "/console"
