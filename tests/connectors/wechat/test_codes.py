"""WeChat's error codes: what each asks of us, and what staff are told."""

from __future__ import annotations

import pytest

from connectors.wechat.calls import (
    Refused,
)
from connectors.wechat.codes import CODES, Todo, meaning
from tests.connectors.wechat.connected import (
    FOLLOWER,
    SEND,
    TOKEN_CODES,
    connected,
)
from tests.connectors.wechat.fake_api import FakeWeChat, Fault

# What to do, and whether the same call would fail again.
TABLE = {
    -1: (Todo.BACK_OFF, False), 40003: (Todo.UNREACHABLE, True), 40007: (Todo.UPLOAD_AGAIN, True),
    40008: (Todo.MEND, True), 40013: (Todo.OPERATOR, True), 40033: (Todo.MEND, True),
    40125: (Todo.OPERATOR, True), 40164: (Todo.OPERATOR, True), 40200: (Todo.PLAIN_TEXT, True),
    43004: (Todo.UNREACHABLE, True), 43019: (Todo.UNREACHABLE, True), 45002: (Todo.SPLIT, True),
    45008: (Todo.MEND, True), 45009: (Todo.BACK_OFF, False), 45011: (Todo.BACK_OFF, False),
    45015: (Todo.WAIT_FOR_PERSON, True), 45047: (Todo.WAIT_FOR_PERSON, True), 45072: (Todo.NOTHING, True),
    45080: (Todo.NOTHING, True), 45081: (Todo.NOTHING, True), 48001: (Todo.CAPABILITY_OFF, True),
    89503: (Todo.OPERATOR, True),
}  # fmt: skip


@pytest.mark.parametrize("code", TABLE)
async def test_each_code_of_the_table_comes_as_what_to_do(
    code: int, fake: FakeWeChat, caplog: pytest.LogCaptureFixture
) -> None:
    fake.fault(Fault(SEND, code=code))
    async with connected(fake) as ours:
        refused = await ours.api.send_text(FOLLOWER, "您好")
    assert isinstance(refused, Refused)
    assert (refused.code, refused.meaning.todo, refused.permanent) == (code, *TABLE[code])
    assert "rid:" in refused.reason
    assert len(fake.to("message/custom/send")) == 1
    assert fake.texts(FOLLOWER) == []
    # The operator needs the rid to ask Tencent; what does not matter is not reported.
    assert (refused.reason in caplog.text) is (refused.meaning.todo is not Todo.NOTHING)


def test_the_table_is_complete() -> None:
    assert {*TABLE, *TOKEN_CODES} <= CODES.keys()


@pytest.mark.parametrize("code", [*CODES, 99999])
def test_staff_read_a_chinese_sentence(code: int) -> None:
    assert meaning(code).staff.endswith("。")
    assert not any(mark in meaning(code).staff for mark in ",;?!")


async def test_an_unlisted_code_may_be_tried_again(fake: FakeWeChat) -> None:
    fake.fault(Fault(SEND, raw=b'{"errcode":99999,"errmsg":"news"}'))
    async with connected(fake) as ours:
        refused = await ours.api.send_text(FOLLOWER, "您好")
    assert isinstance(refused, Refused)
    assert not refused.permanent
    assert "99999" in refused.meaning.staff
