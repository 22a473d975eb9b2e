"""A document (docx, pdf, html) split into the aspects of an article by its headings. What is not sure says so."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from knowledge.article import ASPECTS, Aspect
from knowledge.exchange.piece import Piece
from knowledge.exchange.problems import FileRefused

_Reader = Callable[[bytes], tuple[str, list[Piece], list[str]]]
DOCUMENTS = (".docx", ".pdf", ".html", ".htm")
# Words of headings; the first aspect whose words are in it, unless several fit.
_WORDS: Mapping[Aspect, str] = {
    "conditions": r"条件|适用范围|办理对象|服务对象|申报对象|适用对象",
    "materials": r"材料|资料|要件|证件|提交什么|带什么",
    "process": r"流程|程序|步骤|环节|怎么办|如何办|办理方式|办理方法",
    "time": r"时限|期限|多久|几天|工作日",
    "fee": r"收费|费用|缴费|价格|资费|多少钱",
    "place": r"地点|地址|窗口|办理机构|受理机构|去哪|在哪",
    "basis": r"依据|法律法规|政策文件|文件依据",
    "overview": r"概述|概况|简介|事项名称|基本信息|事项说明|总则|介绍",
}
_MARKS = re.compile(
    r"^\s*(?:第[一二三四五六七八九十百\d]+[章节条部分]*|[（(]?[一二三四五六七八九十\d]+[)）]?)[、.．:：\s]*"
)
_UNREADABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff\ud800-\udfff\u200b-\u200f\u202a-\u202e\ufeff]"
)
_MOST_PIECES = 5_000
_MOST_LETTERS = 200_000
_SHORT = 8  # letters; a title says more
_LONG = 1_500  # bytes, as in knowledge/check.py


@dataclass
class _Draft:
    sections: dict[Aspect, list[str]] = field(default_factory=dict)
    doubts: dict[Aspect, list[str]] = field(default_factory=dict)
    unplaced: list[tuple[str, list[str]]] = field(default_factory=list)

    def doubt(self, aspect: Aspect, why: str) -> None:
        if why not in self.doubts.setdefault(aspect, []):
            self.doubts[aspect].append(why)


def document_of(data: bytes, ending: str) -> dict[str, Any]:
    """The document as JSON: title, sections, doubts about them, and what fits no aspect. Raises `FileRefused`."""
    title, pieces, notes = _reader(ending)(data)
    pieces = [Piece(_clean(piece.text), piece.heading) for piece in pieces[:_MOST_PIECES]]
    pieces = [piece for piece in pieces if piece.text]
    if not pieces:
        raise FileRefused("文件里没有文字。")
    if sum(len(piece.text) for piece in pieces) > _MOST_LETTERS:
        raise FileRefused(f"文件超过 {_MOST_LETTERS // 10_000} 万字。请只留下要写成文章的部分再试。")
    draft = _split(pieces, title)
    for aspect, texts in draft.sections.items():
        if len("\n".join(texts).encode()) > _LONG:
            draft.doubt(aspect, "超过一条微信消息能放下的长度，请精简到 500 字以内。")
    return {
        "title": _clean(title)[:200],
        "sections": {
            aspect: "\n".join(draft.sections[aspect]) for aspect in ASPECTS if aspect in draft.sections
        },
        "doubts": draft.doubts,
        "unplaced": [[heading, "\n".join(texts)] for heading, texts in draft.unplaced],
        "notes": notes,
    }


def _reader(ending: str) -> _Reader:
    # Imported here: each kind brings a library that the others do not need, in a process that lives for one file.
    if ending == ".docx":
        from knowledge.exchange.word import from_word as reader
    elif ending == ".pdf":
        from knowledge.exchange.pdf import from_pdf as reader
    else:
        from knowledge.exchange.html_page import from_html as reader
    return reader


def aspects_of(heading: str) -> list[Aspect]:
    """The aspects that a heading may be about."""
    return [aspect for aspect, words in _WORDS.items() if re.search(words, heading)]


def _split(pieces: Iterable[Piece], title: str) -> _Draft:
    draft = _Draft()
    where: list[str] = draft.sections.setdefault("overview", [])
    draft.doubt("overview", "没有写在哪个标题下面，请看是不是概述。")
    for piece in pieces:
        if not piece.heading:
            where.append(piece.text)
        elif piece.text != title or _names_a_section(title):
            where = _under(draft, _MARKS.sub("", piece.text) or piece.text)
    if not draft.sections["overview"]:
        del draft.sections["overview"], draft.doubts["overview"]
    draft.unplaced = [(heading, texts) for heading, texts in draft.unplaced if texts]
    draft.sections = {aspect: texts for aspect, texts in draft.sections.items() if texts}
    return draft


def _names_a_section(title: str) -> bool:
    """Where a document has no title, its first heading is taken for it, and may be one of a section."""
    return len(_MARKS.sub("", title)) <= _SHORT and bool(aspects_of(title))


def _under(draft: _Draft, heading: str) -> list[str]:
    """Where the text under a heading goes."""
    found = aspects_of(heading)
    if not found:
        texts: list[str] = []
        draft.unplaced.append((heading, texts))
        return texts
    aspect = found[0]
    if aspect == "overview" and not draft.sections.get("overview"):
        draft.doubts.pop("overview", None)
    if len(found) > 1:
        draft.doubt(aspect, f"标题“{heading[:30]}”也像别的方面，请看放得对不对。")
    if draft.sections.get(aspect):
        draft.doubt(aspect, f"“{heading[:30]}”也放在这里了，请看是不是一回事。")
    return draft.sections.setdefault(aspect, [])


def _clean(text: str) -> str:
    lines = (_UNREADABLE.sub("", line).strip() for line in text.replace("\t", " ").splitlines())
    return "\n".join(filter(None, lines))
