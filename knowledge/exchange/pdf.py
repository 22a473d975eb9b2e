"""The text of a PDF, line by line, put together into paragraphs."""

from __future__ import annotations

import io
import logging
import re

from pypdf import PdfReader
from pypdf.errors import FileNotDecryptedError, PyPdfError

from knowledge.exchange.piece import Piece, looks_like_heading
from knowledge.exchange.problems import FileRefused

MOST_PAGES = 200
_FEW = 20  # letters a page: less is a picture of a page
_ITEM = re.compile(r"^(?:[-·•●]|\d{1,2}[.、．)）])\s*")
_BULLET = re.compile(r"^[-·•●]\s*")
_PAGE_NUMBER = re.compile(r"^[-—－\s]*(?:第\s*)?\d{1,4}(?:\s*页)?[-—－\s]*$")
_DONE = "。；;：:！？!?"


def from_pdf(data: bytes) -> tuple[str, list[Piece], list[str]]:
    """Title, pieces, and what is to be told. Raises `FileRefused`."""
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    if b"%PDF-" not in data[:1024]:
        raise FileRefused("不是 PDF 文件，或文件损坏。")
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise FileRefused("文件设了密码。请去掉密码再试。")
        if len(reader.pages) > MOST_PAGES:
            raise FileRefused(f"超过 {MOST_PAGES} 页。请只留下要写成文章的部分再试。")
        pages = [page.extract_text() for page in reader.pages]
        named = str((reader.metadata and reader.metadata.title) or "").strip()
    except FileRefused:
        raise
    except FileNotDecryptedError as error:
        raise FileRefused("文件设了密码。请去掉密码再试。") from error
    except (PyPdfError, Exception) as error:  # whatever the part of the file makes the library stumble over
        raise FileRefused("文件损坏，读不出来。请重新导出一份再试。") from error
    lines = [line.strip() for page in pages for line in page.splitlines()]
    lines = [line for line in lines if line and not _PAGE_NUMBER.match(line)]
    if sum(map(len, lines)) < _FEW * max(1, len(pages)):
        raise FileRefused("看起来是扫描件：页面是图片，没有文字。请用能复制文字的版本，或先做文字识别再试。")
    pieces = _joined(lines)
    title = named if named and not named.lower().endswith((".doc", ".docx")) else lines[0][:40]
    return title, pieces, ["PDF 里没有段落，换行是按标点接起来的，请逐节核对。"]


def _joined(lines: list[str]) -> list[Piece]:
    pieces: list[Piece] = []
    open_ended = False
    for line in lines:
        if looks_like_heading(line):
            pieces.append(Piece(line, heading=True))
            open_ended = False
            continue
        if open_ended and not _ITEM.match(line):
            pieces[-1] = Piece(pieces[-1].text + line)
        else:
            pieces.append(Piece(_BULLET.sub("- ", line)))
        open_ended = line[-1] not in _DONE
    return pieces
