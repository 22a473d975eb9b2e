"""QR codes that stand for words."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from app.settings import Settings
from connectors.wechat.channel import WeChatChannel
from connectors.wechat.conversation import SCANNED, WELCOME
from connectors.wechat.scenes import read_scenes
from conversations.models import Author
from desk.desk import Desk
from tests.connectors.wechat.phone import phone_of, rows

SCENES = {"hall-gas": "企业用气报装怎么办", "7": "转人工"}


async def test_who_scans_has_said_what_the_code_stands_for(desk: Desk, channel: WeChatChannel) -> None:
    async with phone_of(desk, channel, scenes=SCENES) as phone:
        assert await phone.does("subscribe", EventKey="qrscene_hall-gas") == "echo 企业用气报装怎么办"
        assert [row.text for row in await rows(desk, Author.PERSON)] == ["企业用气报装怎么办"]
        assert await phone.does("subscribe", EventKey="qrscene_hall-gas") == "echo 企业用气报装怎么办"
        assert len(await rows(desk, Author.PERSON)) == 1  # the same second: another attempt of it


async def test_a_code_that_stands_for_nothing_is_answered_as_before(
    desk: Desk, channel: WeChatChannel
) -> None:
    async with phone_of(desk, channel, scenes=SCENES) as phone:
        assert await phone.does("subscribe", EventKey="qrscene_other") == WELCOME
        assert await phone.does("SCAN", EventKey="other") in (SCANNED, WELCOME)
        assert await phone.does("SCAN", EventKey="hall-gas") == "echo 企业用气报装怎么办"


def test_scenes_are_read_from_the_settings() -> None:
    assert read_scenes(" hall-gas = 企业用气报装怎么办 ;7=转人工; ") == SCENES
    assert read_scenes("") == {}


@pytest.mark.parametrize(
    "text", ["hall-gas", "=转人工", "a=;b=转人工", "a=一;a=二", f"{'a' * 65}=一", f"a={'长' * 201}"]
)
def test_scenes_that_cannot_be_right_keep_the_product_from_starting(text: str, tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="QIFU_WECHAT_SCENES"):
        Settings(data=tmp_path, wechat_scenes=text)
