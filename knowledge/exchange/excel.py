"""Articles as an Excel workbook: every cell is text, and no formula is ever computed."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from knowledge.article import Article
from knowledge.exchange.columns import COLUMNS, DOWNLOAD_FORM, SOURCE_FORM, VARIANT_FORM, cells_of
from knowledge.exchange.packed import opened
from knowledge.exchange.problems import FileRefused
from knowledge.exchange.reading import Record, Unreadable
from knowledge.exchange.tables import MOST_ROWS, records_of

WHAT = "Excel 工作簿（.xlsx）"
SHEET = "文章"
_MOST_CELL = 32_767  # Excel's own limit; openpyxl would cut silently
_WIDTHS = {"key": 24, "title": 22, "category": 14, "audience": 20, "department": 24}
_TEXT = "@"
_GUIDE = (
    "一行一篇文章。第一行的列名不要改，顺序可以变。导入前会先给出预览，不会直接改动。",
    "编号：小写字母、数字和连字符，定了就不再改；改了就是另一篇。",
    "其他叫法、相似问法：一条一行，单元格里用 Alt+Enter 换行。",
    f"依据文件：一份一行，写成 {SOURCE_FORM}；没有文号的那一段留空，有网址的在最后再加一段。",
    "日期：写成 2026-01-31；有效期止留空就是没有期限。",
    "办理概述到政策依据是八个方面，没有的留空。引用写 [^编号 第十七条]，编号是依据文件里的。",
    f"负责部门写部门的标识，一个一行；下载一个一行，写成 {DOWNLOAD_FORM}；"
    f"各渠道说法一条一行，写成 {VARIANT_FORM}，说法里的换行写成 \\n。这三列可以没有。",
    "单元格里不要用公式。",
)


def to_excel(articles: Iterable[Article], categories: Mapping[str, str]) -> bytes:
    """A workbook. Raises `FileRefused` where something does not fit into a cell."""
    rows = [_fitting(article.title, cells_of(article, categories)) for article in articles]
    book = Workbook(write_only=True)
    sheet = book.create_sheet(SHEET)
    sheet.freeze_panes = "C2"
    for number, field in enumerate(COLUMNS, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = _WIDTHS.get(field, 42)
    sheet.append([_head(sheet, name) for name in COLUMNS.values()])
    for row in rows:
        sheet.append([_cell(sheet, text) for text in row])
    guide = book.create_sheet("填写说明")
    guide.column_dimensions["A"].width = 100
    for line in _GUIDE:
        guide.append([line])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def from_excel(data: bytes) -> tuple[list[Record], list[str]]:
    """The records of the first sheet. Raises `FileRefused`."""
    with opened(data, WHAT) as archive:
        if "xl/workbook.xml" not in archive.namelist():
            raise FileRefused(f"不是{WHAT}。请另存为 .xlsx 再试。")
    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
        sheet = book[SHEET] if SHEET in book.sheetnames else book.worksheets[0]
        sheet.reset_dimensions()  # what a file says of its size may be anything
        return records_of(_rows(sheet)), []
    except FileRefused:
        raise
    except Exception as error:  # openpyxl raises whatever the part of the file makes it stumble over
        raise FileRefused("文件损坏，读不出来。请用 Excel 或 WPS 打开后另存一份再试。") from error


def _rows(sheet: Any) -> Iterator[list[Any]]:
    most_columns = len(COLUMNS) + 20
    for number, row in enumerate(sheet.iter_rows(max_col=most_columns), start=1):
        if number > MOST_ROWS * 2:
            raise FileRefused(f"超过 {MOST_ROWS} 行，请分几个文件导入。")
        yield [_value(cell) for cell in row]


def _value(cell: Any) -> Any:
    value = cell.value
    if value is None or (isinstance(value, date | datetime | str) and cell.data_type not in ("f", "e")):
        return value
    if cell.data_type == "f":
        return Unreadable("是一个公式，没有计算。", "请改成文字：复制后“选择性粘贴”为数值。")
    if cell.data_type == "e":
        return Unreadable(f"是错误值 {str(value)[:10]}。", "请改成文字。")
    if isinstance(value, bool):
        return Unreadable("是一个逻辑值。", "请改成文字。")
    if isinstance(value, int | float) and value == int(value):
        return str(int(value))
    return str(value)


def _head(sheet: Any, name: str) -> Any:
    cell = WriteOnlyCell(sheet, name)
    cell.font = Font(bold=True, color="FFFFFF")
    cell.fill = PatternFill("solid", start_color="0C4A54")
    return cell


def _fitting(title: str, cells: list[str]) -> list[str]:
    # `_x005F_` is how the format writes a line; openpyxl does not bring it back as it was.
    if any(len(text) > _MOST_CELL or "x005F_" in text for text in cells):
        raise FileRefused(f"“{title}”有一格放不进 Excel。请改用 CSV 或 Markdown 导出。")
    return cells


def _cell(sheet: Any, text: str) -> Any:
    cell = WriteOnlyCell(sheet, text or None)
    # Text, also where it begins like a formula; and it stays so when somebody edits it.
    if text:
        cell.data_type = "s"
        cell.quotePrefix = True
    cell.number_format = _TEXT
    cell.alignment = Alignment(wrap_text=True, vertical="top")
    return cell
