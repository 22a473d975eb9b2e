"""The text of a web page that was saved: no script, no navigation, nothing that is fetched."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lxml import etree, html

from knowledge.exchange.piece import Piece, looks_like_heading
from knowledge.exchange.problems import FileRefused

_DROPPED = (
    "script", "style", "noscript", "template", "iframe", "object", "embed", "svg", "head", "nav", "header", "footer",
    "aside", "form", "button", "select",
)  # fmt: skip
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_BLOCKS = (
    *_HEADINGS, "p", "li", "tr", "div", "section", "article", "main", "ul", "ol", "table", "tbody", "thead", "dl", "dt", "dd",
    "blockquote", "pre", "body", "html", "td", "th", "center", "address", "figure",
)  # fmt: skip
_CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([a-z0-9_-]{2,20})", re.IGNORECASE)


def from_html(data: bytes) -> tuple[str, list[Piece], list[str]]:
    """Title, pieces, and what is to be told. Raises `FileRefused`."""
    text = _decoded(data)
    if "<" not in text:
        raise FileRefused("不是网页文件（.html）。")
    try:
        parser = html.HTMLParser(no_network=True, remove_comments=True, remove_pis=True, huge_tree=False)
        tree = html.document_fromstring(text, parser=parser)
    except (etree.LxmlError, ValueError, AssertionError) as error:
        raise FileRefused("网页读不出来。请重新保存一份再试。") from error
    named = " ".join((tree.findtext(".//title") or "").split())
    for element in list(tree.iter(*_DROPPED)):
        element.drop_tree()
    pieces = list(_pieces(tree))
    first = next((" ".join(found.text_content().split()) for found in tree.iter("h1")), "")
    return first or named, pieces, []


def _decoded(data: bytes) -> str:
    told = _CHARSET.search(data[:4096])
    for encoding in ("utf-8-sig", "gb18030", told[1].decode("ascii") if told else ""):
        try:
            # A declaration of its own would make lxml refuse a text that is decoded already.
            return re.sub(r"^\s*<\?xml[^>]*\?>", "", data.decode(encoding).replace("\0", ""))
        except (UnicodeDecodeError, LookupError):
            continue
    raise FileRefused("看不出网页的文字编码。请另存为 UTF-8 再试。")


def _pieces(tree: Any) -> Iterator[Piece]:
    for element in tree.iter(*_BLOCKS):
        tag = element.tag
        if tag in ("td", "th"):
            continue
        if tag == "tr":
            text = "，".join(filter(None, (" ".join(cell.text_content().split()) for cell in element)))
        elif tag in _HEADINGS or not any(child.tag in _BLOCKS for child in element.iterdescendants()):
            text = " ".join(element.text_content().split())
        else:
            text = _own_text(element)
        if not text:
            continue
        if tag in _HEADINGS or tag == "dt" or looks_like_heading(text):
            yield Piece(text, heading=True)
        else:
            yield Piece(f"- {text}" if tag in ("li", "tr") else text)


def _own_text(element: Any) -> str:
    """What stands in a block beside the blocks in it."""
    parts = [element.text or ""]
    for child in element:
        if isinstance(child.tag, str) and child.tag not in _BLOCKS:
            parts.append(child.text_content())
        parts.append(child.tail or "")
    return " ".join(" ".join(parts).split())
