"""An enterprise fills in the form of a complaint, message by message, as the bot's rows tell of it."""

from __future__ import annotations

from dataclasses import dataclass

from desk.complaints import submit
from desk.desk import Desk
from desk.intake.ask import ask
from desk.intake.form import Form
from desk.receive import receive
from desk.turns import take_turns
from desk.values import InboundMessage, Reply, Utterance
from tests.fakes import ScriptedDialogue
from tickets.models import Kind

VALUES = {
    "enterprise": "平顶山市瑞丰机械有限公司", "credit_code": "-", "contact": "王建国", "phone": "+8613837512345",
    "district": "新华区", "subject": "供水", "description": "停水三天没有人管", "wanted": "尽快恢复",
}  # fmt: skip
OPENING, CONTACT, PHONE = "我要投诉供水公司刁难我们", "王建国", "电话13837512345"


@dataclass
class IntakeTalk:
    """The talk; `thread_id` and `begun` (the form by its first message) are known after `open`."""

    desk: Desk
    sender: str = "a"
    thread_id: str = ""
    begun: int = 0
    said: int = 0

    async def say(self, text: str, *, field: str | None = None, plain: Reply | None = None) -> int:
        """A person writes; the bot asks for the next field, or answers `plain`. The message's id."""
        self.said += 1
        inbound = InboundMessage("wechat", f"{self.sender}:{self.said}", self.sender, text, self.desk.clock())
        message = (await receive(self.desk, inbound)).message
        self.thread_id, self.begun = message.thread_id, self.begun or message.id
        reply = plain
        if field is not None:
            asked = ask(self.desk.intake, Kind.COMPLAINT, Form(VALUES, field), ())
            reply = _of(asked, self.begun)
        if reply is not None:
            dialogue = self.desk.dialogue
            assert isinstance(dialogue, ScriptedDialogue)
            dialogue.answers[text] = (Utterance(reply.text, detail=reply.detail()),)
            await take_turns(self.desk, self.thread_id)
        return message.id

    async def open(self) -> None:
        """Up to where the bot asks for confidence."""
        await self.say(OPENING, field="contact")
        await self.say(CONTACT, field="phone")
        await self.say(PHONE, field="confidential")

    async def file(self, confidential: str) -> None:
        """To its end: the ticket is there."""
        await self.open()
        await self.say(confidential, field="district")
        confirmed = await self.say("确认提交", plain=None)
        receipt = await submit(
            self.desk, thread_id=self.thread_id, message_id=confirmed, kind=Kind.COMPLAINT,
            values={**VALUES, "confidential": confidential},
        )  # fmt: skip
        dialogue = self.desk.dialogue
        assert isinstance(dialogue, ScriptedDialogue)
        dialogue.answers["确认提交"] = (Utterance(receipt.text, detail=_of(receipt, self.begun).detail()),)
        await take_turns(self.desk, self.thread_id)
        self.begun = 0

    async def leave(self) -> None:
        """The form is left."""
        await self.say(
            "取消", plain=_of(Reply("已取消，没有提交任何内容。", outcome="smalltalk"), self.begun)
        )
        self.begun = 0


def _of(reply: Reply, begun: int) -> Reply:
    return Reply(
        reply.text, reply.outcome, ticket=reply.ticket, form=reply.form, asks=reply.asks, intake=begun
    )
