"""The cookies of the console: a session's token, and the mark of a browser that somebody has signed in with."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request, Response

_MARK_SECONDS = 400 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Cookie:
    """Out of reach for scripts and other sites. `secure`: over HTTPS only, as everywhere but in development."""

    secure: bool

    @property
    def name(self) -> str:
        """With the prefix that makes browsers insist on what we ask for (RFC 6265bis, 4.1.3)."""
        return "__Host-qifu_staff" if self.secure else "qifu_staff"

    def read(self, request: Request) -> str | None:
        """The token, if one was sent."""
        return request.cookies.get(self.name)

    def set(self, response: Response, token: str) -> None:
        """Gone with the browser; the server's limits are in the session."""
        response.set_cookie(self.name, token, path="/", secure=self.secure, httponly=True, samesite="lax")

    @property
    def mark_name(self) -> str:
        """Of the cookie with the browser's mark."""
        return "__Host-qifu_known" if self.secure else "qifu_known"

    def read_mark(self, request: Request) -> str:
        """The browser's mark, if it has one."""
        return request.cookies.get(self.mark_name, "")

    def set_mark(self, response: Response, mark: str) -> None:
        """Kept as long as browsers keep one (RFC 6265bis, 5.5)."""
        response.set_cookie(
            self.mark_name,
            mark,
            max_age=_MARK_SECONDS,
            path="/",
            secure=self.secure,
            httponly=True,
            samesite="lax",
        )

    @property
    def trip_name(self) -> str:
        """Of the cookie that waits while the browser is at the identity service."""
        return "__Host-qifu_trip" if self.secure else "qifu_trip"

    def read_trip(self, request: Request) -> str:
        """What it holds, if anything."""
        return request.cookies.get(self.trip_name, "")

    def set_trip(self, response: Response, trip: str, seconds: int) -> None:
        """For so long; `lax`, as the browser comes back from another site."""
        response.set_cookie(
            self.trip_name, trip, max_age=seconds, path="/", secure=self.secure, httponly=True, samesite="lax"
        )

    def clear_trip(self, response: Response) -> None:
        """It is back."""
        response.delete_cookie(self.trip_name, path="/", secure=self.secure, httponly=True, samesite="lax")

    def clear(self, response: Response) -> None:
        """Sign out."""
        response.delete_cookie(self.name, path="/", secure=self.secure, httponly=True, samesite="lax")
