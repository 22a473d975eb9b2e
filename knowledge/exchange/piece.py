"""A piece of a document, and how a heading looks where nothing marks it as one."""

from __future__ import annotations

import re
from dataclasses import dataclass

_LONGEST = 30
_NUMBERED = re.compile(
    r"^(?:[一二三四五六七八九十]{1,3}、|第[一二三四五六七八九十\d]{1,3}[章节部分]|[（(][一二三四五六七八九十]{1,3}[)）])"
)
_NAMED = re.compile(
    r"^[【\[]?(?:申请|办理|受理|申报|所需|提交)?(?:条件|材料|资料|流程|程序|时限|期限|地点|地址|依据|费用|收费标准|收费|概述|简介)[】\]]?[:：]?$"
)
_ENDS = "。；;，,！？!?"


@dataclass(frozen=True, slots=True)
class Piece:
    """A paragraph, or several lines; or a heading."""

    text: str
    heading: bool = False


def looks_like_heading(text: str, *, bold: bool = False) -> bool:
    """A short line with a number before it, or the name of an aspect alone; or a short line in bold."""
    text = text.strip()
    if not text or len(text) > _LONGEST or text[-1] in _ENDS or "\n" in text:
        return False
    return bold or bool(_NUMBERED.match(text) or _NAMED.match(text))
