"""The replica against the facts about the observed server that sync is built on, one test a fact (sync §1, Y-71)."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from clarity_desktop.cloud.sync.carriers import METRIC_TYPES, typed_block
from clarity_desktop.cloud.sync.metrics import request_body
from tests.servers.replica import Replica, running_replica
from tests.servers.replica.accounts import stub_token

if TYPE_CHECKING:
    import httpx

USER = "11111111-2222-4333-8444-555555555555"
UPLOAD = "/api/v1/health-data"
ACCEPTED = {"heart_rate", "blood_pressure", "activity_level", "mood_assessment", "sleep_analysis"}
NIGHT = {"sleep_start": "2025-01-01T22:00:00Z", "sleep_end": "2025-01-02T06:00:00Z", "sleep_efficiency": 0.9}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replica]:
    with running_replica(Path(tmp_path_factory.mktemp("facts")) / "replica.sqlite") as found:
        yield found


@pytest.fixture
def replica(running: Replica) -> Replica:
    """An empty server without defects."""
    fresh = type(running.state)(running.state.path)
    for name in ("defects", "accepted_types", "read_back", "index_lag_s", "uploads_per_hour", "most_metrics"):
        setattr(running.state, name, getattr(fresh, name))
    for name in ("requests_per_hour", "expires_after_s", "deletes_at_once", "as_decimals"):
        setattr(running.state, name, getattr(fresh, name))
    with running.state._open() as base:
        base.execute("DELETE FROM uploads")
        base.execute("DELETE FROM times")
    return running


@pytest.fixture
def http(replica: Replica) -> Iterator[httpx.Client]:
    import httpx

    headers = {"Authorization": f"Bearer {stub_token(USER)}"}
    with httpx.Client(base_url=replica.url, headers=headers) as client:
        yield client


def metric(kind: str = "heart_rate", **changes: Any) -> dict[str, Any]:
    """One metric that the schema takes."""
    carrier = METRIC_TYPES[kind]
    block = typed_block(carrier, 70)
    if kind == "sleep_analysis":
        block = {"total_sleep_minutes": 480, **NIGHT}
    found = {"metric_id": str(uuid.uuid4()), "metric_type": kind, carrier.block.value: block}
    return {**found, "raw_data": {"data": "x"}, "created_at": "2025-01-01T00:00:00Z", **changes}


def send(http: httpx.Client, *metrics: dict[str, Any], **changes: Any) -> httpx.Response:
    document = {
        "user_id": USER,
        "metrics": list(metrics),
        "upload_source": "clarity_desktop",
        "client_timestamp": "2025-01-01T00:00:00Z",
    }
    return http.post(f"{UPLOAD}/", json={**document, **changes})


def listed(http: httpx.Client, **query: Any) -> dict[str, Any]:
    found = http.get(f"{UPLOAD}/", params=query).json()
    assert isinstance(found, dict)
    return found


def test_y71_one_item_an_upload_and_of_two_metrics_of_a_type_the_last_survives(
    replica: Replica, http: httpx.Client
) -> None:
    replica.state.defects.add("D8")
    first, last, other = metric(), metric(), metric("activity_level")
    answer = send(http, first, last, other)
    assert (answer.status_code, answer.json()["accepted_metrics"]) == (201, 3)
    (item,) = listed(http)["data"]
    assert {one["metric_id"] for one in item["metrics"]} == {last["metric_id"], other["metric_id"]}


def test_y71_an_item_of_400_kb_a_request_of_5_mb_and_100_metrics(replica: Replica, http: httpx.Client) -> None:
    assert send(http, metric(raw_data={"data": "x" * 350_000})).status_code == 201
    two = (metric(raw_data={"data": "x" * 250_000}), metric("activity_level", raw_data={"data": "x" * 250_000}))
    assert send(http, *two).status_code == 400, "the item is the upload, not the metric"
    assert send(http, metric(raw_data={"data": "x" * 5_300_000})).status_code == 413
    replica.state.most_metrics = 100
    assert send(http, *(metric() for _ in range(100))).status_code == 201
    assert send(http, *(metric() for _ in range(101))).status_code == 422


def test_y71_a_repeated_upload_is_a_second_item(replica: Replica, http: httpx.Client) -> None:
    same = metric()
    http.headers["Idempotency-Key"] = "one"
    ids = {send(http, same).json()["processing_id"] for _ in range(2)}
    assert len(ids) == 2
    assert [one["metric_id"] for one in replica.state.metrics(USER)] == [same["metric_id"]] * 2


def test_y71_one_bad_metric_fails_the_whole_request_and_is_not_named(replica: Replica, http: httpx.Client) -> None:
    by_rule = send(http, metric(), metric("blood_glucose"))
    assert by_rule.status_code == 400
    assert "1 errors" in by_rule.json()["detail"]
    by_schema = send(http, metric(), {**metric(), "metric_type": "no such type"})
    assert by_schema.status_code == 422
    twice = metric()
    assert send(http, twice, twice).status_code == 422
    assert replica.state.uploads() == []


@pytest.mark.parametrize("kind", sorted(METRIC_TYPES))
def test_y71_five_of_the_thirteen_types_pass_the_business_rule(replica: Replica, http: httpx.Client, kind: str) -> None:
    assert send(http, metric(kind)).status_code == (201 if kind in ACCEPTED else 400)


def test_y71_sleep_must_fit_its_times_and_ends_in_500_where_they_are_subtracted_as_text(
    replica: Replica, http: httpx.Client
) -> None:
    short = metric("sleep_analysis", sleep_data={"total_sleep_minutes": 440, **NIGHT})
    assert send(http, short).status_code == 422
    assert send(http, metric("sleep_analysis")).status_code == 201
    replica.state.defects.add("D10")
    answer = send(http, metric("sleep_analysis"))
    assert (answer.status_code, answer.text) == (500, "Internal Server Error")
    assert answer.headers["content-type"].startswith("text/plain")


def test_y71_whole_numbers_come_back_with_a_point_and_unknown_keys_are_dropped(
    replica: Replica, http: httpx.Client
) -> None:
    replica.state.as_decimals = True
    assert send(http, metric(raw_data={"part": 1, "data": "x"}, packed="gone")).status_code == 201
    ((stored,),) = [one["metrics"] for one in listed(http)["data"]]
    assert isinstance(stored["raw_data"]["part"], float)
    assert "packed" not in stored
    assert stored["raw_data"]["data"] == "x", "text stays as it is"


def test_y71_what_is_no_number_cannot_be_sent(replica: Replica, http: httpx.Client) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        request_body(USER, [metric(raw_data={"data": [float("nan")]})], "t", 0.0)
    document = {"user_id": USER, "metrics": [metric(raw_data={"data": [float("nan"), float("inf")]})]}
    document |= {"upload_source": "clarity_desktop", "client_timestamp": "2025-01-01T00:00:00Z"}
    assert http.post(f"{UPLOAD}/", content=json.dumps(document)).status_code == 400
    assert replica.state.uploads() == []


def test_y71_the_list_can_be_empty_although_data_is_there(replica: Replica, http: httpx.Client) -> None:
    processing_id = send(http, metric()).json()["processing_id"]
    replica.state.defects.add("D9")
    assert listed(http)["data"] == []
    assert http.get(f"{UPLOAD}/processing/{processing_id}").status_code == 200


def test_y71_the_status_of_an_unknown_id_is_a_problem_of_validation(replica: Replica, http: httpx.Client) -> None:
    replica.state.defects.add("D13")
    answer = http.get(f"{UPLOAD}/processing/{uuid.uuid4()}")
    assert answer.status_code == 400
    assert answer.json()["detail"].endswith("not found")


def test_y71_a_deletion_that_matched_nothing_says_success(replica: Replica, http: httpx.Client) -> None:
    replica.state.defects.add("D15")
    answer = http.delete(f"{UPLOAD}/{uuid.uuid4()}")
    assert answer.status_code == 200
    assert "success" in answer.json()["message"]


@pytest.mark.parametrize(
    ("kind", "block", "inside", "outside"),
    [
        ("heart_rate", {"heart_rate": 30}, True, {"heart_rate": 29}),
        ("heart_rate", {"heart_rate": 300}, True, {"heart_rate": 301}),
        ("blood_oxygen", {"oxygen_saturation": 70}, False, {"oxygen_saturation": 69}),
        ("body_temperature", {"body_temperature": 42}, False, {"body_temperature": 43}),
        ("blood_glucose", {"blood_glucose": 500}, False, {"blood_glucose": 501}),
        ("activity_level", {"steps": 100_000}, True, {"steps": 100_001}),
    ],
)
def test_y71_values_and_summaries_have_ranges(
    replica: Replica, http: httpx.Client, kind: str, block: dict[str, Any], inside: bool, outside: dict[str, Any]
) -> None:
    name = METRIC_TYPES[kind].block.value
    assert send(http, metric(kind, **{name: block})).status_code == (201 if inside else 400)
    assert send(http, metric(kind, **{name: outside})).status_code == 422


def test_y71_items_expire(replica: Replica, http: httpx.Client) -> None:
    processing_id = send(http, metric()).json()["processing_id"]
    replica.state.expires_after_s = 1e-9
    assert listed(http)["data"] == []
    assert http.get(f"{UPLOAD}/processing/{processing_id}").status_code == 404


def test_y71_the_state_stays_at_received_and_the_index_lags(replica: Replica, http: httpx.Client) -> None:
    replica.state.defects.add("D14")
    replica.state.index_lag_s = 60.0
    processing_id = send(http, metric()).json()["processing_id"]
    assert http.get(f"{UPLOAD}/processing/{processing_id}").status_code == 404
    assert len(listed(http)["data"]) == 1, "the list has it before the index"
    replica.state.index_lag_s = 0.0
    found = http.get(f"{UPLOAD}/processing/{processing_id}").json()
    assert (found["status"], found["updated_at"]) == ("received", "")


def test_y71_cursors_are_never_filled_and_has_next_means_that_the_page_was_full(
    replica: Replica, http: httpx.Client
) -> None:
    for _ in range(2):
        send(http, metric())
    full = listed(http, limit=2, offset=0)
    assert len(full["data"]) == 2
    assert full["pagination"]["has_next"], "although there is nothing more"
    assert full["pagination"]["next_cursor"] is None
    assert listed(http, limit=2, offset=2)["data"] == []
    assert not listed(http, limit=3, offset=0)["pagination"]["has_next"]


def test_y71_a_deletion_of_all_removes_the_first_page_only(replica: Replica, http: httpx.Client) -> None:
    replica.state.deletes_at_once = 2
    processing_id = send(http, *(metric() for _ in range(5))).json()["processing_id"]
    left = []
    for _ in range(3):
        assert http.delete(f"{UPLOAD}/{processing_id}").status_code == 200
        left.append(len(replica.state.metrics(USER)))
    assert left == [3, 1, 0]


def test_y71_uploads_and_requests_have_limits_an_hour(replica: Replica, http: httpx.Client) -> None:
    replica.state.uploads_per_hour = 100
    codes = [send(http, metric()).status_code for _ in range(101)]
    assert codes == [201] * 100 + [429]
    replica.state.requests_per_hour = 3
    assert [http.get(f"{UPLOAD}/").status_code for _ in range(4)] == [200, 200, 200, 429]


def test_y71_the_metric_id_is_the_one_key_that_comes_back(replica: Replica, http: httpx.Client) -> None:
    own = metric()
    send(http, own, sync_token="ours")
    ((stored,),) = [one["metrics"] for one in listed(http)["data"]]
    assert stored["metric_id"] == own["metric_id"]
