"""Health data at the replica: upload with its business rules, status, list, delete."""

from __future__ import annotations

import base64
import binascii
import json
import math
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from tests.servers.replica.state import ReplicaState, stamp
from tests.servers.replica.validation import problems_of

__all__ = ["delete_upload", "list_metrics", "processing_status", "removed_query", "upload_metrics"]

_BLOCKS = {
    "heart_rate": "biometric_data",
    "blood_pressure": "biometric_data",
    "activity_level": "activity_data",
    "mood_assessment": "mental_health_data",
    "sleep_analysis": "sleep_data",
}
_KNOWN = frozenset(
    {
        "metric_id",
        "metric_type",
        "biometric_data",
        "sleep_data",
        "activity_data",
        "mental_health_data",
        "device_id",
        "raw_data",
        "metadata",
        "created_at",
    }
)
_MOST_BODY = 5 * 2**20
_MOST_ITEM = 409_600
"""Bytes of one item of the store, which is one upload."""
_MOST_SLEEP_GAP_S = 30 * 60


async def upload_metrics(request: Request, state: ReplicaState, user_id: str) -> Response:
    raw = await request.body()
    if len(raw) > _MOST_BODY:
        detail = {"error": "Request too large", "max_size_mb": 5, "received_size_mb": len(raw) / 2**20, "message": "no"}
        return JSONResponse(detail, 413, headers={"Retry-After": "3600"})
    if request.headers.get("content-encoding"):
        return JSONResponse({"detail": "There was an error parsing the body"}, 400)
    if not state.may_call(user_id, "upload", state.uploads_per_hour):
        problem = {"type": "rate_limit_exceeded", "title": "Rate Limit Exceeded", "status": 429, "detail": "slow down"}
        return JSONResponse(problem, 429, headers={"Retry-After": "0" if "D29" in state.defects else "120"})
    if "D1" in state.defects:
        return PlainTextResponse("Internal Server Error", 500, headers={"Connection": "close"})
    try:
        document = json.loads(raw)
    except ValueError:
        return JSONResponse({"detail": [{"type": "json_invalid", "loc": ["body", 0], "msg": "JSON decode error"}]}, 422)
    found = problems_of("HealthDataUpload", document)
    if not found:
        found = _collection_problems(document["metrics"], state.most_metrics)
    if found:
        return JSONResponse({"detail": found}, 422)
    metrics = document["metrics"]
    if document["user_id"] != user_id:
        status, detail = (500, "An unexpected error occurred while processing health data upload")
        if "D13" not in state.defects:
            status, detail = 403, "Cannot upload data for another user"
        return JSONResponse({"detail": detail}, status)
    if any(one["metric_id"] in state.crash_metric_ids for one in metrics) or (
        "D10" in state.defects and any(one["metric_type"] == "sleep_analysis" for one in metrics)
    ):
        return PlainTextResponse("Internal Server Error", 500, headers={"Connection": "close"})
    bad = [one for one in metrics if not _passes(one, state)]
    if bad:
        text = f"Health data processing failed: Health data validation failed: Validation failed: {len(bad)} errors"
        return JSONResponse({"detail": text}, 400)
    # What the schema does not know is dropped without a word.
    metrics = [{name: value for name, value in one.items() if name in _KNOWN} for one in metrics]
    if not _is_finite(metrics):
        return JSONResponse({"detail": "Infinity and NaN not supported"}, 400)
    if len(json.dumps(metrics)) > _MOST_ITEM:
        return JSONResponse({"detail": "Item size has exceeded the maximum allowed size"}, 400)
    processing_id = state.store(user_id, metrics, document)
    answer = {
        "processing_id": processing_id,
        "status": "processing",
        "accepted_metrics": len(metrics),
        "rejected_metrics": 0,
        "validation_errors": [],
        "estimated_processing_time": 2 * len(metrics),
        "sync_token": document.get("sync_token"),
        "message": "Health data uploaded",
        "timestamp": stamp(),
    }
    return JSONResponse(answer, 201)


def _collection_problems(metrics: list[dict[str, Any]], most: int) -> list[dict[str, Any]]:
    place = ["body", "metrics"]
    if len(metrics) > most:
        return [{"type": "value_error", "loc": place, "msg": f"Value error, Maximum {most} metrics per upload"}]
    ids = [one["metric_id"] for one in metrics]
    if len(set(ids)) != len(ids):
        return [{"type": "value_error", "loc": place, "msg": "Value error, Duplicate metric IDs not allowed"}]
    for number, one in enumerate(metrics):
        night = one.get("sleep_data")
        if night and not _is_a_night(night):
            words = "Value error, Total sleep does not fit the times of the night"
            return [{"type": "value_error", "loc": [*place, number, "sleep_data"], "msg": words}]
    return []


