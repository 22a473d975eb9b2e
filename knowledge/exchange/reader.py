"""Reads one file that somebody uploaded, in a process of its own: `python -m knowledge.exchange.reader NAME < file`.

What it writes is JSON: `refused`, or `articles`, `problems` and `notes`; for a document `document`. See `aside`.
"""

from __future__ import annotations

import json
import resource
import sys
from typing import Any

from knowledge.exchange.archive import from_markdown, from_zip
from knowledge.exchange.csv_file import from_csv
from knowledge.exchange.documents import DOCUMENTS, document_of
from knowledge.exchange.problems import FileRefused
from knowledge.exchange.reading import Record, articles_of
from knowledge.rows import to_content

TABLES = (".xlsx", ".csv", ".zip", ".md")
_OTHERS = {
    ".xls": "这是旧版 Excel。请另存为 .xlsx 再试。",
    ".xlsm": "文件带有宏，没有读取。请另存为 .xlsx 再试。",
    ".et": "这是 WPS 表格。请另存为 .xlsx 再试。",
    ".doc": "这是旧版 Word。请另存为 .docx 再试。",
    ".docm": "文件带有宏，没有读取。请另存为 .docx 再试。",
    ".wps": "这是 WPS 文字。请另存为 .docx 再试。",
    ".rar": "请改用 ZIP 压缩包。",
    ".7z": "请改用 ZIP 压缩包。",
}


def read(data: bytes, name: str) -> dict[str, Any]:
    """What is in a file, as JSON. `name`: what the sender calls it; only its ending counts."""
    ending = f".{name.rpartition('.')[2].lower()}"
    try:
        if not data:
            raise FileRefused("文件是空的。")
        if ending in DOCUMENTS:
            return {"document": document_of(data, ending)}
        records, notes = _records(data, ending, name)
        found, problems = articles_of(records)
    except FileRefused as refused:
        return {"refused": str(refused)}
    return {
        "articles": [[place, to_content(article)] for place, article in found],
        "problems": [[one.place, one.column, one.wrong, one.right] for one in problems],
        "notes": notes,
    }


def _records(data: bytes, ending: str, name: str) -> tuple[list[Record], list[str]]:
    match ending:
        case ".xlsx":
            from knowledge.exchange.excel import from_excel  # the others need no such library

            return from_excel(data)
        case ".csv":
            return from_csv(data)
        case ".zip":
            return from_zip(data)
        case ".md":
            return [from_markdown(data, name[-60:])], []
    other = _OTHERS.get(ending, "不认识这种文件。")
    raise FileRefused(f"{other}可以导入 {'、'.join((*TABLES, *DOCUMENTS))}。")


def _limit(memory: int, seconds: int) -> None:
    for what, most in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CPU, seconds), (resource.RLIMIT_CORE, 0)):  # fmt: skip
        resource.setrlimit(what, (most, most))


def main() -> None:
    """Arguments: the file's name, bytes of memory, seconds of computing."""
    name, memory, seconds = sys.argv[1:]
    _limit(int(memory), int(seconds))
    sys.setrecursionlimit(500)
    result = read(sys.stdin.buffer.read(), name)
    sys.stdout.write(json.dumps(result, ensure_ascii=True))


if __name__ == "__main__":
    main()
