"""PAT and insights at the replica; its numbers come from no model and are named as stand-ins."""

from __future__ import annotations

import json
import uuid
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.servers.replica.state import ReplicaState, stamp
from tests.servers.replica.validation import problems_of

__all__ = [
    "insight_generate",
    "insight_get",
    "insight_history",
    "pat_actigraphy",
    "pat_models",
    "pat_result",
    "pat_steps",
]

_WEEK = 10_080


def _analysis(user_id: str, values: list[float]) -> dict[str, Any]:
    """A stand-in made of the length and sum of what was sent, so that equal input gives equal output."""
    mark = (len(values) * 31 + round(sum(values))) % 1000 / 1000
    return {
        "user_id": user_id,
        "analysis_timestamp": stamp(),
        "sleep_efficiency": 50 + 40 * mark,
        "sleep_onset_latency": 10.0,
        "wake_after_sleep_onset": 30.0,
        "total_sleep_time": 7.0,
        "circadian_rhythm_score": mark,
        "activity_fragmentation": 0.5,
        "depression_risk_score": 0.0,
        "sleep_stages": ["wake"] * 1440,
        "confidence_score": 0.0,
        "clinical_insights": [],
        "embedding": [mark] * 96,
    }


async def pat_steps(request: Request, state: ReplicaState, user_id: str) -> Response:
    document = await request.json()
    found = problems_of("StepDataRequest", document)
    if not found and len(document["step_counts"]) != len(document["timestamps"]):
        found = [{"type": "value_error", "loc": ["body", "timestamps"], "msg": "Timestamps length must match"}]
    if found:
        return JSONResponse({"detail": found}, 422)
    if not state.may_call(user_id, "pat", 20):
        problem = {"type": "rate_limit_exceeded", "title": "Rate Limit Exceeded", "status": 429, "detail": "slow down"}
        return JSONResponse(problem, 429, headers={"Retry-After": "0"})
    return _answer(user_id, document["step_counts"], state)


async def pat_actigraphy(request: Request, state: ReplicaState, user_id: str) -> Response:
    document = await request.json()
    found = problems_of("DirectActigraphyRequest", document)
    if found:
        return JSONResponse({"detail": found}, 422)
    points = document["data_points"]
    if not points or any("timestamp" not in one for one in points):
        return _failed("'timestamp'" if points else "503: InferenceEngine is temporarily unavailable")
    return _answer(user_id, [float(one.get("value", 0)) for one in points], state)


def _answer(user_id: str, values: list[float], state: ReplicaState) -> Response:
    if len(values) < 1440:
        return _failed("list index out of range")
    analysis_id = str(uuid.uuid4())
    if state.pat_polls:
        numbers = {name: one for name, one in _analysis(user_id, values).items() if isinstance(one, float)}
        state.pat_jobs[analysis_id] = [0, numbers]
        return JSONResponse({"analysis_id": analysis_id, "status": "processing", "cached": False})
    answer = {
        "analysis_id": analysis_id,
        "status": "completed",
        "analysis": _analysis(user_id, values),
        "processing_time_ms": 5.0,
        "message": "Analysis completed",
        "cached": False,
    }
    return JSONResponse(answer)


def _failed(message: str) -> Response:
    detail = {"analysis_id": str(uuid.uuid4()), "error": "Analysis failed", "message": message}
    return JSONResponse({"detail": detail}, 500)


async def pat_result(request: Request, state: ReplicaState, user_id: str) -> Response:
    del user_id
    job = state.pat_jobs.get(request.path_params["processing_id"])
    if job is not None:
        job[0] += 1
        is_done = job[0] >= state.pat_polls
        found: dict[str, Any] = {
            "processing_id": request.path_params["processing_id"],
            "status": "completed" if is_done else "processing",
            "pat_features": job[1] if is_done else None,
        }
        return JSONResponse(found)
    answer = {
        "processing_id": request.path_params["processing_id"],
        "status": "not_found",
        "message": "Analysis results not found.",
        "analysis_date": None,
        "pat_features": None,
        "activity_embedding": None,
        "metadata": None,
    }
    return JSONResponse(answer)


async def pat_models(request: Request, state: ReplicaState, user_id: str) -> Response:
    del request, state, user_id
    return JSONResponse({"model_type": "PAT", "version": "1.0.0", "initialized": True, "capabilities": []})


async def insight_generate(request: Request, state: ReplicaState, user_id: str) -> Response:
    document = await request.json()
    found = problems_of("InsightGenerationRequest", document)
    if found:
        return JSONResponse({"detail": found}, 422)
    results = document["analysis_results"]
    if any(not isinstance(one, (int, float)) for one in results.values()):
        return JSONResponse({"detail": "An unexpected error occurred in Gemini. is temporarily unavailable"}, 503)
    data = {
        "user_id": user_id,
        "narrative": f"Your sleep efficiency is {results.get('sleep_efficiency', 0.0)}%.",
        "key_insights": ["Sleep efficiency was looked at"],
        "recommendations": ["Keep a diary"],
        "confidence_score": 0.75,
        "generated_at": stamp(),
    }
    state.keep_insight(user_id, data)
    return _wrapped(data)


def _wrapped(data: dict[str, Any]) -> Response:
    metadata = {
        "request_id": f"req_insights_{uuid.uuid4().hex[:8]}",
        "timestamp": stamp(),
        "service": "gemini-insights",
        "version": "1.0.0",
        "processing_time_ms": 1.0,
    }
    return JSONResponse({"success": True, "data": data, "metadata": metadata})


def _insight_error(status: int, code: str, message: str, details: dict[str, Any]) -> Response:
    detail = {
        "code": code,
        "message": message,
        "details": details,
        "request_id": f"req_insights_{uuid.uuid4().hex[:8]}",
        "timestamp": stamp(),
        "suggested_action": "check",
    }
    return JSONResponse({"detail": detail}, status)


async def insight_get(request: Request, state: ReplicaState, user_id: str) -> Response:
    insight_id = request.path_params["insight_id"]
    if "D17" not in state.defects:
        for name, document in state.insights(user_id):
            if name == insight_id:
                return _wrapped(document)
    details = {"insight_id": insight_id}
    return _insight_error(404, "INSIGHT_NOT_FOUND", f"Insight {insight_id} not found", details)


async def insight_history(request: Request, state: ReplicaState, user_id: str) -> Response:
    wanted = request.path_params["user_id"]
    if wanted != user_id:
        details = {"requested_user_id": wanted, "current_user_id": user_id}
        return _insight_error(403, "ACCESS_DENIED", "Cannot access another user's insight history", details)
    limit, offset = int(request.query_params.get("limit", 10)), int(request.query_params.get("offset", 0))
    if limit < 1:
        details = {"user_id": wanted, "error_message": "Parameter validation failed"}
        return _insight_error(500, "HISTORY_RETRIEVAL_FAILED", "Failed to retrieve insight history", details)
    stored = state.insights(user_id)
    page = stored[offset : offset + limit]
    data = {
        "insights": [
            {
                "id": name,
                "narrative": one["narrative"][:200],
                "generated_at": one["generated_at"],
                "confidence_score": one["confidence_score"],
                "key_insights_count": len(one["key_insights"]),
                "recommendations_count": len(one["recommendations"]),
            }
            for name, one in page
        ],
        "total_count": len(stored),
        "has_more": offset + limit < len(stored),
        "pagination": {"limit": limit, "offset": offset, "current_page": 1 + offset // limit, "total_pages": 1},
    }
    return _wrapped(json.loads(json.dumps(data)))
