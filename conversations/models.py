"""The tables of conversations."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from store.base import LEFT_OUT, Base


class Holder(StrEnum):
    """Who answers in a thread."""

    BOT = "bot"
    WAITING = "waiting"  # handed over, nobody has taken it yet: the bot still helps
    STAFF = "staff"  # a person took it: the bot is silent


class Author(StrEnum):
    """Who wrote a message."""

    PERSON = "person"
    BOT = "bot"
    STAFF = "staff"
    SYSTEM = "system"


class Turn(StrEnum):
    """What became of a person's message; empty for what we wrote ourselves."""

    NONE = ""
    WAITING = "waiting"
    DONE = "done"
    STAFF = "staff"  # a person holds the thread: left to them


class Delivery(StrEnum):
    """What became of a message of ours; empty for what a person wrote."""

    NONE = ""
    PENDING = "pending"
    SENDING = "sending"  # claimed by a process, see Message.claimed_until
    SENT = "sent"
    FAILED = "failed"  # refused, or tried for days: Message.reason tells
    UNKNOWN = "unknown"  # nobody knows whether it arrived: not repeated by itself
    HELD = "held"  # waits until the person writes again, as where a channel's quota is used up
    DROPPED = "dropped"  # staff took the thread after the bot had written


class Stored(StrEnum):
    """What became of a file that a person sent."""

    PENDING = "pending"  # to be fetched from the channel
    STORED = "stored"
    REFUSED = "refused"  # by our rules: Attachment.reason tells
    FAILED = "failed"  # the channel does not give it (any more)


class Leaving(StrEnum):
    """Why somebody's data are to be erased: see desk/erasure.py."""

    ASKED = "asked"
    UNFOLLOWED = "unfollowed"  # taken back when they come again in time


