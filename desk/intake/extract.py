"""Several answers in one message: what can be told for sure from a text, whatever was asked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress

import phonenumbers
from stdnum.cn import uscc

from desk.city import City
from desk.intake.fields import Refused, read_contact, read_enterprise

_A_FEW = 6  # letters of a clause that may be anything: 在叶县, 我姓王
_CODE = re.compile(r"(?<![0-9A-Za-z])[0-9A-HJ-NPQRTUWXYa-hj-npqrtuwxy]{18}(?![0-9A-Za-z])")
_TICKET = re.compile(r"[A-Za-z]{2,4}-?\d{8}-?\d{4,6}")
# The other party of many complaints: never taken for the enterprise itself.
_AUTHORITY = re.compile(
    r"(?:供电|电力|自来水|供水|水务|燃气|天然气|热力|物业|银行|保险|快递|移动|联通|电信|电网|公交)[^,，。]{0,6}公司$"
)
_COMPANY = (
    r"[\u4e00-\u9fffA-Za-z0-9()（）·]{2,30}?"
    r"(?:有限责任公司|股份有限公司|有限公司|公司|集团|合作社|商行|经营部|门市部|加工厂|厂|饭店|酒店|超市|商店|药店|门店|店|工作室)"
)
_SAYS_WHO = re.compile(
    rf"(?:我们?是|我们?叫|俺们?是|这里是|我代表|(?:公司|企业|单位|店铺?|厂)(?:名称|名字|全称|名)?(?:是|叫|为|[:：]))\s*(?P<name>{_COMPANY})"
)
_FULL_NAME = re.compile(r"[\u4e00-\u9fff()（）]{4,26}(?:有限责任公司|股份有限公司|有限公司)")
# A clause that is nothing but a name: 宏达铸造厂. What points, asks or tells is no name.
_CLAUSE = re.compile(r"[,，。;；、！!\n\s]+")
_NO_NAME = re.compile(
    r"[的那这哪有在被让把给去来到要没不]|我们|俺们|咱们|附近|旁边|隔壁|两家|几家|[一二两几]个"
)
_SURNAME = re.compile(r"(?:^|[,，。;；\s])(?:我|免贵|本人)姓(?P<name>[\u4e00-\u9fff])(?:$|[,，。;；\s])")
_CONTACT = re.compile(
    r"(?:联系人|姓名|我叫|我姓名|名字叫)(?:是|为|叫)?[:：\s]*(?P<name>[\u4e00-\u9fff·]{2,4}?)(?=$|[,，。.;；、\s\d(（]|电话|手机|联系|公司)"
)


def extract(text: str, city: City) -> dict[str, str]:
    """Field name -> value, for what the text says beyond doubt."""
    found: dict[str, str] = {}
    rest = _TICKET.sub(" ", text)
    for match in _CODE.finditer(rest):
        if uscc.is_valid(match.group().upper()):
            found["credit_code"] = uscc.compact(match.group().upper())
    rest = _CODE.sub(" ", rest)
    for match_phone in phonenumbers.PhoneNumberMatcher(rest, "CN"):
        found["phone"] = phonenumbers.format_number(match_phone.number, phonenumbers.PhoneNumberFormat.E164)
        break
    if district := _district(rest, city):
        found["district"] = district
    if enterprise := _enterprise(rest):
        found["enterprise"] = enterprise
    if contact := _CONTACT.search(rest) or _SURNAME.search(rest):
        with suppress(Refused):
            found["contact"] = read_contact(contact["name"])
    return found


def told_only(text: str, found: Mapping[str, str]) -> bool:
    """Whether a text that told these values says hardly anything besides: 宏达厂，我姓王，电话…，在叶县."""
    return len(found) > 1 and sum(len(clause) > _A_FEW for clause in _CLAUSE.split(text)) <= len(found)


def _district(text: str, city: City) -> str | None:
    if named := next((name for name in city.districts if name in text), None):
        return named
    short = {alias: name for name, aliases in city.districts.items() for alias in aliases}
    clauses = (
        re.sub(r"^(?:我们?|俺们?)?(?:在|是)|(?:的|这边|这里)$", "", clause) for clause in _CLAUSE.split(text)
    )
    return next((short[clause] for clause in clauses if clause in short), None)


def _bare_name(text: str) -> str | None:
    clauses = _CLAUSE.split(text.strip())
    if len(clauses) < 2:
        return None  # alone it may be the answer to anything
    return next((c for c in clauses if re.fullmatch(_COMPANY, c) and not _NO_NAME.search(c)), None)


def _enterprise(text: str) -> str | None:
    named = _SAYS_WHO.search(text)
    name = named["name"] if named else _bare_name(text)
    if name is None and (full := _FULL_NAME.search(text)):
        name = re.sub(r"^(?:我们?是|我们?|投诉|反映|在|对)+", "", full.group())
    if (
        name is None
        or _AUTHORITY.search(name)
        or re.fullmatch(r"(?:这|那|一|某|个|家|我|们|的)*(?:公司|厂|店)", name)
    ):
        return None
    try:
        return read_enterprise(name)
    except Refused:
        return None
