"""One ticket: its page, its persons unmasked, and the steps that are taken with it."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import Response

from console.pages import visitor
from console.routes import PREFIX, Routes, seen_other
from console.step_forms import FORM_OF, done_notice, meant, read
from console.ticket_page import Telling, no_ticket, ticket_page
from desk.parts import sight_of
from desk.steps import take_step
from staff import audit
from staff.audit import Action
from staff.roles import Permission
from tickets.errors import StepRefused
from tickets.lists import seen
from tickets.states import Step

_HERE = f"{PREFIX}/tickets"


def ticket_routes(routes: Routes) -> None:
    """`/console/tickets/{number}` and what is below it."""
    console = routes.console

    @routes.get("/tickets/{number}", Permission.TICKETS_READ)
    async def ticket(request: Request, number: str, said: str = "") -> Response:
        return await ticket_page(console, request, number, Telling(notice=done_notice(said)))

    @routes.post("/tickets/{number}/reveal", Permission.PERSONAL_DATA_REVEAL)
    async def reveal(request: Request, number: str) -> Response:
        actor = visitor(request).actor
        async with console.door.database.write() as session:
            if await seen(session, number, sight_of(actor)) is None:
                return no_ticket(console, request)
            audit.record(
                session,
                actor,
                Action.PERSONAL_DATA_REVEALED,
                audit.ticket(number),
                at=console.door.clock(),
                detail={"内容": "企业名称、统一社会信用代码、联系人、电话"},
            )
        return await ticket_page(console, request, number, Telling(revealed=True))

    @routes.post("/tickets/{number}/steps/{step}", Permission.TICKETS_READ)
    async def take(request: Request, number: str, step: str) -> Response:
        if step not in set(FORM_OF):
            return no_ticket(console, request)
        fields = {name: value for name, value in (await request.form()).items() if isinstance(value, str)}
        try:
            filled = read(number, Step(step), fields)
            taken = meant(Step(step), fields)
            await take_step(console.desk, visitor(request).actor, number, taken, filled)
        except StepRefused as refused:
            telling = Telling(problem=refused.text, tried=step, values=fields)
            page = await ticket_page(console, request, number, telling)
            # Who let the ticket go sees it no longer, and is told all the same what became of the second try.
            return (
                page
                if page.status_code != 404
                else console.pages.trouble(request, 409, "没有提交", refused.text)
            )
        except LookupError:
            return no_ticket(console, request)
        return await _afterwards(number, taken, request)

    async def _afterwards(number: str, step: str, request: Request) -> Response:
        """The ticket's page, or the list where it is no longer to be seen by whoever let it go."""
        async with console.door.database.read() as session:
            still = await seen(session, number, sight_of(visitor(request).actor))
        return seen_other(f"{_HERE}/{number}?said={step}" if still else f"{_HERE}?said={step}")
