"""What people write for a field, and what is kept of it."""

from __future__ import annotations

import pytest

from desk.city import PINGDINGSHAN
from desk.intake.extract import extract
from desk.intake.fields import Refused
from desk.intake.form import (
    Intake,
    shown,
)
from tests.desk.codes import valid_code

INTAKE = Intake(PINGDINGSHAN)


def read(name: str, text: str) -> str:
    return INTAKE.fields[name].read(text)


@pytest.mark.parametrize(
    ("text", "kept"),
    [("13800000000", "+8613800000000"), ("138 0000 0000", "+8613800000000"), ("138-0000-0000", "+8613800000000"),
     ("+86 13800000000", "+8613800000000"), ("我的手机是13800000000。", "+8613800000000"),
     ("0375-2345678", "+863752345678"), ("（0375）2345678", "+863752345678")],
)  # fmt: skip
def test_telephone_numbers_are_read_as_people_write_them(text: str, kept: str) -> None:
    assert read("phone", text) == kept


@pytest.mark.parametrize("text", ["1380000000", "没有", "12345", "91410400MA3X12345", ""])
def test_what_is_no_telephone_number_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        read("phone", text)


@pytest.mark.parametrize(
    ("kept", "text"), [("+8613800000000", "13800000000"), ("+863752345678", "03752345678")]
)
def test_a_telephone_number_is_shown_as_it_is_dialled(kept: str, text: str) -> None:
    assert shown("phone", kept) == text


def test_a_credit_code_is_read_in_small_letters_and_groups() -> None:
    code = valid_code()
    assert read("credit_code", code) == code
    assert read("credit_code", f"代码是 {code.lower()}") == code
    assert read("credit_code", f"{code[:6]} {code[6:12]} {code[12:]}") == code


def test_a_credit_code_with_one_wrong_letter_is_refused() -> None:
    code = valid_code()
    for place in range(len(code)):
        wrong = code[:place] + ("2" if code[place] != "2" else "3") + code[place + 1 :]
        with pytest.raises(Refused):
            read("credit_code", wrong)


@pytest.mark.parametrize("text", ["", "不知道", "9141040", "91410400MA3X1234567890"])
def test_what_is_no_credit_code_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        read("credit_code", text)


@pytest.mark.parametrize(
    ("text", "district"),
    [("新华区", "新华区"), ("在新华", "新华区"), ("宝丰", "宝丰县"), ("汝州市临汝镇", "汝州市"), ("高新技术产业开发区", "高新区"),
     ("新城区", "城乡一体化示范区"), ("示范区", "城乡一体化示范区"), ("叶县", "叶县"), ("舞钢那边", "舞钢市")],
)  # fmt: skip
def test_districts_are_known_by_their_short_names(text: str, district: str) -> None:
    assert read("district", text) == district


@pytest.mark.parametrize("text", ["郑州", "本地", ""])
def test_another_city_is_no_district(text: str) -> None:
    with pytest.raises(Refused, match="区县"):
        read("district", text)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("保密", "是"),
        ("需要保密", "是"),
        ("不用保密", "否"),
        ("不保密", "否"),
        ("公开吧", "否"),
        ("都行", "否"),
    ],
)
def test_confidentiality_is_yes_or_no(text: str, kept: str) -> None:
    assert read("confidential", text) == kept


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("水费多收了", "供水"),
        ("天然气", "燃气"),
        ("发票的事", "税务"),
        ("别的", "其他"),
        ("政务服务", "政务服务"),
    ],
)
def test_subjects_are_known_by_the_words_of_people(text: str, subject: str) -> None:
    assert read("subject", text) == subject


def test_a_story_of_a_few_letters_is_refused() -> None:
    with pytest.raises(Refused, match="10"):
        read("description", "停水了！！！！！！！！！")


def test_a_story_too_long_is_refused() -> None:
    with pytest.raises(Refused, match="2001"):
        read("description", "水" * 2_001)


@pytest.mark.parametrize(
    "name",
    [
        "宏达铸造厂", "平顶山市鑫源（集团）有限公司", "老王烩面馆", "7天酒店平顶山店", "叶县洪庄杨镇兴旺养殖专业合作社",
        "ABC Trading Co., Ltd.", "没事儿小酒馆", "河南一直播文化传媒有限公司",
    ],
)  # fmt: skip
def test_a_name_is_taken_as_it_is(name: str) -> None:
    assert read("enterprise", name) == name.strip(".")


@pytest.mark.parametrize(
    ("text", "district"),
    [
        ("在宝丰", "宝丰县"),
        ("我们在舞钢，有事打电话", "舞钢市"),
        ("汝州的", "汝州市"),
        ("新华书店旁边", None),
    ],
)
def test_a_district_by_its_short_name_counts_where_it_stands_alone(text: str, district: str | None) -> None:
    assert extract(text, PINGDINGSHAN).get("district") == district
