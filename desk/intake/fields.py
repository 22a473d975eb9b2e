"""The fields of a ticket: how each is asked for, why, and how an answer is read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import phonenumbers
from stdnum.cn import uscc
from stdnum.exceptions import ValidationError

from desk.city import City
from knowledge.catalogue import catalogue

MAX_NAME = 60
MAX_CONTACT = 20
MIN_DESCRIPTION = 10
MAX_TEXT = 2_000

SKIPPED = "-"
# What people say to a form is nobody's name.
_NO_NAME = re.compile(
    r"(?:确认|确定|提交|跳过|取消|不填|不用|没有|是的?|对的?|好的?|可以|行|无|的)+[吧了啊]?"
)
# What no name of an enterprise holds: a date, or several clauses with a verb of a story in them.
_SENTENCE = re.compile(
    r"\d{1,2}\s*[月号日]|[,，。;；!！].*(?:一直|已经|还|就|都|没|不|催|拖|等|去|来|说)|(?:一直|天天|已经|就是|没人|不给|为什么|怎么)"
)
_ENDINGS = ("有限公司", "责任公司", "股份公司", "集团", "合作社")


class Refused(ValueError):
    """The answer cannot be taken; the message tells the enterprise why."""


@dataclass(frozen=True, slots=True)
class Field:
    """One question of the form. `read` turns an answer into the value kept, or raises `Refused`."""

    name: str
    label: str
    question: str
    why: str
    read: Callable[[str], str]
    optional: bool = False
    free: bool = False  # any text is an answer
    choices: tuple[str, ...] = ()


def read_enterprise(text: str) -> str:
    """An enterprise's or shop's name."""
    name = re.sub(
        r"^(?:(?:我们?|俺们?|咱们?)?(?:的)?(?:公司|企业|单位|厂|店)(?:的)?(?:名称|名字|全称|名)?(?:是|叫|为)"
        r"|(?:公司|企业|单位)(?:名称|名字|全称|名)|我们?(?:是|叫)|(?:名称|名字)?(?:叫做?|是))[:：，,\s]*",
        "",
        text.strip(),
    ).strip(" ,，。.;；!！")
    if _SENTENCE.search(name) and not name.endswith(_ENDINGS):
        raise Refused("这像是事情经过。请只写企业或店铺的名称，如“平顶山某某商贸有限公司”。")
    if (
        _NO_NAME.fullmatch(name)
        or not 2 <= len(name) <= MAX_NAME
        or not re.search(r"[\u4e00-\u9fffA-Za-z]", name)
    ):
        raise Refused(f"请写企业或店铺的名称（2 到 {MAX_NAME} 个字），如“平顶山某某商贸有限公司”。")
    return name


def read_credit_code(text: str) -> str:
    """A unified social credit code (GB 32100-2015), checked down to its last character."""
    found = re.search(r"[0-9A-Za-z]{15,20}", re.sub(r"[\s-]", "", text))
    if found is None:
        raise Refused("统一社会信用代码是营业执照上的 18 位数字和大写字母。手边没有可以回复“跳过”。")
    try:
        return str(uscc.validate(found.group().upper()))
    except ValidationError as error:
        raise Refused(
            "这个统一社会信用代码校验不通过，请对照营业执照再核对一遍（18 位，不含字母 I、O、S、V、Z），"
            "也可以回复“跳过”。"
        ) from error


def read_contact(text: str) -> str:
    """The name of the person to call back."""
    name = re.sub(
        r"^(?:联系人|姓名|名字)?(?:是|为)?[:：，,\s]*(?:我(?:的名字)?(?:叫|是|姓)|免贵姓|我)?[:：\s]*",
        "",
        text.strip(),
    ).strip(" ,，。.!！")
    if (
        _NO_NAME.fullmatch(name)
        or not 1 <= len(name) <= MAX_CONTACT
        or not re.fullmatch(r"[\u4e00-\u9fff·A-Za-z .]+", name)
    ):
        raise Refused("请写联系人的姓名，或姓氏加称呼，如“李经理”。")
    return name


def read_phone(text: str) -> str:
    """A Chinese mobile or landline number, kept in E.164."""
    found = next(iter(phonenumbers.PhoneNumberMatcher(text, "CN")), None)
    if found is None:
        raise Refused("没有认出可以拨通的电话号码。手机请写 11 位，固定电话请带区号，如 0375-1234567。")
    return phonenumbers.format_number(found.number, phonenumbers.PhoneNumberFormat.E164)


def read_text(label: str, least: int) -> Callable[[str], str]:
    """Free text of at least so many letters."""

    def read(text: str) -> str:
        text = text.strip()
        if len(re.sub(r"\W", "", text)) < least:
            raise Refused(f"{label}请再写详细一些，至少 {least} 个字。")
        if len(text) > MAX_TEXT:
            raise Refused(f"{label}请控制在 {MAX_TEXT} 字以内，现在有 {len(text)} 字。")
        return text

    return read


def read_confidential(text: str) -> str:
    """Whether the enterprise's name is kept from those complained about: 是 or 否."""
    if re.search(
        r"不(?:用|需要?|要|必|想)?保密|公开|无所谓|都行|随便|^(?:否|不|不用|不要|不需要|没必要|不是)", text
    ):
        return "否"
    if re.search(r"保密|^(?:是|要|需要|对|嗯|好|可以|行)", text):
        return "是"
    raise Refused("请选择“保密”或“不用保密”。")


