"""The access token in the database, where all processes share it."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from connectors.wechat.token import Token
from conversations.models import AccessToken
from store.database import Database

_CHANNEL = "wechat"


class DatabaseTokenStore:
    """A `TokenStore` for any number of processes."""

    def __init__(self, database: Database, app_id: str) -> None:
        self._database = database
        self._app_id = app_id

    async def read(self) -> Token | None:
        """The token written last."""
        async with self._database.read() as session:
            row = await session.scalar(
                select(AccessToken).where(
                    AccessToken.channel == _CHANNEL, AccessToken.account == self._app_id
                )
            )
        return Token(row.value, row.expires_at) if row else None

    async def write(self, token: Token) -> None:
        """Replace it."""
        insert = sqlite_insert if self._database.embedded else postgresql_insert
        told = {"value": token.value, "expires_at": token.expires_at}
        async with self._database.write() as session:
            await session.execute(
                insert(AccessToken)
                .values(channel=_CHANNEL, account=self._app_id, **told)
                .on_conflict_do_update(index_elements=[AccessToken.channel, AccessToken.account], set_=told)
            )
