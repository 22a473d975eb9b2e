"""The text of a Word document (.docx), in its order, with its headings."""

from __future__ import annotations

import io
import re
from typing import Any

from docx import Document
from docx.table import Table

from knowledge.exchange.packed import opened
from knowledge.exchange.piece import Piece, looks_like_heading
from knowledge.exchange.problems import FileRefused

WHAT = "Word 文档（.docx）"
_HEADING = re.compile(r"(?:heading|标题)\s*\d?$", re.IGNORECASE)
_TITLE = re.compile(r"(?:title|标题)$", re.IGNORECASE)
_LIST = re.compile(r"list|列表", re.IGNORECASE)


def from_word(data: bytes) -> tuple[str, list[Piece], list[str]]:
    """Title, pieces, and what is to be told. Raises `FileRefused`."""
    with opened(data, WHAT) as archive:
        if "word/document.xml" not in archive.namelist():
            raise FileRefused(f"不是{WHAT}。请另存为 .docx 再试。")
    try:
        document = Document(io.BytesIO(data))
        pieces = [piece for item in document.iter_inner_content() for piece in _pieces(item)]
        named = str(document.core_properties.title or "")
    except Exception as error:  # whatever the part of the file makes the library stumble over
        raise FileRefused("文件损坏，读不出来。请用 Word 或 WPS 打开后另存一份再试。") from error
    notes = ["文档里有图片，图片没有读取。"] if document.inline_shapes else []
    title = next((piece.text for piece in pieces if piece.heading), "") or named
    return title or (pieces[0].text[:40] if pieces else ""), pieces, notes


def _pieces(item: Any) -> list[Piece]:
    if isinstance(item, Table):
        return [Piece(f"- {text}") for row in item.rows if (text := _row(row))]
    text = item.text.strip()
    if not text:
        return []
    style = str(item.style.name if item.style is not None else "")
    runs = [run for run in item.runs if run.text.strip()]
    bold = bool(runs) and all(run.bold for run in runs)
    if _HEADING.search(style) or _TITLE.search(style) or looks_like_heading(text, bold=bold):
        return [Piece(text, heading=True)]
    numbered = item._p.pPr is not None and item._p.pPr.numPr is not None
    return [Piece(f"- {text}" if numbered or _LIST.search(style) else text)]


def _row(row: Any) -> str:
    # A cell that spans several columns is given once for each of them.
    return "，".join(dict.fromkeys(filter(None, (" ".join(cell.text.split()) for cell in row.cells))))
