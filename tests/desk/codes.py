"""Made-up credit codes."""

from __future__ import annotations

from stdnum.cn import uscc


def valid_code() -> str:
    """A made-up credit code with the right check letter (GB 32100-2015)."""
    body = "91410400MA3X12345"
    return body + str(uscc.calc_check_digit(body))
