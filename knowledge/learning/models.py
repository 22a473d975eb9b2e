"""The tables of learning from use."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, false, true
from sqlalchemy.orm import Mapped, mapped_column

from store.base import Base


class Why(StrEnum):
    """Why a question counts as not answered."""

    UNKNOWN = "unknown"
    CLARIFIED = "clarified"  # the bot asked back, and nothing of it was picked
    UNSOLVED = "unsolved"  # it was answered, and the person said that this did not help
    RATED = "rated"  # the talk was rated 不满意 or worse
    HANDED_OVER = "handed_over"  # a person was called for next
    NOTED = "noted"  # a member of staff put it into the list


class GroupState(StrEnum):
    """What becomes of a group."""

    OPEN = "open"
    WRITING = "writing"  # an article for it is being written: `article` is its key
    ANSWERED = "answered"
    DISMISSED = "dismissed"


class UnansweredGroup(Base):
    """Questions that mean the same. It keeps none of their words: `lead` is the message that stands for it."""

    __tablename__ = "unanswered_groups"
    __table_args__ = (
        Index("ix_unanswered_groups_rank", "state", "askers", "id"),
        Index("ix_unanswered_groups_department", "department", "state", "askers", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    state: Mapped[GroupState] = mapped_column(default=GroupState.OPEN)
    lead: Mapped[int]
    questions: Mapped[int] = mapped_column(default=0)
    askers: Mapped[int] = mapped_column(default=0)  # different enterprises, as far as we can tell them apart
    last_asked_at: Mapped[datetime]
    department: Mapped[str | None]
    article: Mapped[str | None]
    reason: Mapped[str] = mapped_column(default="")  # why it is dismissed
    # Of the questions that were put into the article's draft for it: what `desk.learning.deciding` tells them by.
    added: Mapped[list[Any]] = mapped_column(default=list)
    # Raised by every decision: a page that shows an older one is told so.
    revision: Mapped[int] = mapped_column(default=0)
    decided_by: Mapped[str] = mapped_column(default="")
    decided_at: Mapped[datetime | None]
    recurred: Mapped[int] = mapped_column(default=0)  # asked again since it was decided
    reopened_at: Mapped[datetime | None]
    # A person has parted its questions from those of another group: each of them stands for it, not the lead alone.
    apart: Mapped[bool] = mapped_column(default=False, server_default=false())


class UnansweredQuestion(Base):
    """A question that was not answered. Its words are in `questions`, and go with them."""

    __tablename__ = "unanswered_questions"

    message_id: Mapped[int] = mapped_column(ForeignKey("questions.message_id"), primary_key=True)
    thread_id: Mapped[str] = mapped_column(ForeignKey("threads.id"), index=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("unanswered_groups.id"), index=True)
    why: Mapped[Why]
    asked_at: Mapped[datetime]


class AnswerWish(Base):
    """Somebody agreed to be told the answer to a question, once there is one."""

    __tablename__ = "answer_wishes"
    __table_args__ = (Index("ix_answer_wishes_open", "open", "message_id"),)

    message_id: Mapped[int] = mapped_column(ForeignKey("questions.message_id"), primary_key=True)
    thread_id: Mapped[str] = mapped_column(ForeignKey("threads.id"), index=True)
    agreed_at: Mapped[datetime]
    open: Mapped[bool] = mapped_column(default=True, server_default=true())
    told_at: Mapped[datetime | None]


class AnswerProposal(Base):
    """What a department writes to the editors about a group that was given to it. `by`: a user name."""

    __tablename__ = "answer_proposals"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("unanswered_groups.id"), index=True)
    department: Mapped[str]
    by: Mapped[str]
    text: Mapped[str]
    at: Mapped[datetime]


class DeclinedSuggestion(Base):
    """A real question that is not to be suggested again for an article. It keeps none of its words: see `digest`."""

    __tablename__ = "declined_suggestions"

    article: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(primary_key=True)
    by: Mapped[str]
    at: Mapped[datetime]


class LearningMark(Base):
    """One row: up to when questions have been collected. Whoever collects holds it."""

    __tablename__ = "learning_marks"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    collected_until: Mapped[datetime]


class TrainingExample(Base):
    """A sentence that a person confirmed to mean an intent; nothing in it leads to who wrote it."""

    __tablename__ = "training_examples"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    text: Mapped[str] = mapped_column(unique=True)  # normalised, as the model reads it
    intent: Mapped[str]
    added_by: Mapped[str]
    added_at: Mapped[datetime]


class TrainingDecision(Base):
    """A suggested message that somebody has decided about: it is not suggested again."""

    __tablename__ = "training_decisions"

    message_id: Mapped[int] = mapped_column(ForeignKey("questions.message_id"), primary_key=True)
    thread_id: Mapped[str] = mapped_column(ForeignKey("threads.id"), index=True)
    taken: Mapped[bool]


class RunState(StrEnum):
    """How far a training is."""

    WAITING = "waiting"
    TRAINING = "training"
    EVALUATING = "evaluating"
    DONE = "done"
    FAILED = "failed"


class TrainingRun(Base):
    """One training, asked for in the console. `alive_until`: whoever runs it has died if that has passed.

    `active`: true while it waits or runs, then none; one at a time, as it is unique.
    """

    __tablename__ = "training_runs"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    state: Mapped[RunState] = mapped_column(default=RunState.WAITING)
    active: Mapped[bool | None] = mapped_column(unique=True)
    stage: Mapped[str] = mapped_column(default="")
    share: Mapped[int] = mapped_column(default=0)  # of 100
    asked_by: Mapped[str]
    asked_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    alive_until: Mapped[datetime | None]
    examples: Mapped[int] = mapped_column(default=0)
    model: Mapped[str] = mapped_column(default="")
    problem: Mapped[str] = mapped_column(default="")
    before: Mapped[dict[str, Any]] = mapped_column(default=dict)
    after: Mapped[dict[str, Any]] = mapped_column(default=dict)


class DialogueModel(Base):
    """A model that is kept. The one in use is that with the latest `chosen_at`, of those without a `problem`."""

    __tablename__ = "dialogue_models"

    name: Mapped[str] = mapped_column(primary_key=True)  # of its file, without .tar.gz
    base: Mapped[str]  # the fingerprint of what the product itself brings
    examples: Mapped[list[Any]] = mapped_column(default=list)  # [text, intent]
    made_by: Mapped[str]
    made_at: Mapped[datetime]
    chosen_at: Mapped[datetime | None] = mapped_column(index=True)
    chosen_by: Mapped[str] = mapped_column(default="")
    running_at: Mapped[datetime | None]  # when a process last began to use it
    problem: Mapped[str] = mapped_column(default="")
