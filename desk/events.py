"""The events that other systems can be told of, and their names."""

from __future__ import annotations

from collections.abc import Mapping

from systems.pushes import EVERY_TICKET
from tickets.states import STEP_NAMES, Step

ARTICLE_PUBLISHED = "article.published"
RATING_GIVEN = "rating.given"
TEST = "webhook.test"
# A step has its own word; only the usual end of a ticket is called as everybody calls it.
_CALLED = {Step.CALLED_BACK: "closed"}


def event_of(step: Step) -> str:
    """The event of a ticket's step: `ticket.accepted`."""
    return f"ticket.{_CALLED.get(step, step.value)}"


TICKET_EVENTS: Mapping[str, str] = {event_of(step): STEP_NAMES[step] for step in Step}
OTHER_EVENTS: Mapping[str, str] = {ARTICLE_PUBLISHED: "文章发布", RATING_GIVEN: "收到评价"}
EVENTS: Mapping[str, str] = {EVERY_TICKET: "工单的全部事件", **TICKET_EVENTS, **OTHER_EVENTS}


def event_name(event: str) -> str:
    """What people read."""
    return "测试" if event == TEST else EVENTS.get(event, event)
