"""What is answered to a push that is not WeChat's, not for us or not well formed."""

from __future__ import annotations

from typing import Literal


class Refused(Exception):
    """The only thing that untrusted input raises: an HTTP status and, for the log, the reason.

    403: the sender did not prove to be WeChat, or asked for less protection than is set; 400: the rest. The reason
    holds nothing of the input and no secret.
    """

    def __init__(self, status: Literal[400, 403], reason: str) -> None:
        super().__init__(f"{status}: {reason}")
        self.status: Literal[400, 403] = status
        self.reason = reason
