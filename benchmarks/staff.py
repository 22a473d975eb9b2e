"""Somebody of the staff for a benchmark, signed in as the product would have signed them in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from app.settings import Settings
from staff import accounts, sessions
from staff.accounts import Profile
from staff.actors import COMMAND_LINE
from staff.models import Account
from staff.passwords import Hashing
from staff.roles import Role
from staff.sessions import Browser
from store.clock import utc_now
from store.database import Database
from store.ids import new_id


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session of the console. `headers`: what its requests carry; a cookie of an address without a name is left out of a jar."""

    account_id: str
    token: str
    csrf: str

    @property
    def headers(self) -> dict[str, str]:
        """For every request."""
        return {"Cookie": f"qifu_staff={self.token}", "X-CSRF-Token": self.csrf}


async def employ(
    database: Database, settings: Settings, roles: Iterable[Role], *, username: str = "zhang.san"
) -> SignedIn:
    """Add an account and begin its session. The database is up to date."""
    policy = settings.sign_in_policy()  # the product's own, or it would not take the forms' tokens
    browser = Browser("127.0.0.1", "")
    async with database.write() as session:
        profile = Profile("张三", None, frozenset(roles))
        one_time = Hashing().issue()
        await accounts.add(session, COMMAND_LINE, username, profile, one_time, id=new_id(), at=utc_now())
        await session.flush()
        account = await accounts.by_username(session, username)
        (await session.get_one(Account, account.id)).password_is_one_time = False
        token = await sessions.begin(
            session, account, browser, policy, second_factor=False, at=utc_now(), new_id=new_id
        )
        found = await sessions.visitor(session, token, browser.address, policy, now=utc_now())
    assert found is not None
    return SignedIn(account.id, token, found[0].csrf)
