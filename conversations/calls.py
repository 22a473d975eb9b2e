"""Calls for a person, each with the question that it is taken to be about: what was asked last before it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import ColumnElement, Subquery, func, select
from sqlalchemy.orm import aliased

from conversations.models import Question

HANDOFF = "handoff"
# What was asked earlier than so long before had to do with something else.
NEAR = timedelta(days=1)


def calls(when: ColumnElement[bool], outcomes: Sequence[str]) -> Subquery:
    """Of each call its moment (`at`) and the question with one of these outcomes before it in its thread (`question`)."""
    before = aliased(Question)
    last = (
        select(func.max(before.message_id))
        .where(
            before.thread_id == Question.thread_id,
            before.message_id < Question.message_id,
            before.outcome.in_(outcomes),
        )
        .correlate(Question)
        .scalar_subquery()
    )
    return (
        select(Question.asked_at.label("at"), last.label("question"))
        .where(Question.outcome == HANDOFF, when)
        .subquery()
    )
