"""What is left of names and numbers when they are masked."""

from __future__ import annotations

import re

import pytest

from staff.masks import masked_code, masked_enterprise, masked_name, masked_phone, masked_text


@pytest.mark.parametrize(
    ("name", "left"),
    [
        ("平顶山某某商贸有限公司", "平顶＊＊有限公司"), ("老王烩面馆", "老王＊＊"), ("王记", "王＊＊"), ("李四店", "李＊＊店"),
        ("有限公司", "＊＊有限公司"),
    ],
)  # fmt: skip
def test_an_enterprise_keeps_its_beginning_and_its_kind(name: str, left: str) -> None:
    assert masked_enterprise(name) == left


@pytest.mark.parametrize(
    ("phone", "left"),
    [("+8613800001234", "138＊＊＊＊1234"), ("+863752662345", "375＊＊＊＊2345"), ("12345", "＊＊＊＊45")],
)
def test_a_telephone_number_keeps_its_ends(phone: str, left: str) -> None:
    assert masked_phone(phone) == left


def test_persons_and_codes_keep_little() -> None:
    assert masked_name("李经理") == "李＊＊"
    assert masked_code("91410400MA3X00000X") == "9141＊＊＊＊000X"


def test_a_text_loses_names_and_numbers_and_keeps_its_sense() -> None:
    text = "我是某某公司的李经理，电话 138 0000 1234，10 月 8 日停水 3 天，欠 5000 元"
    assert (
        masked_text(text, ["李经理", "某某公司", ""])
        == "我是＊＊的＊＊，电话 ＊＊，10 月 8 日停水 3 天，欠 5000 元"
    )


@pytest.mark.parametrize(
    "code",
    [
        "91410400MA3X00000X", "91410400ma3x00000x", "9141 0400 MA3X 0000 0X", "9141-0400-MA3X-0000-0X",
        "９１４１０４００ＭＡ３Ｘ０００００Ｘ", "91410400740000001K", "41040219800101001X", "410402198001010011",
    ],
)  # fmt: skip
def test_a_credit_code_and_an_identity_number_are_no_more_in_a_text(code: str) -> None:
    for text in (f"我们的代码是{code}，请查", f"代码:{code}", code, f"{code}\n{code}"):
        left = masked_text(text, [])
        assert "＊＊" in left and not re.search(r"[0-9０-９]", left), left


@pytest.mark.parametrize(
    "text",
    [
        "工单 PDS-20261123-0001 一直没有办", "pds-20261123-0001", "2026-11-23 停水到 2026-11-25", "欠 5000 元，共 123456 元",
        "型号 ABCDEFGHIJKLMNOPQR", "工单PDS-20261123-0001没有办", "豫政办〔2024〕67号", "第 12345 号", "https://example.com/abcdefghijklmnop",
    ],
)  # fmt: skip
def test_ordinary_numbers_stay(text: str) -> None:
    assert masked_text(text, []) == text


@pytest.mark.parametrize("text", ["PDS-13800001-2345", "0375-2026-11-23", "2026-11-234567", "20261123-0001"])
def test_what_only_looks_like_a_ticket_or_a_day_is_hidden(text: str) -> None:
    assert "＊＊" in masked_text(text, [])


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("邮箱wang.jg@rf-jx.com.cn，谢谢", "邮箱＊＊，谢谢"),
        ("代码 91410400MA3X00000X。", "代码 ＊＊。"),
        ("身份证41040219800101123x", "身份证＊＊"),
        ("企业名称：瑞丰机械\n联系人：王建国", "企业名称：＊＊\n联系人：＊＊"),
        ("已把联系人改为：王建国。", "已把联系人改为：＊＊。"),
        ("工单 PDS-20261123-0001 到哪一步了", "工单 PDS-20261123-0001 到哪一步了"),
        ("请打 12345", "请打 12345"),
        ("看 electricity-connection 这篇", "看 electricity-connection 这篇"),
    ],
)
def test_addresses_codes_and_what_is_called_a_name_are_masked_and_ticket_numbers_are_not(
    text: str, left: str
) -> None:
    assert masked_text(text, []) == left
