"""Articles as a CSV file: written for Excel with no cell that it would compute, read in the encodings that people have."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Mapping

from knowledge.article import Article
from knowledge.exchange.columns import COLUMNS, cells_of
from knowledge.exchange.problems import FileRefused
from knowledge.exchange.reading import Record
from knowledge.exchange.tables import records_of

BOM = "\ufeff"
# What begins like this would be computed (OWASP, CSV Injection). What had our mark before it by itself gets one more.
_COMPUTED = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_MARKED = re.compile(r"'+[=+\-@\t\r\n＝＋－＠]")
_DELIMITERS = ("\t", ";", "；")


def to_csv(articles: Iterable[Article], categories: Mapping[str, str]) -> bytes:
    """UTF-8 with the mark that Excel needs."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS.values())
    for article in articles:
        writer.writerow([safe(cell) for cell in cells_of(article, categories)])
    return (BOM + out.getvalue()).encode()


def from_csv(data: bytes) -> tuple[list[Record], list[str]]:
    """The records, and what there is to be told of the file. Raises `FileRefused`."""
    text, notes = _decoded(data)
    if "\0" in text:
        raise FileRefused("这不是文字表格，里面有不能识别的字符。请用 Excel 或 WPS 另存为 CSV 再试。")
    head = text.partition("\n")[0]
    delimiter = next((mark for mark in _DELIMITERS if mark in head and "," not in head), ",")
    csv.field_size_limit(1_000_000)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        rows = [[_unmarked(cell) for cell in row] for row in reader]
    except csv.Error as error:
        raise FileRefused(
            f"第 {reader.line_num} 行附近读不下去：引号没有成对，或内容太长。请用 Excel 或 WPS 打开检查，另存后再试。"
        ) from error
    return records_of(rows), notes


def safe(cell: str) -> str:
    """The cell as text even where a program would compute it."""
    return f"'{cell}" if _COMPUTED.match(cell) else cell


def _unmarked(cell: str) -> str:
    return cell[1:] if _MARKED.match(cell) else cell


def _decoded(data: bytes) -> tuple[str, list[str]]:
    for mark, encoding in ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")):  # fmt: skip
        if data.startswith(mark):
            try:
                return data.decode("utf-8-sig" if encoding == "utf-8" else encoding), []
            except UnicodeDecodeError as error:
                raise FileRefused("文件损坏，有的文字读不出来。请重新另存一份再试。") from error
    try:
        return data.decode("utf-8"), []
    except UnicodeDecodeError:
        pass
    try:
        return data.decode("gb18030"), ["文件不是 UTF-8 编码，已按 GBK 读取，请核对下面的文字有没有乱码。"]
    except UnicodeDecodeError as error:
        raise FileRefused("看不出文字的编码。请另存为“CSV UTF-8（逗号分隔）”再试。") from error
