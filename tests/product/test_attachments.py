"""Pictures sent with a complaint in Telegram reach its ticket: real Rasa, a killed product, a Bot API on this machine."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from app.cli import app as commands
from connectors.telegram.routes import PATH
from tests.connectors.telegram.conftest import faults, faulty
from tests.connectors.telegram.faults import TOKEN, Faults
from tests.files_sent import EXE, JPEG, PDF
from tests.product.served import Served
from tests.product.test_journey import STORY

__all__ = ["faults", "faulty"]


class Chat:
    """One person's chat with the bot. `say` and `send` wait for the next answer."""

    def __init__(self, url: str, faults: Faults) -> None:
        self._url = url
        self._faults = faults
        self._number = 0

    def say(self, text: str) -> str:
        return self._gives(text=text)

    def send(self, file: str, name: str = "") -> str:
        if name:
            return self._gives(document={"file_id": file, "file_name": name})
        return self._gives(photo=[{"file_id": file, "width": 9, "height": 9}])

    def texts(self) -> list[str]:
        return [str(call["text"]) for call in self._faults.of("sendMessage")]

    def _gives(self, **content: object) -> str:
        before, self._number = len(self.texts()), self._number + 1
        person = {"id": 55, "is_bot": False, "first_name": "李"}
        message = {
            "message_id": self._number,
            "date": int(time.time()),
            "chat": {"id": 55, "type": "private"},
        }
        update = {"update_id": self._number, "message": {**message, "from": person, **content}}
        secret = {"X-Telegram-Bot-Api-Secret-Token": "s3cret"}
        for _ in range(2):  # Telegram may push it again
            httpx.post(self._url + PATH, json=update, headers=secret, timeout=20).raise_for_status()
        end = time.monotonic() + 60
        while len(self.texts()) == before:
            assert time.monotonic() < end, f"no answer to {content}"
            time.sleep(0.05)
        return self.texts()[-1]


@pytest.fixture
def served(tmp_path: Path, faulty: str) -> Iterator[Served]:
    """A product on SQLite with a Telegram bot."""
    product = Served(
        tmp_path,
        TELEGRAM_TOKEN=TOKEN,
        TELEGRAM_API_URL=faulty,
        TELEGRAM_WEBHOOK_URL=f"https://qifu.example.cn{PATH}",
        TELEGRAM_WEBHOOK_SECRET="s3cret",
    )
    product.start()
    yield product
    product.stop()


def test_pictures_of_a_complaint_reach_its_ticket(
    served: Served, faults: Faults, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults.files.update({"1": (len(JPEG), JPEG), "2": (len(PDF), PDF), "3": (len(JPEG), JPEG)})
    faults.files["exe"] = (len(EXE), EXE)
    chat = Chat(served.url, faults)
    assert "工作人员可以查看" in chat.send("1")
    for text in STORY[:4]:
        chat.say(text)
    assert "会随投诉一起提交" in chat.send("2", "合同.pdf")
    served.kill()
    served.start()
    for text in STORY[4:]:
        chat.say(text)
    assert "附件：2 个（图片、合同.pdf）" in chat.texts()[-1]
    receipt = chat.say("确认提交")
    assert "附件：2 个" in receipt
    number = receipt[receipt.index("PDS-") :][:17]
    assert f"已作为补充材料记入工单 {number}" in chat.send("3")
    chat.send("exe", "现场.jpg")
    _until(lambda: "没有收下：只收图片" in chat.texts()[-1])

    monkeypatch.setenv("QIFU_DATA", str(tmp_path))
    listed = CliRunner().invoke(commands, ["attachments", "list", "--ticket", number]).output.splitlines()
    assert sum("已收下" in line for line in listed) == 3
    assert sum("没有收下" in line for line in listed) == 1
    assert len([path for path in (tmp_path / "attachments").rglob("*") if path.is_file()]) == 3


def _until(condition: object) -> None:
    end = time.monotonic() + 30
    assert callable(condition)
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)
