"""What people sent is fetched, within a limit."""

from __future__ import annotations

import pytest

from connectors.wechat.calls import (
    Refused,
    Unknown,
)
from connectors.wechat.codes import Todo
from connectors.wechat.media import Media, TooLarge, VideoLink
from tests.connectors.wechat.connected import (
    connected,
)
from tests.connectors.wechat.fake_api import FakeWeChat, Fault

MEDIA = "/cgi-bin/media/get"


async def test_media_are_read(fake: FakeWeChat) -> None:
    fake.account.stores("M1", "image/jpeg", b"\xff\xd8\xff" * 1000)
    fake.account.stores("M2", "text/plain", "你好".encode())
    async with connected(fake) as ours:
        assert await ours.api.download_media("M1", most_bytes=3000) == Media(
            b"\xff\xd8\xff" * 1000, "image/jpeg"
        )
        assert await ours.api.download_media("M2", most_bytes=3000) == Media("你好".encode(), "text/plain")


@pytest.mark.parametrize("unmeasured", [False, True])
@pytest.mark.parametrize("content_type", ["image/jpeg", "text/plain"])
@pytest.mark.parametrize("length", [3001, 300_000])
async def test_media_are_not_read_beyond_the_limit(
    length: int, content_type: str, unmeasured: bool, fake: FakeWeChat
) -> None:
    fake.account.stores("M1", content_type, b"x" * length)
    fake.fault(Fault(MEDIA, unmeasured=unmeasured))
    async with connected(fake) as ours:
        assert await ours.api.download_media("M1", most_bytes=3000) == TooLarge(3000)


async def test_a_video_may_come_as_a_link(fake: FakeWeChat) -> None:
    fake.account.stores("M1", "video/link", b"http://example.org/v.mp4")
    async with connected(fake) as ours:
        assert await ours.api.download_media("M1", most_bytes=10) == VideoLink("http://example.org/v.mp4")


async def test_an_error_in_place_of_media_is_seen(fake: FakeWeChat) -> None:
    async with connected(fake) as ours:
        refused = await ours.api.download_media("gone", most_bytes=10)
        assert isinstance(refused, Refused)
        assert (refused.code, refused.meaning.todo) == (40007, Todo.UPLOAD_AGAIN)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault(MEDIA, status=502), Unknown),
        (Fault(MEDIA, raw=b"{broken"), Unknown),
        (Fault(MEDIA, drop="before"), Unknown),
        (Fault(MEDIA, code=-1), Refused),
    ],
)
async def test_media_that_do_not_come_are_no_media(fault: Fault, kind: type, fake: FakeWeChat) -> None:
    fake.account.stores("M1", "image/jpeg", b"x")
    fake.fault(Fault(**vars(fault)))
    async with connected(fake) as ours:
        assert isinstance(await ours.api.download_media("M1", most_bytes=10), kind)


async def test_media_are_asked_for_again_with_a_new_token(fake: FakeWeChat) -> None:
    fake.account.stores("M1", "image/jpeg", b"x")
    async with connected(fake) as ours:
        await ours.tokens.current()
        fake.account.expire_tokens()
        assert await ours.api.download_media("M1", most_bytes=10) == Media(b"x", "image/jpeg")
    assert len(fake.to("media/get")) == 2
