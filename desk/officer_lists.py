"""Lists of enterprises and who looks after them, as table programs write them: CSV (UTF-8 or GB 18030) and Excel."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence

from openpyxl import load_workbook

from desk.officers import Entry, OfficerRefused

MOST_LINES = 2000
# What a workbook may unpack to: a small file can hold a very large sheet.
_MOST_UNPACKED = 30_000_000
_HEADINGS = {
    "code": ("统一社会信用代码", "信用代码"),
    "enterprise": ("企业名称", "企业"),
    "officer": ("首席服务官", "服务官"),
    "deputy": ("副职", "副服务官"),
}
HEADING = ("统一社会信用代码", "企业名称", "首席服务官", "副职")


def read_list(name: str, content: bytes) -> dict[int, Entry]:
    """Line number -> what stands in it, without empty lines. Raises `OfficerRefused` where the file cannot be read."""
    if not content.strip():
        raise OfficerRefused("文件是空的，请选择要导入的名单。")
    rows = _excel(content) if content.startswith(b"PK") else _csv(content, name)
    lines = ((number, [cell.strip() for cell in row]) for number, row in enumerate(rows, 1))
    filled = [(number, row) for number, row in lines if any(row)]
    if not filled:
        raise OfficerRefused("文件里没有内容。")
    places = _places(filled[0][1])
    found = {number: _entry(row, places) for number, row in filled[1:]}
    if not found:
        raise OfficerRefused("文件里只有标题行，没有企业。")
    if len(found) > MOST_LINES:
        raise OfficerRefused(f"一次最多导入 {MOST_LINES} 行，请分成几个文件。")
    return found


def write_list(entries: Iterable[tuple[int, Entry]]) -> str:
    """The entries as text, to be read again by `reread`."""
    out = io.StringIO()
    csv.writer(out).writerows((n, one.code, one.enterprise, one.officer, one.deputy) for n, one in entries)
    return out.getvalue()


def reread(text: str) -> dict[int, Entry]:
    """What `write_list` has written. Raises `OfficerRefused`."""
    found: dict[int, Entry] = {}
    for row in _read_csv(text):
        if len(row) != 5 or not (row[0].isascii() and row[0].isdigit() and len(row[0]) < 8):
            raise OfficerRefused("预览的内容不完整，请重新选择文件。")
        found[int(row[0])] = Entry(*row[1:])
    if not 0 < len(found) <= MOST_LINES:
        raise OfficerRefused("预览的内容不完整，请重新选择文件。")
    return found


def _places(heading: Sequence[str]) -> dict[str, int]:
    places = {
        field: next((heading.index(name) for name in names if name in heading), -1)
        for field, names in _HEADINGS.items()
    }
    missing = [_HEADINGS[field][0] for field in ("code", "enterprise", "officer") if places[field] < 0]
    if missing:
        raise OfficerRefused(f"第一行应是标题，缺少：{'、'.join(missing)}。")
    return places


def _entry(row: Sequence[str], places: dict[str, int]) -> Entry:
    return Entry(**{field: row[at] if 0 <= at < len(row) else "" for field, at in places.items()})


def _csv(content: bytes, name: str) -> list[list[str]]:
    if name.lower().endswith(".xls") or content.startswith(b"\xd0\xcf\x11\xe0"):
        raise OfficerRefused("这是旧版 Excel 文件，请另存为 .xlsx 或 CSV 再导入。")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return _read_csv(text)
    raise OfficerRefused("文件读不出来。请用 Excel（.xlsx）或 CSV 文件。")


def _read_csv(text: str) -> list[list[str]]:
    try:
        return _short(csv.reader(io.StringIO(text, newline="")))
    except csv.Error as error:
        raise OfficerRefused("文件读不出来。请用 Excel（.xlsx）或 CSV 文件。") from error


def _excel(content: bytes) -> list[list[str]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(item.file_size for item in packed.infolist()) > _MOST_UNPACKED:
                raise OfficerRefused("文件太大，请只留下要导入的工作表和列。")
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        rows = sheet.iter_rows(max_row=MOST_LINES + 2, max_col=30, values_only=True)
        return _short([_text(cell) for cell in row] for row in rows)
    except OfficerRefused:
        raise
    except Exception as error:  # what a broken or hostile workbook raises is not to be foreseen
        raise OfficerRefused("文件读不出来。请用 Excel（.xlsx）或 CSV 文件。") from error


def _text(cell: object) -> str:
    # A code of digits only is a number to a table program, and one that lost its last digits is told as wrong.
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return "" if cell is None else str(cell).replace("\0", "")


def _short(rows: Iterable[Sequence[str]]) -> list[list[str]]:
    def kept() -> Iterator[list[str]]:
        for number, row in enumerate(rows):
            if number > MOST_LINES * 2:
                raise OfficerRefused(f"一次最多导入 {MOST_LINES} 行，请分成几个文件。")
            yield [cell[:200] for cell in row[:30]]

    return list(kept())
