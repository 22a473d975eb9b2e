"""The departments of a new installation: those that the knowledge base's articles name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from staff.models import Department

# Generic names, as in the articles: the city's own are put in their place by those who know them.
DEPARTMENTS: Mapping[str, str] = {
    "business-environment": "优化营商环境主管部门",
    "hotline": "12345政务服务便民热线管理机构",
    "government-service": "政务服务管理部门",
    "market": "市场监督管理部门",
    "tax": "税务部门",
    "human-resources": "人力资源和社会保障部门",
    "social-insurance": "社会保险经办机构",
    "housing-fund": "住房公积金管理中心",
    "natural-resources": "自然资源部门",
    "housing": "住房和城乡建设部门",
    "fire": "消防救援机构",
    "water": "供水单位",
    "gas": "管道燃气经营企业",
    "power": "供电企业",
    "energy": "电力管理部门",
    "development-reform": "发展改革部门",
    "industry": "工业和信息化部门",
    "science": "科技主管部门",
    "finance": "财政部门",
    "financial-supervision": "地方金融管理部门",
    "commerce": "商务（招商）主管部门",
    "customs": "海关",
    "court": "人民法院",
    "justice": "司法行政部门",
    "police": "公安机关",
    "environment": "生态环境主管部门",
    "talent": "人才工作主管部门",
}


async def add_departments(session: AsyncSession) -> None:
    """Fill the table where it is empty: what somebody has changed since stays as it is."""
    if not await session.scalar(select(exists().where(Department.key.is_not(None)))):
        session.add_all(Department(key=key, name=name) for key, name in DEPARTMENTS.items())
        await session.flush()


async def departments(session: AsyncSession) -> Sequence[Department]:
    """All of them, by key."""
    return (await session.scalars(select(Department).order_by(Department.key))).all()
