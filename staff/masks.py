"""Names and telephone numbers as those see them who need not know them."""

from __future__ import annotations

import re
from collections.abc import Iterable

_ENDING = re.compile(r"(?:股份有限公司|有限责任公司|有限公司|集团|合作社|公司|厂|店|行|部|院|社)$")
_ALNUM = "0-9A-Za-z０-９Ａ-Ｚａ-ｚ"
# What stays (a ticket's number, a day) comes first; then a unified credit code (GB 32100: two letters or digits, six digits of
# the district, ten letters or digits) or an identity number, also with blanks in it; then what may be a telephone's.
_NUMBER = re.compile(
    rf"(?P<kept>(?<![A-Za-z])[A-Za-z]{{2,6}}-20\d{{6}}-\d{{4,6}}(?![\d-])"
    rf"|(?<![\d-])(?:19|20)\d\d-(?:0?[1-9]|1[0-2])-(?:[12]\d|3[01]|0?[1-9])(?![\d-]))"
    rf"|(?<![{_ALNUM}])(?:[{_ALNUM}][ -]?){{2}}(?:\d[ -]?){{6}}(?:[{_ALNUM}][ -]?){{9}}[{_ALNUM}](?![{_ALNUM}])"
    rf"|(?<!\d)\+?\d[\d -]{{5,}}\d(?!\d)"
)
_EMAIL = re.compile(r"[a-z0-9._%+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+", re.IGNORECASE | re.ASCII)
_LABELLED = re.compile(
    r"((?:联系人|企业名称|公司名称|单位名称|姓名)(?:[:：]|改为|改成|是|叫)[:：]?[ \t]*)([^\s,，。;；、“”]+)"
)
HIDDEN = "＊＊"


def masked_enterprise(name: str) -> str:
    """`平顶山某某商贸有限公司` -> `平顶＊＊有限公司`; what is short loses all but its first letter."""
    ending = _ENDING.search(name)
    end = ending[0] if ending else ""
    stem = name[: len(name) - len(end)]
    return (stem[:2] if len(stem) > 3 else stem[:1]) + HIDDEN + end


def masked_name(name: str) -> str:
    """`李经理` -> `李＊＊`."""
    return name[:1] + HIDDEN


def masked_phone(phone: str) -> str:
    """`+8613800001234` -> `138＊＊＊＊1234`."""
    digits = phone.removeprefix("+86")
    return f"{digits[:3]}＊＊＊＊{digits[-4:]}" if len(digits) > 8 else f"＊＊＊＊{digits[-2:]}"


def masked_code(code: str) -> str:
    """`91410400MA3X00000X` -> `9141＊＊＊＊000X`."""
    return f"{code[:4]}＊＊＊＊{code[-4:]}"


def masked_text(text: str, names: Iterable[str]) -> str:
    """A text without those names, without what it calls a name itself, and without e-mail addresses and any number that
    may be a telephone's, a person's or an enterprise's."""
    for name in sorted(filter(None, names), key=len, reverse=True):
        text = text.replace(name, HIDDEN)
    text = _EMAIL.sub(HIDDEN, _LABELLED.sub(rf"\1{HIDDEN}", text))
    return _NUMBER.sub(lambda found: found["kept"] or HIDDEN, text)
