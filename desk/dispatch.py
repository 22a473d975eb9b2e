"""The department that is suggested for a ticket, with the reason, and the rules of a new installation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from desk.officers import Acting
from tickets.dispatching import all_rules, best_match
from tickets.models import DispatchRule, Ticket

# Subject, words that make the difference, department. Districts: who knows the city's own offices adds them.
_DEFAULTS = (
    ("供水", "", "water"),
    ("燃气", "", "gas"),
    ("供电", "", "power"),
    ("供电", "物业 转供电 园区收 加价", "market"),
    ("企业开办与登记", "", "market"),
    ("税务", "", "tax"),
    ("社保与用工", "", "human-resources"),
    ("社保与用工", "社保费 养老保险 医疗保险 参保 补缴 社保卡", "social-insurance"),
    ("社保与用工", "公积金", "housing-fund"),
    ("不动产", "", "natural-resources"),
    ("工程建设", "", "housing"),
    ("工程建设", "消防", "fire"),
    ("工程建设", "环评 环境影响 排污", "environment"),
    ("工程建设", "规划许可 用地 土地", "natural-resources"),
    ("工程建设", "立项 项目备案 核准", "development-reform"),
    ("政府采购与招投标", "", "finance"),
    ("政府采购与招投标", "投标 招投标 评标 中标 工程", "development-reform"),
    ("政府采购与招投标", "采购", "finance"),
    ("融资信贷", "", "financial-supervision"),
    ("外贸通关", "", "customs"),
    ("外贸通关", "补贴 展会 外资", "commerce"),
    ("司法保障", "", "court"),
    ("司法保障", "公证 律师 法律援助 司法鉴定", "justice"),
    ("司法保障", "报案 立案侦查 派出所 公安 诈骗", "police"),
    ("市场监管与信用", "", "market"),
    ("市场监管与信用", "环保 排污 污染", "environment"),
    ("市场监管与信用", "消防", "fire"),
    ("知识产权", "", "market"),
    ("招商与项目代办", "", "commerce"),
    ("招商与项目代办", "项目备案 立项 核准", "development-reform"),
    ("科技创新", "", "science"),
    ("人才与落户", "", "talent"),
    ("人才与落户", "落户 户口 户籍 居住证", "police"),
    ("政务服务", "", "government-service"),
    ("政务服务", "12345 热线", "hotline"),
    ("其他", "", "business-environment"),
    ("", "停水 自来水 水表 水压", "water"),
    ("", "天然气 燃气 停气 煤气", "gas"),
    ("", "停电 变压器 电表 电网 供电所", "power"),
    ("", "税 发票 退税 税务局", "tax"),
    ("", "营业执照 商标 价格欺诈 市场监管", "market"),
    ("", "社保 养老保险 医保", "social-insurance"),
    ("", "工资 劳动仲裁 工伤", "human-resources"),
    ("", "公积金", "housing-fund"),
    ("", "中小企业账款 工信", "industry"),
    ("", "诈骗 冒充 被骗 派出所 治安 盗窃", "police"),
    ("", "环保 污染 排污 噪声 扬尘", "environment"),
    ("", "消防", "fire"),
    ("", "施工 修路 工地 围挡 违建 城建", "housing"),
    ("", "法院 执行 查封 诉讼", "court"),
    ("", "贷款 银行 担保", "financial-supervision"),
)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A department's key, and why it is suggested."""

    department: str
    reason: str


async def add_dispatch_rules(session: AsyncSession) -> None:
    """Fill the table where it is empty: what somebody has changed since stays as it is."""
    if not await all_rules(session):
        session.add_all(default_rules())
        await session.flush()


def default_rules() -> list[DispatchRule]:
    """The rules of a new installation, in order."""
    return [
        DispatchRule(subject=subject, district="", words=words, department=department)
        for subject, words, department in _DEFAULTS
    ]


def suggestions(rules: Iterable[DispatchRule], ticket: Ticket, officer: Acting | None) -> list[Suggestion]:
    """The department of who looks after the enterprise, then what the rules say; the same one is said once."""
    by_rule = suggestion(rules, ticket)
    if officer is None or officer.account.department is None:
        return [by_rule] if by_rule else []
    first = Suggestion(officer.account.department, f"该企业的首席服务官是{officer.name}")
    if by_rule is None or by_rule.department != first.department:
        return [first, *([by_rule] if by_rule else [])]
    return [Suggestion(first.department, f"{first.reason}；{by_rule.reason}")]


def suggestion(rules: Iterable[DispatchRule], ticket: Ticket) -> Suggestion | None:
    """What the rules say of a ticket; None where none fits."""
    text = f"{ticket.description}\n{ticket.wanted}"
    match = best_match(rules, ticket.subject, ticket.district, text)
    if match is None:
        return None
    parts = [
        f"事项类别是“{match.rule.subject}”" if match.rule.subject else "",
        f"所在区县是{match.rule.district}" if match.rule.district else "",
        "文中提到" + "、".join(f"“{word}”" for word in match.words) if match.words else "",
    ]
    return Suggestion(match.rule.department, "，".join(filter(None, parts)))