def _is_finite(value: Any) -> bool:
    """Whether a store of decimals could keep it."""
    if isinstance(value, dict):
        return all(_is_finite(one) for one in value.values())
    if isinstance(value, list):
        return all(_is_finite(one) for one in value)
    return not isinstance(value, float) or math.isfinite(value)


def _is_a_night(night: dict[str, Any]) -> bool:
    start, end = (datetime.fromisoformat(night[name].replace("Z", "+00:00")) for name in ("sleep_start", "sleep_end"))
    return abs((end - start).total_seconds() - 60 * night["total_sleep_minutes"]) <= _MOST_SLEEP_GAP_S


def _passes(metric: dict[str, Any], state: ReplicaState) -> bool:
    kind = metric["metric_type"]
    block = _BLOCKS.get(kind)
    own = metric.get(block) if block else any(metric.get(name) for name in set(_BLOCKS.values()))
    return kind in state.accepted_types and bool(own) and metric["metric_id"] not in state.refuse_metric_ids


async def processing_status(request: Request, state: ReplicaState, user_id: str) -> Response:
    processing_id = request.path_params["processing_id"]
    found = None if state.read_back == "none" else state.upload(user_id, processing_id)
    if found is None:
        status = 400 if "D13" in state.defects else 404
        return JSONResponse({"detail": f"Processing job {processing_id} not found"}, status)
    answer = {
        "processing_id": processing_id,
        "status": "received" if "D14" in state.defects else "completed",
        "created_at": found["created_at"],
        "updated_at": "" if "D14" in state.defects else stamp(),
    }
    return JSONResponse(answer)


async def list_metrics(request: Request, state: ReplicaState, user_id: str) -> Response:
    query = request.query_params
    try:
        limit, offset = int(query.get("limit", 50)), int(query.get("offset", 0))
    except ValueError:
        return JSONResponse({"detail": [{"type": "int_parsing", "loc": ["query", "limit"], "msg": "bad"}]}, 422)
    if not 1 <= limit <= 1000 or offset < 0:
        place = {
            "type": "less_than_equal",
            "loc": ["query", "limit"],
            "msg": "Input should be less than or equal to 1000",
        }
        return JSONResponse({"detail": [place]}, 422)
    cursor = query.get("cursor")
    if cursor is not None:
        try:
            json.loads(base64.b64decode(cursor, validate=True))
        except (binascii.Error, ValueError):
            return JSONResponse({"detail": "Invalid cursor: Invalid cursor format"}, 400)
    stored = [] if "D9" in state.defects or state.read_back != "full" else state.uploads(user_id)
    kind = query.get("data_type")
    if kind is not None:
        stored = [one for one in stored if any(metric["metric_type"] == kind for metric in one["metrics"])]
    page = stored[offset : offset + limit]
    own = f"/api/v1/health-data?limit={limit}&offset={offset}"
    links: dict[str, str | None] = {"self": f"http://server.invalid{own}", "first": "http://server.invalid/first"}
    if "offset" in query and len(page) == limit:
        links["next"] = f"http://server.invalid/api/v1/health-data?limit={limit}&offset={offset + limit}"
    answer = {
        "data": page,
        "pagination": {
            "total_count": None,
            "page_size": limit,
            "has_next": len(page) == limit,
            "has_previous": offset > 0,
            "next_cursor": None,
            "previous_cursor": None,
        },
        "links": links,
    }
    return JSONResponse(answer)


async def delete_upload(request: Request, state: ReplicaState, user_id: str) -> Response:
    processing_id = request.path_params["processing_id"]
    was = state.delete(user_id, processing_id)
    if not was and "D15" not in state.defects:
        return JSONResponse({"detail": f"Processing job {processing_id} not found"}, 404)
    answer = {"message": "Health data deleted successfully", "processing_id": processing_id, "deleted_at": stamp()}
    return JSONResponse(answer)


async def removed_query(request: Request, state: ReplicaState, user_id: str) -> Response:
    del request, state, user_id
    detail = {
        "error": "Endpoint Permanently Removed",
        "message": "The legacy /query endpoint has been permanently removed.",
        "migration": {"new_endpoint": "GET /api/v1/health-data/"},
        "removed_date": "2025-01-01",
        "status_code": 410,
    }
    return JSONResponse({"detail": detail}, 410)
