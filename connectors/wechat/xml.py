"""The flat XML that WeChat speaks: read without trusting it, written so that any text survives."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from connectors.wechat.errors import Refused

MAX_BYTES = 64_000
_ILLEGAL = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read_fields(body: bytes, *, most: int = MAX_BYTES) -> dict[str, str]:
    """The children of the root `xml` that hold text, by name. Raises `Refused(400)`.

    `most`: bytes, looked at before anything else. UTF-8 whatever the declaration says. Children that hold elements
    (a few events have such) are left out; a name that stands twice is refused, since readers disagree on which counts.
    """
    if len(body) > most:
        raise Refused(400, f"the body is longer than {most} bytes")
    try:
        root = fromstring(body.decode(), forbid_dtd=True)
    except UnicodeDecodeError as error:
        raise Refused(400, "the body is not UTF-8") from error
    except DefusedXmlException as error:
        raise Refused(400, "the XML declares a document type") from error
    except ParseError as error:
        raise Refused(400, "the body is not well-formed XML") from error
    if root.tag != "xml":
        raise Refused(400, "the root of the XML is another one")
    names = [child.tag for child in root]
    if len(set(names)) < len(names):
        raise Refused(400, "an element stands twice")
    return {child.tag: child.text or "" for child in root if not len(child)}


def write_fields(fields: Sequence[tuple[str, str | int]]) -> str:
    """The XML with these children, in this order; texts as CDATA."""
    children = "".join(
        f"<{name}>{value if isinstance(value, int) else _cdata(value)}</{name}>" for name, value in fields
    )
    return f"<xml>{children}</xml>"


def legal(text: str) -> str:
    """The text without what XML 1.0 cannot hold (control characters, lone surrogates); line ends become `\\n`."""
    return _ILLEGAL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _cdata(text: str) -> str:
    return f"<![CDATA[{legal(text).replace(']]>', ']]]]><![CDATA[>')}]]>"
