"""What is particular to a city. Another city is another value of `City`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class City:
    """`districts`: full name -> the shorter ways people write it. `prefix` begins every ticket number."""

    name: str
    prefix: str
    districts: Mapping[str, tuple[str, ...]]


PINGDINGSHAN = City(
    name="平顶山",
    prefix="PDS",
    districts={
        "新华区": ("新华",),
        "卫东区": ("卫东",),
        "湛河区": ("湛河",),
        "石龙区": ("石龙",),
        "宝丰县": ("宝丰",),
        "叶县": (),
        "鲁山县": ("鲁山",),
        "郏县": (),
        "舞钢市": ("舞钢",),
        "汝州市": ("汝州",),
        "高新区": ("高新", "高新技术产业开发区"),
        "城乡一体化示范区": ("示范区", "新城区", "一体化示范区"),
    },
)
