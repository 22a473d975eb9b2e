"""A report as a Word document, to be read over, signed and sent on."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence

from docx import Document
from docx.document import Document as Paper
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Pt

from desk.reports.bulletin import Bulletin, Section
from desk.reports.tables import Table
from desk.reports.urging import Letter

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
# The faces of GB/T 9704-2012 (党政机关公文格式); where they are missing, Word takes what is there.
_BODY, _HEADING, _TITLE = "仿宋", "黑体", "宋体"
# What no XML can hold; a text that an enterprise wrote may have it.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def bulletin_document(report: Bulletin) -> bytes:
    """The monthly report."""
    paper = _paper()
    _line(paper, report.title, face=_TITLE, points=22, centred=True, bold=True)
    _line(paper, f"（{report.period}）", centred=True)
    for section in report.sections:
        _section(paper, section)
    _line(paper, report.foot, points=12)
    return _bytes(paper)


def letter_document(letter: Letter) -> bytes:
    """A letter with room for the seal."""
    paper = _paper()
    _line(paper, letter.title, face=_TITLE, points=22, centred=True, bold=True)
    _line(paper, letter.to)
    for paragraph in letter.paragraphs:
        _line(paper, paragraph, indented=True)
    for line in ("", "（盖章）", letter.foot):
        _line(paper, line, right=True)
    return _bytes(paper)


def table_document(title: str, sentences: Sequence[str], tables: Sequence[Table]) -> bytes:
    """Tables under a title and what is to be said of them, across the page."""
    paper = _paper()
    page = paper.sections[0]
    page.page_width, page.page_height = page.page_height, page.page_width
    _line(paper, title, face=_TITLE, points=22, centred=True, bold=True)
    for sentence in sentences:
        _line(paper, sentence, points=12, indented=True)
    for table in tables:
        _table(paper, table)
    return _bytes(paper)


def _section(paper: Paper, section: Section) -> None:
    _line(paper, section.heading, face=_HEADING)
    for sentence in section.sentences:
        _line(paper, sentence, indented=True)
    for table in section.tables:
        _line(paper, table.name, points=12, centred=True)
        _table(paper, table)
    for number, case in enumerate(section.cases, 1):
        _line(paper, f"案例{number}：{case.district}企业反映{case.subject}问题", indented=True, bold=True)
        _line(paper, f"诉求：{case.asked}", indented=True)
        _line(paper, f"办理：{case.answered}", indented=True)


def _paper() -> Paper:
    paper = Document()
    normal = paper.styles["Normal"]
    _face(normal.element, _BODY)
    normal.font.size = Pt(16)
    return paper


def _line(
    paper: Paper,
    text: str,
    *,
    face: str = "",
    points: int = 0,
    centred: bool = False,
    indented: bool = False,
    bold: bool = False,
    right: bool = False,
) -> None:
    line = paper.add_paragraph()
    run = line.add_run(_writable(text))
    run.bold = bold or None
    if face:
        _face(run._element, face)
    if points:
        run.font.size = Pt(points)
    if centred:
        line.alignment = WD_ALIGN_PARAGRAPH.CENTER
    if right:
        line.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    if indented:
        line.paragraph_format.first_line_indent = Pt(32)


def _table(paper: Paper, table: Table) -> None:
    grid = paper.add_table(rows=1, cols=len(table.head), style="Table Grid")
    _row(grid.rows[0].cells, table.head, bold=True)
    for row in table.rows:
        _row(grid.add_row().cells, row)
    if table.note:
        _line(paper, table.note, points=10)


def _row(cells: Sequence[object], texts: Sequence[str], *, bold: bool = False) -> None:
    for cell, text in zip(cells, texts, strict=True):
        line = cell.paragraphs[0]  # type: ignore[attr-defined]
        run = line.add_run(_writable(text))
        run.font.size = Pt(10.5)
        run.bold = bold or None


def _face(element: object, name: str) -> None:
    """East Asian letters have a face of their own, which python-docx does not set."""
    fonts = element.get_or_add_rPr().get_or_add_rFonts()  # type: ignore[attr-defined]
    for kind in ("w:ascii", "w:hAnsi", "w:eastAsia"):
        fonts.set(qn(kind), name)


def _writable(text: str) -> str:
    return _UNWRITABLE.sub("", text)


def _bytes(paper: Paper) -> bytes:
    out = io.BytesIO()
    paper.save(out)
    return out.getvalue()
