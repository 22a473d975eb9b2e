"""Tables as an Excel workbook, in which no cell is a formula."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import cast

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from desk.reports.tables import Table

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_NUMBER = re.compile(r"0|-?[1-9]\d{0,14}")
_UNFIT = re.compile(r"[\\/*?:\[\]]")
_WIDEST = 60


def workbook(tables: Sequence[Table]) -> bytes:
    """A sheet for each table, under its name; what is said of it stands two rows below."""
    book = Workbook(write_only=False)
    book.remove(book.worksheets[0])
    for table in tables:
        _fill(book.create_sheet(_UNFIT.sub("", table.name)[:31]), table)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _fill(sheet: Worksheet, table: Table) -> None:
    for number, row in enumerate((table.head, *table.rows), 1):
        for column, text in enumerate(row, 1):
            _write(cast("Cell", sheet.cell(number, column)), text, head=number == 1)
    if table.note:  # of one long line, so that it makes no column wide
        note = cast("Cell", sheet.cell(len(table.rows) + 3, 1))
        _write(note, table.note)
        note.alignment = Alignment(wrap_text=False, vertical="top")
    sheet.freeze_panes = "A2"
    for column in range(1, len(table.head) + 1):
        texts = [row[column - 1] for row in (table.head, *table.rows)]
        width = max(sum(2 if ord(letter) > 255 else 1 for letter in text) for text in texts) + 2
        sheet.column_dimensions[get_column_letter(column)].width = min(width, _WIDEST)


def _write(cell: Cell, text: str, *, head: bool = False) -> None:
    if _NUMBER.fullmatch(text):
        cell.value = int(text)
    else:
        cell.value = ILLEGAL_CHARACTERS_RE.sub("", text)
        cell.data_type = "s"  # also where it begins like a formula
    cell.alignment = Alignment(wrap_text=not head, vertical="top")
    if head:
        cell.font = Font(bold=True)
