"""Live channels of the replica: acknowledgement, heartbeat, echo of messages, and its limits."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from tests.servers.replica.accounts import TokenCheck
from tests.servers.replica.state import ReplicaState, stamp

__all__ = ["analysis_socket", "room_socket"]

_MOST_BYTES = 1024
_MOST_A_MINUTE = 10


def _frame(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": kind, "timestamp": stamp(), "message_id": None, **fields}


async def room_socket(socket: WebSocket, state: ReplicaState, tokens: TokenCheck) -> None:
    user_id = tokens.user_of(socket.query_params.get("token", ""))
    await _serve(socket, state, user_id)


async def analysis_socket(socket: WebSocket, state: ReplicaState, tokens: TokenCheck) -> None:
    user_id = tokens.user_of(socket.query_params.get("token", ""))
    await _serve(socket, state, user_id if user_id == socket.path_params["user_id"] else None)


async def _serve(socket: WebSocket, state: ReplicaState, user_id: str | None) -> None:
    state.calls["WS"] += 1
    if "D3" in state.defects:
        raise RuntimeError("the channel is broken")
    if user_id is None:
        await socket.close()
        return
    await socket.accept()
    info = {"server_time": stamp(), "heartbeat_interval": 5, **state.ack_info}
    queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    listener = (asyncio.get_running_loop(), queue)
    await socket.send_json(_frame("connection_ack", user_id=user_id, session_id=str(uuid.uuid4()), server_info=info))
    times: list[float] = []

    async def pushed() -> None:
        while True:
            await socket.send_json(await queue.get())

    pushing = asyncio.ensure_future(pushed())
    state.listeners.setdefault(user_id, []).append(listener)
    try:
        while True:
            text = await socket.receive_text()
            times = [at for at in times if time.monotonic() - at < 60]
            times.append(time.monotonic())
            answer = _answer_to(text, user_id, len(times))
            if answer is not None:
                await socket.send_json(answer)
    except (WebSocketDisconnect, asyncio.CancelledError):
        return
    finally:
        pushing.cancel()
        state.listeners[user_id].remove(listener)


def _answer_to(text: str, user_id: str, recent: int) -> dict[str, Any] | None:
    def error(code: str, message: str) -> dict[str, Any]:
        return _frame("error", error_code=code, message=message)

    if len(text.encode()) > _MOST_BYTES:
        return error("MESSAGE_TOO_LARGE", "Message exceeds maximum size")
    if recent > _MOST_A_MINUTE:
        return error("RATE_LIMIT_EXCEEDED", "Rate limit exceeded")
    try:
        frame = json.loads(text)
    except ValueError:
        return error("INVALID_JSON", "Invalid JSON format")
    kind = frame.get("type") if isinstance(frame, dict) else None
    if kind == "heartbeat":
        return _frame("heartbeat_ack", client_timestamp=frame.get("client_timestamp"), server_timestamp=stamp())
    if kind == "typing":
        return _frame("typing", user_id=user_id, username="", is_typing=bool(frame.get("is_typing")))
    if kind == "message":
        return _frame("message", content=f"Heard: {frame.get('content', '')}", user_id="AI", username="AI")
    if kind == "chat_message":
        return _frame("chat_message", message=f"Heard: {frame.get('message', '')}", user_id="AI")
    if kind == "health_data":
        return _frame("message", content="Analysis of your data is complete.", user_id="AI", username="AI")
    return error("UNKNOWN_MESSAGE_TYPE", "Unknown message type")
