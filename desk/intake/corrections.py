"""Corrections in plain words: 电话改成138…、公司名写错了、改区县."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_LABELS: Mapping[str, str] = {
    "enterprise": r"公司名称?|企业名称?|单位名称?|店名|公司|企业|单位",
    "credit_code": r"统一社会信用代码|社会信用代码|信用代码|代码",
    "contact": r"联系人|姓名|名字|称呼",
    "phone": r"联系电话|电话号码|手机号码?|联系方式|电话|手机|号码",
    "district": r"所在区县|所在地|区县|县区|地区|属地|区域",
    "subject": r"事项类别|类别|分类|类型|主题",
    "description": r"事情经过|经过|情况说明|情况|描述|内容|事由",
    "wanted": r"您的要求|我的要求|要求|诉求|希望|想要的结果",
    "confidential": r"是否保密|保密",
}
_LABEL = "|".join(f"(?P<{name}>{words})" for name, words in _LABELS.items())
_EXPLICIT = r"(?:改成|改为|改到|换成|换为|更正为|更正成|修改为|应该是|应当是|应是|应为)"
_PLAIN = r"(?:是|为|[:：])"
_WRONG = r"(?:写|填|输|弄|搞|选|说|留|打)?错了?"

_WITH_VALUE = re.compile(
    rf"(?:把|将)?(?:{_LABEL})(?:{_WRONG}|不对)?(?:了)?[,，\s]*(?P<verb>{_EXPLICIT}|{_PLAIN})[:：\s]*(?P<value>.+)",
    re.DOTALL,
)
_WITHOUT_VALUE = re.compile(
    rf"^(?:不对|不是|等等|等一下|我?(?:想|要)?)?[,，\s]*(?:"
    rf"(?:修改|更正|改|换)(?:一下|下|个)?(?:{_LABEL})"
    rf")[吧了。!！\s]*$"
)
_WRONG_ONLY = re.compile(
    rf"^(?:不对|不是|等等|等一下)?[,，\s]*(?:{_LABEL})(?:{_WRONG}|不对|有误|要改|要换|改一下|换一下|改下)[了吧。!！\s]*$"
)


@dataclass(frozen=True, slots=True)
class Correction:
    """A field to change; `value` is what was said for it, or None where it has to be asked."""

    field: str
    value: str | None


def correction(text: str, *, strict: bool) -> Correction | None:
    """The correction that a text makes. `strict`: only 改成、应该是 and their like, not a mere 电话是."""
    for pattern in (_WITHOUT_VALUE, _WRONG_ONLY):
        if match := pattern.match(text):
            return Correction(_field(match), None)
    match = _WITH_VALUE.search(text)
    if match is None or match.start() > 12:
        return None
    if strict and not re.fullmatch(_EXPLICIT, match["verb"]):
        return None
    return Correction(_field(match), match["value"].strip())


def _field(match: re.Match[str]) -> str:
    return next(name for name in _LABELS if match[name])
