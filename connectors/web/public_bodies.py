"""The bodies of the public API, as they are described to others."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from pydantic import BaseModel, Field

from desk.public import Figures, Told
from knowledge.article import ASPECT_NAMES, Article
from tickets.results import Results


class StepBody(BaseModel):
    """A step in a ticket's life."""

    step: str
    state: str = Field(description="where the ticket stood after it")
    by: str = Field(description="`enterprise`, `clock` (time did it) or `staff`")
    at: datetime
    note: str = Field(description="the reason that the enterprise was told, or what it wrote; masked")


class LimitBody(BaseModel):
    """A time limit that runs. `due_at` is null while it is suspended."""

    limit: str
    started_at: datetime
    due_at: datetime | None


class TicketBody(BaseModel):
    """A ticket; persons are masked, in its texts too."""

    number: str
    kind: str
    state: str
    level: str
    subject: str
    district: str
    department: str | None = Field(description="the key of the department that has it in hand")
    confidential: bool
    enterprise: str
    credit_code: str | None
    contact: str
    phone: str
    description: str
    wanted: str
    round: int
    supervised_at: datetime | None
    submitted_at: datetime
    changed_at: datetime


class WholeTicketBody(TicketBody):
    """A ticket with all that happened to it."""

    answer: str = Field(description="what the enterprise was last answered; empty where it was not yet")
    limits: list[LimitBody]
    timeline: list[StepBody]


class TicketsBody(BaseModel):
    """A page of tickets. `next`: what to give as `after` for the next page; null where there is none."""

    tickets: list[TicketBody]
    next: str | None


class SourceBody(BaseModel):
    """A document that an article rests on."""

    id: str
    title: str
    issuer: str
    number: str
    date: date
    link: str = Field(description="where the document is published; empty where that is not known")


class DownloadBody(BaseModel):
    """A form or sample to download."""

    title: str
    link: str


class ArticleBody(BaseModel):
    """An article in force."""

    key: str
    title: str
    category: str
    audience: str
    department: str
    valid_from: date
    valid_until: date | None
    checked_on: date


class SectionBody(BaseModel):
    """What an article says about one aspect. `citations`: what it rests on, in words."""

    aspect: str
    name: str
    text: str
    citations: list[str]


class WholeArticleBody(ArticleBody):
    """An article with its sections."""

    sections: list[SectionBody]
    sources: list[SourceBody]
    downloads: list[DownloadBody]


class ArticlesBody(BaseModel):
    """A page of articles. `next`: what to give as `after` for the next page; null where there is none."""

    articles: list[ArticleBody]
    next: str | None


class ResultsBody(BaseModel):
    """What came of tickets in the period, whenever they were submitted. Rates: 0 to 1, null where there is nothing to divide by."""

    due: int = Field(description="times for handling that ran out; each round of a ticket has one of its own")
    closed_in_time: int = Field(description="those of them within which the enterprise was answered")
    closed_in_time_rate: float | None
    called_back: int = Field(
        description="tickets whose enterprise was reached and answered; the last call counts"
    )
    solved: int
    solved_rate: float | None
    satisfied: int
    satisfied_rate: float | None


class FiguresBody(BaseModel):
    """How many tickets were submitted from `since` to `until`, both included. `none`: without a department, a channel."""

    since: date
    until: date
    total: int
    by_state: dict[str, int]
    by_department: dict[str, int]
    by_channel: dict[str, int]
    results: ResultsBody


def ticket_body(told: Told) -> TicketBody:
    """A ticket as it is told."""
    return TicketBody(**_ticket(told))


def whole_ticket_body(told: Told) -> WholeTicketBody:
    """A ticket with its timeline."""
    return WholeTicketBody(
        **_ticket(told),
        answer=told.answer,
        limits=[
            LimitBody(
                limit=clock.timed.value,
                started_at=clock.started_at.astimezone(UTC),
                due_at=clock.due_at and clock.due_at.astimezone(UTC),
            )
            for clock in told.running
        ],
        timeline=[
            StepBody(
                step=one.event.step.value,
                state=one.event.after.value,
                by=one.by,
                at=one.event.at.astimezone(UTC),
                note=one.note,
            )
            for one in told.timeline
        ],
    )


def article_body(article: Article) -> ArticleBody:
    """An article without its sections."""
    return ArticleBody(**_article(article))


def whole_article_body(article: Article, root: str) -> WholeArticleBody:
    """An article with its sections. `root`: where our own addresses begin."""
    return WholeArticleBody(
        **_article(article),
        sections=[
            SectionBody(
                aspect=aspect,
                name=ASPECT_NAMES[aspect],
                text=article.text(aspect),
                citations=[citation.line() for citation in article.citations(aspect)],
            )
            for aspect in article.aspects()
        ],
        sources=[
            SourceBody(id=s.id, title=s.title, issuer=s.issuer, number=s.number, date=s.date, link=s.link)
            for s in article.sources
        ],
        downloads=[
            DownloadBody(title=one.title, link=address)
            for one in article.downloads
            if (address := one.address(root))
        ],
    )


def figures_body(found: Figures, since: date, until: date) -> FiguresBody:
    """Counts of a period."""
    return FiguresBody(
        since=since,
        until=until,
        total=found.total,
        by_state=found.by_state,
        by_department=found.by_department,
        by_channel=found.by_channel,
        results=_results(found.results),
    )


def _results(came: Results) -> ResultsBody:
    return ResultsBody(
        due=came.due,
        closed_in_time=came.in_time,
        closed_in_time_rate=_rate(came.in_time, came.due),
        called_back=came.reached,
        solved=came.solved,
        solved_rate=_rate(came.solved, came.reached),
        satisfied=came.satisfied,
        satisfied_rate=_rate(came.satisfied, came.reached),
    )


def _rate(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _ticket(told: Told) -> dict[str, Any]:
    ticket = told.ticket
    return {
        "number": ticket.number,
        "kind": ticket.kind.value,
        "state": ticket.state.value,
        "level": ticket.level.value,
        "subject": ticket.subject,
        "district": ticket.district,
        "department": ticket.department,
        "confidential": ticket.confidential,
        "enterprise": told.enterprise,
        "credit_code": told.credit_code,
        "contact": told.contact,
        "phone": told.phone,
        "description": told.description,
        "wanted": told.wanted,
        "round": ticket.round,
        "supervised_at": ticket.supervised_at and ticket.supervised_at.astimezone(UTC),
        "submitted_at": ticket.submitted_at.astimezone(UTC),
        "changed_at": ticket.changed_at.astimezone(UTC),
    }


def _article(article: Article) -> dict[str, Any]:
    return {
        "key": article.key,
        "title": article.title,
        "category": article.category,
        "audience": article.audience,
        "department": article.department,
        "valid_from": article.valid_from,
        "valid_until": article.valid_until,
        "checked_on": article.checked_on,
    }