class Person(Base):
    """Somebody who writes to us, as one channel knows them."""

    __tablename__ = "people"
    __table_args__ = (UniqueConstraint("channel", "address"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    channel: Mapped[str]
    address: Mapped[str]  # the channel's own id of the person
    created_at: Mapped[datetime]
    # Shared by the people of one enterprise that linked its channels: see conversations/circles.py.
    circle: Mapped[str | None] = mapped_column(index=True)


class Thread(Base):
    """The one conversation of a person, from their first message on."""

    __tablename__ = "threads"

    id: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    channel: Mapped[str]
    holder: Mapped[Holder] = mapped_column(default=Holder.BOT)
    waiting_since: Mapped[datetime | None]
    # The dialogue model's memory begins anew when a talk is resumed long after: see desk.receive.
    talk: Mapped[int] = mapped_column(default=1)
    last_message_at: Mapped[datetime]
    created_at: Mapped[datetime]
    # The process that is taking a turn holds the thread until then.
    turn_until: Mapped[datetime | None]
    # Who on the staff has it, or had it last; `ended_at`: they gave it back to the bot.
    staff: Mapped[str | None]
    taken_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    staff_seen: Mapped[int] = mapped_column(default=0)  # the newest message that staff have read
    # The person and all of this is erased from then on.
    leaving: Mapped[Leaving | None]
    erase_at: Mapped[datetime | None] = mapped_column(index=True)

    __table_args__ = (
        Index("ix_threads_waiting", "holder", "waiting_since"),
        Index("ix_threads_staff", "staff", "holder", "last_message_at"),
        Index("ix_threads_last", "last_message_at", "id"),
        Index("ix_threads_ended", "ended_at", "id"),
    )


class Message(Base):
    """One message of a thread. `id` is the order in which they were stored."""

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("channel", "external_id"),
        Index("ix_messages_thread", "thread_id", "id"),
        Index("ix_messages_turn", "turn", "id"),
        Index("ix_messages_delivery", "delivery", "id"),
        Index("ix_messages_thread_delivery", "thread_id", "delivery", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    thread_id: Mapped[str] = mapped_column(ForeignKey("threads.id"))
    author: Mapped[Author]
    channel: Mapped[str]
    external_id: Mapped[str | None]  # the channel's id of what came in
    answers_id: Mapped[int | None] = mapped_column(ForeignKey("messages.id"), index=True)
    text: Mapped[str]
    buttons: Mapped[list[Any]] = mapped_column(default=list)
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
    turn: Mapped[Turn] = mapped_column(default=Turn.NONE)
    delivery: Mapped[Delivery] = mapped_column(default=Delivery.NONE)
    created_at: Mapped[datetime]
    # How it is sent, see conversations/outbox.py. `attempts`: tries that ended; `due_at`: not before, none is at once.
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime | None]
    tried_since: Mapped[datetime | None]
    # The claim ends then, and is told from an earlier one by it.
    claimed_until: Mapped[datetime | None]
    parts_sent: Mapped[int] = mapped_column(default=0)  # of a text that the channel sends in parts
    sent_id: Mapped[str | None]  # the channel's id of what went out
    reason: Mapped[str] = mapped_column(default="")  # why it is not sent, for staff


class NoteKind(StrEnum):
    """What a note in a thread is."""

    WRITTEN = "written"
    TAKEN = "taken"
    HANDED_OVER = "handed_over"  # by who had it, to the one account that `mentions` names
    HANDED_BACK = "handed_back"
    TIMED_OUT = "timed_out"  # nobody answered: back into the queue
    ENDED = "ended"  # nothing was said for long after staff had the last word: back to the bot


class Note(Base):
    """What only staff see in a thread. A table of its own, so that no way out to the enterprise knows it."""

    __tablename__ = "thread_notes"
    __table_args__ = (
        Index("ix_thread_notes_thread", "thread_id", "id"),
        Index("ix_thread_notes_kind", "kind", "at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    thread_id: Mapped[str] = mapped_column(ForeignKey("threads.id"))
    kind: Mapped[NoteKind]
    by: Mapped[str]  # an account's id, or empty: it happened by itself
    text: Mapped[str] = mapped_column(default="")
    mentions: Mapped[list[Any]] = mapped_column(default=list)  # accounts that are called, or given the thread
    after_id: Mapped[int]  # the newest message when it was written: where it stands among them
    at: Mapped[datetime]


class Mention(Base):
    """A colleague whom a note calls. `seen_at`: when they opened the thread after it."""

    __tablename__ = "thread_mentions"
    __table_args__ = (
        UniqueConstraint("note_id", "account"),
        Index("ix_thread_mentions_account", "account", "id"),
        Index("ix_thread_mentions_seen", "seen_at", "account"),
        Index("ix_thread_mentions_thread", "thread_id", "account"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    note_id: Mapped[int] = mapped_column(ForeignKey("thread_notes.id"))
    thread_id: Mapped[str] = mapped_column(ForeignKey("threads.id"))
    account: Mapped[str]
    at: Mapped[datetime]
    seen_at: Mapped[datetime | None]


class NotedQuestion(Base):
    """A question that a member of staff put into the list of those that the knowledge base has to learn to answer."""

    __tablename__ = "noted_questions"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    thread_id: Mapped[str] = mapped_column(ForeignKey("threads.id"), index=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("messages.id"), unique=True)  # once, whoever notes it
    text: Mapped[str]  # without names and numbers
    reason: Mapped[str]
    noted_by: Mapped[str]  # an account's id
    at: Mapped[datetime] = mapped_column(index=True)


class Attachment(Base):
    """A file that a person sent, or staff (see `attachments.OF_STAFF`). Its row comes with its message; its content is fetched later, see desk/fetching.py."""

    __tablename__ = "attachments"
    __table_args__ = (
        Index("ix_attachments_thread", "thread_id", "message_id"),
        Index("ix_attachments_state", "state", "message_id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    # None where the person is erased and it stays with its ticket.
    message_id: Mapped[int | None] = mapped_column(ForeignKey("messages.id"), index=True)
    thread_id: Mapped[str | None] = mapped_column(ForeignKey("threads.id"))
    talk: Mapped[int]  # of the thread when it came
    channel: Mapped[str]
    source: Mapped[str]  # the channel's id of it; of a file from staff `OF_STAFF`
    noun: Mapped[str]  # what it is called to people: 图片 or 文件
    name: Mapped[str]  # the sender's, without folders; may be empty, and says nothing about the content
    state: Mapped[Stored] = mapped_column(default=Stored.PENDING)
    reason: Mapped[str] = mapped_column(default="")  # why it is not stored, or not yet
    media_type: Mapped[str] = mapped_column(default="")  # by its content
    size: Mapped[int | None]  # bytes
    sha256: Mapped[str] = mapped_column(default="")
    key: Mapped[str] = mapped_column(unique=True)  # the name under which its content is kept
    scanned: Mapped[bool] = mapped_column(default=False)  # by the command of the settings, and found clean
    ticket_id: Mapped[str | None] = mapped_column(index=True)
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime | None]
    claimed_until: Mapped[datetime | None]  # by the process that fetches it
    created_at: Mapped[datetime]


class ChannelPause(Base):
    """A channel that told us to send nothing at all for a while."""

    __tablename__ = "channel_pauses"

    channel: Mapped[str] = mapped_column(primary_key=True)
    until: Mapped[datetime]
    reason: Mapped[str]


class Question(Base):
    """A question as the bot understood it: for what nobody could answer, and for the figures."""

    __tablename__ = "questions"
    __table_args__ = (
        Index("ix_questions_outcome", "outcome", "asked_at"),
        Index("ix_questions_asked", "asked_at", "outcome"),
        Index("ix_questions_confidence", "confidence", "message_id"),
    )

    message_id: Mapped[int] = mapped_column(ForeignKey("messages.id"), primary_key=True)
    thread_id: Mapped[str] = mapped_column(ForeignKey("threads.id"), index=True)
    text: Mapped[str]
    outcome: Mapped[str]
    article: Mapped[str | None]
    aspect: Mapped[str | None]
    options: Mapped[list[Any]] = mapped_column(default=list)
    # What the dialogue model took it for, and how sure it was (0..1); none where a button was pressed.
    intent: Mapped[str | None]
    confidence: Mapped[float | None]
    asked_at: Mapped[datetime]


class RatingStage(StrEnum):
    """How far a rating has come."""

    OWED = "owed"  # to be asked for, as soon as it interrupts nobody
    LEVEL = "level"  # asked for one of the five levels
    TAGS = "tags"  # the level is there; asked what was good or bad
    COMMENT = "comment"  # asked for their own words
    AGAIN = "again"  # asked once more, after what was bad is mended (追评)
    DONE = "done"
    DECLINED = "declined"  # 不评价


class Rating(Base):
    """How content somebody is: 5 (非常满意) to 1 (非常不满意), one for each talk (一次一评) and each ticket (一事一评).

    The row is there from the moment that it is owed; `level` is None until it is given. Of a talk, `thread_id` and `talk`
    are set; of a ticket, `ticket_id`, and `thread_id` as long as its enterprise can be asked.
    """

    __tablename__ = "ratings"
    __table_args__ = (
        UniqueConstraint("thread_id", "talk"),
        Index("ix_ratings_stage", "stage", "owed_at"),
        Index("ix_ratings_rated", "rated_at", "level"),
        Index("ix_ratings_level", "level", "rated_at"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    thread_id: Mapped[str | None] = mapped_column(ForeignKey("threads.id"))
    talk: Mapped[int | None]
    ticket_id: Mapped[str | None] = mapped_column(unique=True)
    stage: Mapped[RatingStage] = mapped_column(default=RatingStage.DONE)
    owed_at: Mapped[datetime | None]
    asked_at: Mapped[datetime | None]
    question_id: Mapped[int | None]  # the message that asks for the level
    heard: Mapped[int | None]  # the message that was taken last: a repeated turn takes nothing twice
    level: Mapped[int | None]
    tags: Mapped[list[Any]] = mapped_column(default=list)
    comment: Mapped[str] = mapped_column(default="")
    rated_at: Mapped[datetime | None]
    again_level: Mapped[int | None]  # 追评; the first level stays
    again_at: Mapped[datetime | None]


class QuotaWindow(Base):
    """So many messages may go to a person until then, by something that they did: see conversations/quotas.py."""

    __tablename__ = "quota_windows"

    channel: Mapped[str] = mapped_column(primary_key=True)
    address: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    remaining: Mapped[int]
    expires_at: Mapped[datetime]


class AccessToken(Base):
    """A channel's access token, shared by all processes. `value` is as good as a password until `expires_at`."""

    __tablename__ = "access_tokens"
    __table_args__ = {"info": LEFT_OUT}  # noqa: RUF012

    channel: Mapped[str] = mapped_column(primary_key=True)
    account: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]
    expires_at: Mapped[datetime]


class LinkCode(Base):
    """A one-time code that links another person to this one. The code itself is not kept."""

    __tablename__ = "link_codes"

    digest: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    made_by: Mapped[int]  # the message that asked for it
    expires_at: Mapped[datetime]
    used_by: Mapped[int | None]  # the message that brought it


class WrongCode(Base):
    """A message with a code that links nobody. It stays when the person is erased, so that this forgets no guess."""

    __tablename__ = "link_wrong_codes"

    message_id: Mapped[int] = mapped_column(primary_key=True)
    guesser: Mapped[str] = mapped_column(index=True)  # the person's id
    at: Mapped[datetime] = mapped_column(index=True)


class ErasedTalks(Base):
    """A thread that is no more, whose `talks` the dialogue model has still to forget."""

    __tablename__ = "erased_talks"

    thread_id: Mapped[str] = mapped_column(primary_key=True)
    talks: Mapped[int]


class Arrival(Base):
    """Words that came and were acknowledged, and are not in their thread yet: see conversations/arrivals.py.

    A row lives for moments. `sender`: the person's address; `key`: the channel's id of the message; `at`: when it was
    written. `window…`: what it lets us send, see `QuotaWindow`.
    """

    __tablename__ = "arrivals"
    __table_args__ = (
        UniqueConstraint("channel", "key"),
        Index("ix_arrivals_sender", "channel", "sender", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    channel: Mapped[str]
    sender: Mapped[str]
    key: Mapped[str]
    text: Mapped[str]
    at: Mapped[datetime]
    arrived_at: Mapped[datetime]
    window: Mapped[str | None]
    window_messages: Mapped[int | None]
    window_until: Mapped[datetime | None]
