"""The console put together: every page of it, behind its gate."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from fastapi import APIRouter, Request
from fastapi.responses import Response

from console.answer_rate import answer_rate_routes
from console.article_statistics import article_statistics_routes
from console.attached import attachment_routes
from console.audit import audit_routes
from console.bulletin import bulletin_routes
from console.calendar import calendar_routes
from console.canned import canned_routes
from console.canned_use import canned_use_routes
from console.cookie import Cookie
from console.department_questions import department_question_routes
from console.dispatch_rules import dispatch_rules_routes
from console.events import event_routes
from console.exchange import exchange_routes
from console.exchange_imports import import_routes
from console.filing import filing_routes
from console.inbox import Rows, inbox_routes
from console.knowledge import knowledge_routes
from console.knowledge_edit import knowledge_edit_routes
from console.knowledge_files import knowledge_file_routes
from console.knowledge_hits import knowledge_hit_routes
from console.knowledge_review import knowledge_review_routes
from console.knowledge_suggestions import knowledge_suggestion_routes
from console.ledger import ledger_routes
from console.live import Live
from console.mentions import mention_routes
from console.notices import notice_routes
from console.officer_import import officer_import_routes
from console.officers import officer_routes, one_officer_routes
from console.own_account import own_account_routes, second_factor_routes
from console.pages import Pages, visitor
from console.people import people_routes, person_routes
from console.presence import Presence
from console.questions import question_routes
from console.rectification import rectification_routes
from console.rectifications import rectifications_routes
from console.replies import reply_routes
from console.reports import reports_routes
from console.routes import Console, Routes
from console.sent_files import sent_file_routes
from console.sign_in import sign_in_routes
from console.single_sign_on import single_sign_on_routes
from console.supervision import supervision_routes
from console.systems import systems_routes
from console.thread import thread_routes
from console.thread_acts import thread_act_routes
from console.ticket import ticket_routes
from console.tickets import tickets_routes
from console.training import training_routes
from console.training_examples import training_example_routes
from console.unanswered import unanswered_routes
from console.webhooks import webhook_routes
from conversations.models import ChannelPause
from conversations.outbox import paused
from desk.desk import Desk
from desk.knowledge_gate import Gates, gates
from desk.ports import Scan
from desk.values import CHANNEL_NAMES
from desk.workdays import missing_year
from staff.roles import Permission
from staff.sign_in import Door
from store.files import Files
from systems.models import Subscription
from systems.subscriptions import switched_off


def console_router(
    desk: Desk,
    door: Door,
    *,
    secure: bool,
    stopping: asyncio.Event | None = None,
    files: Files | None = None,
    scan: Scan | None = None,
    replaying: Gates | None = None,
) -> APIRouter:
    """`secure`: the browser comes over HTTPS, as everywhere but in development. `stopping`: open streams are to end.

    `replaying`: the publish gate of this process, its own where there is none.
    """
    pages = Pages(desk.city.name, secure=secure)
    rows = Rows(door.database, pages, door.clock)
    live = Live(door.database, rows, Presence(time.monotonic), stopping or asyncio.Event())
    console = Console(desk, door, Cookie(secure), pages, live, files, scan)
    routes = Routes(console)
    _front(routes)
    inbox_routes(routes)
    event_routes(routes)
    thread_routes(routes)
    thread_act_routes(routes)
    reply_routes(routes)
    sent_file_routes(routes)
    mention_routes(routes)
    canned_routes(routes)
    canned_use_routes(routes)
    filing_routes(routes)
    question_routes(routes)
    attachment_routes(routes)
    sign_in_routes(routes)
    single_sign_on_routes(routes)
    own_account_routes(routes)
    second_factor_routes(routes)
    people_routes(routes)
    person_routes(routes)
    audit_routes(routes)
    tickets_routes(routes)
    ticket_routes(routes)
    rectifications_routes(routes)
    rectification_routes(routes)
    dispatch_rules_routes(routes)
    calendar_routes(routes)
    reports_routes(routes)
    bulletin_routes(routes)
    ledger_routes(routes)
    unanswered_routes(routes)
    department_question_routes(routes)
    answer_rate_routes(routes)
    training_example_routes(routes)
    training_routes(routes)
    systems_routes(routes)
    webhook_routes(routes)
    exchange_routes(routes)
    import_routes(routes)
    replaying = replaying or gates(desk)
    knowledge_routes(routes)
    knowledge_edit_routes(routes, replaying)
    knowledge_review_routes(routes, replaying)
    knowledge_hit_routes(routes, replaying)
    knowledge_suggestion_routes(routes)
    knowledge_file_routes(routes)
    article_statistics_routes(routes)
    notice_routes(routes)
    supervision_routes(routes)
    officer_import_routes(routes)
    officer_routes(routes)
    one_officer_routes(routes)
    _nowhere(routes)
    return routes.router


def _front(routes: Routes) -> None:
    @routes.get("", Permission.OWN_ACCOUNT)
    async def front(request: Request) -> Response:
        off: Sequence[Subscription] = ()
        silent: Sequence[ChannelPause] = ()
        missing, may = None, visitor(request).actor.may
        async with routes.console.door.database.read() as session:
            if may(Permission.SYSTEMS_MANAGE):
                off = await switched_off(session)
                silent = await paused(session, routes.console.door.clock())
            if may(Permission.CALENDAR_EDIT):
                missing = await missing_year(routes.console.desk, session)
        return routes.console.pages.show(
            request,
            "front.html",
            switched_off=off,
            missing_year=missing,
            paused=[(CHANNEL_NAMES.get(one.channel, one.channel), one) for one in silent],
        )


def _nowhere(routes: Routes) -> None:
    @routes.get("/{path:path}", Permission.OWN_ACCOUNT)
    async def nowhere(request: Request) -> Response:
        return routes.console.pages.trouble(request, 404, "没有这个页面", "地址可能写错了，或页面已经移走。")
