"""Articles as Markdown files in a ZIP archive: read in memory, never unpacked onto the disk."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any

import yaml

from knowledge.article import ASPECT_NAMES, ASPECTS, Article
from knowledge.exchange.columns import COLUMNS, FIELD_NAMES, MORE_NAMES
from knowledge.exchange.packed import content, opened
from knowledge.exchange.problems import FileRefused, Problem
from knowledge.exchange.reading import Record
from knowledge.markdown import dump, front, headed

MOST_FILE = 1024 * 1024
_ALWAYS = (2026, 1, 1, 0, 0, 0)  # the same articles make the same archive
_RUBBISH = ("__MACOSX/", ".DS_Store", "Thumbs.db")
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def to_zip(articles: Iterable[Article]) -> bytes:
    """`KEY.md` for each article."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for article in articles:
            archive.writestr(zipfile.ZipInfo(f"{article.key}.md", _ALWAYS), dump(article).encode())
    return out.getvalue()


def from_zip(data: bytes) -> tuple[list[Record], list[str]]:
    """The record of each file. Raises `FileRefused`."""
    records = []
    with opened(data, "ZIP 压缩包") as archive:
        for entry in archive.infolist():
            if entry.is_dir() or any(mark in entry.filename for mark in _RUBBISH):
                continue
            name = _safe_name(entry.filename)
            records.append(from_markdown(content(archive, entry, MOST_FILE), name))
    if not records:
        raise FileRefused("压缩包是空的，里面没有 .md 文件。")
    return records, []


def from_markdown(data: bytes, name: str) -> Record:
    """The record of one file; what is wrong with it stands in the record."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return _nothing(name, "", "不是 UTF-8 编码的文字。", "请另存为 UTF-8 再试。")
    parts = front(text)
    if parts is None:
        return _nothing(name, "", "开头没有两行 --- 之间的项目。", "请先导出一份，照它的样子写。")
    meta, wrong = _meta(parts[0])
    if meta is None:
        return _nothing(name, "两行 --- 之间", wrong, "请照导出的文件检查冒号、引号和缩进。")
    before, sections = headed(parts[1].replace("\r", "\n"))
    problems = [*_wrong_fields(name, meta), *_wrong_sections(name, before, sections)]
    return Record(name, {**meta, **dict(sections)}, tuple(problems))


def _meta(text: str) -> tuple[dict[str, Any] | None, str]:
    try:
        # What refers to itself a billion times is small in the file and nowhere else.
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=_Loader)):
            return None, "用了 YAML 的引用（*），不能这样写。"
        meta = yaml.load(text, Loader=_Loader)  # noqa: S506 a safe loader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        return None, f"第 {mark.line + 2} 行不合格式。" if mark else "不合格式。"
    except (ValueError, RecursionError, OverflowError):
        return None, "有一处不合格式，如没有这一天的日期。"
    return (meta, "") if isinstance(meta, dict) else (None, "不是“项目: 内容”的样子。")


def _wrong_fields(name: str, meta: dict[str, Any]) -> list[Problem]:
    missing = [field for field in FIELD_NAMES if field not in meta]
    unknown = [str(field)[:30] for field in meta if field not in (*FIELD_NAMES, *MORE_NAMES)]
    found = [Problem(name, field, "没有这一项。", f"这是{COLUMNS[field]}，没有内容也要写上。") for field in missing]  # fmt: skip
    return found + [Problem(name, field, "不认识这一项。", "请删去。") for field in unknown]


def _wrong_sections(name: str, before: str, sections: list[tuple[str, str]]) -> list[Problem]:
    found = [Problem(name, "", "第一节以前还有文字。", "请移到某一节里。")] if before else []
    seen: set[str] = set()
    for heading, text in sections:
        if heading not in ASPECTS:
            known = "、".join(f"{aspect}（{ASPECT_NAMES[aspect]}）" for aspect in ASPECTS)
            found.append(Problem(name, f"## {heading[:30]}", "没有这个方面。", f"标题只能用：{known}。"))
        elif heading in seen:
            found.append(Problem(name, f"## {heading}", "写了两次。", "请合成一节。"))
        elif not text:
            found.append(Problem(name, f"## {heading}", "这一节是空的。", "请写上内容，或删去这一节。"))
        seen.add(heading)
    return found


def _nothing(name: str, column: str, wrong: str, right: str) -> Record:
    return Record(name, {}, (Problem(name, column, wrong, right),))


def _safe_name(name: str) -> str:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name or "\0" in name:
        raise FileRefused(f"压缩包里有不安全的路径“{name[:60]}”，没有读取。")
    if path.suffix.lower() != ".md":
        raise FileRefused(f"压缩包里有不是 .md 的文件“{name[:60]}”。请只放文章再试。")
    return path.name