def reader_of_choice(choices: Mapping[str, tuple[str, ...]], what: str) -> Callable[[str], str]:
    """Reads one of the choices, by its name or one of its other names; the longest that occurs wins."""
    names = sorted(
        ((alias, name) for name, aliases in choices.items() for alias in (name, *aliases)),
        key=lambda pair: -len(pair[0]),
    )

    def read(text: str) -> str:
        for alias, name in names:
            if alias in text:
                return name
        raise Refused(f"没有认出是哪个{what}，请选一个。")

    return read


_SUBJECT_WORDS = {
    "供水": ("水费", "停水", "自来水", "用水"),
    "燃气": ("供气", "天然气", "煤气", "用气"),
    "供电": ("停电", "电费", "用电", "电力", "电网"),
    "企业开办与登记": ("营业执照", "注册", "开办", "登记", "注销"),
    "税务": ("税", "发票"),
    "社保与用工": ("社保", "用工", "公积金", "工资", "劳动"),
    "不动产": ("房产", "土地证", "抵押登记"),
    "工程建设": ("施工", "工程", "消防", "环评"),
    "政府采购与招投标": ("采购", "招标", "投标", "招投标"),
    "融资信贷": ("贷款", "融资", "银行"),
    "外贸通关": ("海关", "报关", "进出口", "通关"),
    "司法保障": ("法院", "诉讼", "执行", "破产"),
    "市场监管与信用": ("检查", "罚款", "处罚", "执法", "信用修复", "市场监管"),
    "知识产权": ("商标", "专利", "侵权"),
    "招商与项目代办": ("招商", "项目", "承诺"),
    "科技创新": ("高新技术", "科技"),
    "人才与落户": ("人才", "落户"),
    "政务服务": ("大厅", "窗口", "办事", "刁难", "网上办", "态度"),
}
OTHER_SUBJECT = "其他"


def subjects() -> dict[str, tuple[str, ...]]:
    """The subjects that a ticket may have, with the words that people use for them."""
    names = [name for name in catalogue().categories.values() if name in _SUBJECT_WORDS]
    return {**{name: _SUBJECT_WORDS[name] for name in names}, OTHER_SUBJECT: ("别的", "不知道", "都不是")}


def guessed_subject(story: str) -> str | None:
    """The subject of a story, where its words point to one alone."""
    found = [
        name
        for name, words in subjects().items()
        if name != OTHER_SUBJECT and any(w in story for w in (name, *words))
    ]
    return found[0] if len(found) == 1 else None


def complaint_fields(city: City) -> tuple[Field, ...]:
    """The fields of a complaint or request, in the order they are asked for."""
    return (
        Field("description", "事情经过", "请说说发生了什么：什么时间、哪个单位、什么事（至少 10 个字）。",
              "经办单位要凭事情经过去核实，写得越具体，办得越快。", read_text("事情经过", MIN_DESCRIPTION), free=True),
        Field("wanted", "您的要求", "您希望怎么解决？",
              "知道您想要的结果，经办单位才能给出对得上的答复。", read_text("您的要求", 2), free=True),
        Field("subject", "事项类别", "这件事属于哪一类？",
              "工单按类别派给对应的主管部门。", reader_of_choice(subjects(), "类别"), choices=tuple(subjects())),
        Field("enterprise", "企业名称", "请问企业（或店铺）的名称是什么？",
              "工单要落到具体的企业，经办人核实情况和回复都要用到。", read_enterprise),
        Field("credit_code", "统一社会信用代码", "请写统一社会信用代码（营业执照上的 18 位代码，选填）。",
              "用它能准确找到企业，避免同名混淆。这一项可以不填，回复“跳过”即可。", read_credit_code, optional=True),
        Field("contact", "联系人", "怎么称呼您？请写联系人姓名。",
              "经办人回访时要知道找谁。", read_contact),
        Field("phone", "联系电话", "请留一个联系电话。",
              "办理中要核实情况、办完要回访；只有处理这张工单的工作人员能看到，查询工单也要核对后四位。", read_phone),
        Field("district", "所在区县", "企业在哪个区县？",
              "工单要派到企业所在地的单位办理。", reader_of_choice(city.districts, "区县"), choices=tuple(city.districts)),
        Field("confidential", "是否保密", "需要对被反映的单位保密您的企业名称和联系方式吗？",
              "选择保密后，只有受理和办理这张工单的人能看到您的信息。", read_confidential, choices=("保密", "不用保密")),
    )  # fmt: skip
