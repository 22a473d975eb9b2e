"""The bot's token stands in every URL of the Bot API: it is kept out of log lines and error texts."""

from __future__ import annotations

import logging

# A filter sees only what is logged on its very logger, not what comes from below, so each is named.
LOUD = (
    "httpx",
    "httpcore",
    "httpcore.connection",
    "httpcore.http11",
    "httpcore.http2",
    "httpcore.proxy",
    "httpcore.socks",
    "telegram",
    "telegram.Bot",
    "telegram.request",
    "telegram.request.BaseRequest",
    "telegram.request.HTTPXRequest",
    "asyncio",
    "connectors.telegram",
    "connectors.telegram.client",
    "connectors.telegram.poll",
    "connectors.telegram.routes",
)
_QUIET = ("httpx", "httpcore", "telegram")
HIDDEN = "[token]"


class TokenFilter(logging.Filter):
    """Rewrites a record that holds the token, also within its arguments or its traceback."""

    def __init__(self, token: str) -> None:
        super().__init__()
        self._token = token
        self._traceback = logging.Formatter()

    def hide(self, text: str) -> str:
        """The text without the token, and without its secret half where that stands alone."""
        _, _, secret = self._token.partition(":")
        hidden = text.replace(self._token, HIDDEN)
        return hidden.replace(secret, HIDDEN) if len(secret) >= 8 else hidden

    def filter(self, record: logging.LogRecord) -> bool:
        """Every record passes, cleaned."""
        message = record.getMessage()
        hidden = self.hide(message)
        if hidden != message:
            record.msg, record.args = hidden, None
        if record.exc_info and not record.exc_text:
            # A formatter takes the text that stands here already.
            record.exc_text = self._traceback.formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = self.hide(record.exc_text)
        return True


def guard(token: str) -> TokenFilter:
    """Clean the loggers through which the token could pass, and quiet those that tell every URL.

    Returns the filter, for the handlers of a process that wants to be sure of every logger.
    """
    kept = TokenFilter(token)
    for name in LOUD:
        logging.getLogger(name).addFilter(kept)
    for name in _QUIET:
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.level, logging.WARNING))
    return kept
