"""What names and telephone numbers look like to somebody who has not asked to see them."""

from __future__ import annotations

_FORMS = (
    "有限责任公司",
    "股份有限公司",
    "有限公司",
    "公司",
    "合作社",
    "个体工商户",
    "经营部",
    "商行",
    "厂",
    "店",
)
_MOST_HEAD = 4
_STARS = "****"


def enterprise(name: str) -> str:
    """平顶山市****有限公司: the beginning and the legal form."""
    form = next((form for form in _FORMS if name.endswith(form) and len(name) > len(form)), "")
    head = min(_MOST_HEAD, max(1, (len(name) - len(form)) // 2))
    return f"{name[:head]}{_STARS}{form}"


def person(name: str) -> str:
    """王**: the family name."""
    return name[:1] + "**" if name else ""


def phone(number: str) -> str:
    """138****1234, without the country's code."""
    local = number.removeprefix("+86")
    return f"{local[:3]}{_STARS}{local[-4:]}" if len(local) > 7 else _STARS
