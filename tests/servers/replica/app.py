"""The replica's routes, for each profile under its own paths; what it does not have is a 404, as at the original."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from clarity_desktop.assets import asset
from clarity_desktop.cloud.contract import Auth, Profile
from tests.servers.replica import accounts, analyses, health_data, sockets
from tests.servers.replica.state import ReplicaState, stamp

__all__ = ["make_app"]

_Open = Callable[[Request, ReplicaState], Awaitable[Response]]
_Closed = Callable[[Request, ReplicaState, str], Awaitable[Response]]

_OPEN: dict[str, _Open] = {
    "register": accounts.register,
    "login": accounts.login,
    "refresh": accounts.refresh,
}
_CLOSED: dict[str, _Closed] = {
    "me": accounts.me,
    "update_me": accounts.update_me,
    "logout": accounts.logout,
    "upload_metrics": health_data.upload_metrics,
    "processing_status": health_data.processing_status,
    "list_metrics": health_data.list_metrics,
    "delete_upload": health_data.delete_upload,
    "query_legacy": health_data.removed_query,
    "pat_steps": analyses.pat_steps,
    "pat_actigraphy": analyses.pat_actigraphy,
    "pat_result": analyses.pat_result,
    "pat_models": analyses.pat_models,
    "insight_generate": analyses.insight_generate,
    "insight_get": analyses.insight_get,
    "insight_history": analyses.insight_history,
}
_MAIL = {
    "confirm_email": "confirmed",
    "resend_confirmation": "sent",
    "forgot_password": "sent",
    "reset_password": "reset",
}


def make_app(profile: Profile, state: ReplicaState, tokens: accounts.TokenCheck) -> Starlette:
    """The application that answers as a server of a profile does."""
    routes: list[BaseRoute] = []
    for endpoint in profile.endpoints:
        if endpoint.method == "WS":
            routes.append(_socket(endpoint.path, endpoint.capability, state, tokens))
            continue
        handler = _handler(endpoint.capability, endpoint.auth is Auth.BEARER, profile, state, tokens)
        paths = {endpoint.path}
        if endpoint.path.rstrip("/") and endpoint.capability not in ("openapi", "prometheus"):
            # Paths with and without a slash at their end both work there (D32).
            paths = {endpoint.path.rstrip("/"), endpoint.path.rstrip("/") + "/"}
        routes += [Route(path, handler, methods=[endpoint.method]) for path in sorted(paths)]
    # Fixed paths stand before those with a parameter, except where the original shadows its own (D16).
    routes.sort(key=lambda route: ("{" in getattr(route, "path", ""), getattr(route, "path", "")))
    return Starlette(routes=routes, exception_handlers={404: _not_found, 405: _not_allowed})


async def _not_found(request: Request, error: Exception) -> Response:
    del request, error
    return JSONResponse({"detail": "Not Found"}, 404)


async def _not_allowed(request: Request, error: Exception) -> Response:
    del request, error
    return JSONResponse({"detail": "Method Not Allowed"}, 405)


def _handler(
    capability: str, is_protected: bool, profile: Profile, state: ReplicaState, tokens: accounts.TokenCheck
) -> Callable[[Request], Awaitable[Response]]:
    async def handle(request: Request) -> Response:
        state.calls[capability] += 1
        state.bodies.append((request.method, request.url.path, await request.body()))
        if not is_protected:
            if capability in _OPEN:
                return await _OPEN[capability](request, state)
            return _plain(capability, profile)
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        user_id = None if token in state.revoked else tokens.user_of(token)
        if user_id is None:
            return JSONResponse({"detail": "Authentication required"}, 401, headers={"WWW-Authenticate": "Bearer"})
        if state.requests_per_hour and not state.may_call(user_id, "all", state.requests_per_hour):
            problem = {"type": "rate_limit_exceeded", "title": "Rate Limit Exceeded", "status": 429, "detail": "slow"}
            return JSONResponse(problem, 429, headers={"Retry-After": "60"})
        if capability in _CLOSED:
            return await _CLOSED[capability](request, state, user_id)
        return _plain(capability, profile)

    return handle


def _plain(capability: str, profile: Profile) -> Response:
    if capability == "openapi":
        return JSONResponse(_document(profile))
    if capability in _MAIL:
        return JSONResponse({"status": _MAIL[capability]})
    return JSONResponse({"status": "healthy", "service": capability, "timestamp": stamp(), "version": "1.0.0"})


def _document(profile: Profile) -> dict[str, Any]:
    """What the server says of itself: the recorded document, or one with the profile's routes."""
    if profile.name == "openapi":
        found = json.loads(asset("resources/cloud/openapi/served.json").read_text(encoding="utf-8"))
        assert isinstance(found, dict)
        return found
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in profile.endpoints:
        if endpoint.method != "WS":
            paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = {"responses": {}}
    return {"openapi": "3.1.0", "info": {"title": profile.name, "version": "0"}, "paths": paths}


def _socket(path: str, capability: str, state: ReplicaState, tokens: accounts.TokenCheck) -> WebSocketRoute:
    async def handle(socket: WebSocket) -> None:
        if capability == "ws_analysis":
            await sockets.analysis_socket(socket, state, tokens)
        else:
            await sockets.room_socket(socket, state, tokens)

    return WebSocketRoute(re.sub(r"/$", "", path), handle)
