"""The words of a talk as this reader gets them: closed where they are a ticket's or a form's, else masked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from conversations.models import Author, Message
from desk.belonging import Matter, Reader, Why, closed, matters
from staff.masks import masked_enterprise, masked_name, masked_text
from tickets.lists import names_of

IN_ITS_PLACE: Mapping[Why, str] = {
    Why.CONFIDENTIAL: "此处为保密诉求的内容，仅经办人员可见",
    Why.UNFILED: "此处为登记中的内容，接入这段对话的人可见",
}
_SHORTEST_NAME = 2


@dataclass(frozen=True, slots=True)
class Readable:
    """What may be read of some messages. `names`: of each thread, that are masked; `revealed`: somebody asked for them."""

    why: Mapping[int, Why]
    matters: Mapping[int, Matter]
    names: Mapping[str, Collection[str]]
    revealed: bool = False

    def closed(self, message: Message) -> str:
        """The line in the message's place; empty where it may be read."""
        return IN_ITS_PLACE[self.why[message.id]] if message.id in self.why else ""

    def text(self, message: Message) -> str:
        """The message, or the line in its place."""
        if line := self.closed(message):
            return line
        # What the knowledge base says is public, telephone numbers included.
        public = message.author is Author.BOT and message.detail.get("article") is not None
        if self.revealed or public:
            return message.text
        match self.matters.get(message.id, Matter()).asked:
            case "contact":
                return masked_name(message.text.strip())
            case "enterprise":
                return masked_enterprise(message.text.strip())
        return self.words(message.thread_id, message.text)

    def words(self, thread_id: str, text: str) -> str:
        """Anything else that was written in the thread."""
        return text if self.revealed else masked_text(text, self.names.get(thread_id, ()))


async def readable(
    session: AsyncSession,
    messages: Sequence[Message],
    reader: Reader,
    *,
    threads: Iterable[str] = (),
    revealed: bool = False,
) -> Readable:
    """What the reader may read of the messages, and of other words in those threads."""
    found = await matters(session, messages)
    known = await names_of(session, {*threads, *(message.thread_id for message in messages)})
    names = {
        thread: [name for name in of_it if len(name) >= _SHORTEST_NAME] for thread, of_it in known.items()
    }
    return Readable(await closed(session, messages, found, reader), found, names, revealed)
