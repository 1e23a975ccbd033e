"""The typed dictionaries of the API come from its document, and nobody writes them by hand."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clarity_desktop.assets import asset
from clarity_desktop.cloud import dto
from clarity_desktop.cloud.auth.server_login import ServerLogin
from clarity_desktop.cloud.client import CloudClient, Service
from clarity_desktop.cloud.contract import profile
from clarity_desktop.cloud.contract.generate import generated
from clarity_desktop.cloud.sync.metrics import packed_metrics, request_body
from clarity_desktop.cloud.sync.packing import Channel
from clarity_desktop.domain.series import Samples
from clarity_desktop.domain.time import Span
from tests.servers.replica import running_replica

DOCUMENT = json.loads(asset("resources/cloud/openapi/served.json").read_text(encoding="utf-8"))


def test_generating_again_changes_nothing() -> None:
    text = Path(dto.__file__).read_text(encoding="utf-8")
    assert generated(DOCUMENT) == text, "run: python -m clarity_desktop.cloud.contract.generate"


def test_every_object_of_the_document_is_there_with_its_fields() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    assert len(dto.__all__) == len(schemas)
    for name in ("HealthDataUpload", "HealthMetric", "StepDataRequest", "UserLoginRequest"):
        found = getattr(dto, name)
        assert set(found.__annotations__) == set(schemas[name]["properties"])
        demanded = {field for field, kind in found.__annotations__.items() if "NotRequired" not in str(kind)}
        assert demanded == set(schemas[name]["required"])


def test_l79_metric_types_are_spelled_as_the_server_does() -> None:
    values = DOCUMENT["components"]["schemas"]["HealthMetricType"]["enum"]
    assert set(dto.HealthMetricType.__args__) == set(values)
    assert len(values) == 13


def test_a_changed_document_changes_the_module() -> None:
    changed = json.loads(json.dumps(DOCUMENT))
    changed["components"]["schemas"]["StepDataRequest"]["properties"]["more"] = {"type": "integer"}
    assert "more: NotRequired[int]" in generated(changed)


def fields_of(name: str) -> set[str]:
    return set(DOCUMENT["components"]["schemas"][name]["properties"])


@pytest.mark.parametrize("metric_type", ["heart_rate", "blood_pressure", "activity_level"])
def test_l79_an_upload_holds_the_servers_fields_alone(metric_type: str) -> None:
    count = 5
    samples = Samples(
        np.arange(count, dtype=np.int64) * 60,
        np.full(count, 60, dtype=np.int32),
        np.linspace(60.0, 70.0, count),
        np.zeros(count, dtype=np.uint8),
        "count/min",
        (),
    )
    channel = Channel("HKQuantityTypeIdentifierHeartRate", "count/min", "UTC", "watch", "", samples)
    packed = packed_metrics(metric_type, [channel], Span(0, 3600))
    metrics = [{"metric_id": str(uuid.uuid4()), **metric} for metric, _ in packed]
    document = json.loads(request_body(str(uuid.uuid4()), metrics, "token", 0.0))
    assert set(document) <= fields_of("HealthDataUpload")
    blocks = {"biometric_data": "BiometricData", "activity_data": "ActivityData"}
    for metric in document["metrics"]:
        assert set(metric) <= fields_of("HealthMetric")
        for block, schema in blocks.items():
            assert set(metric.get(block) or ()) <= fields_of(schema)
    # What the program knows a piece by stays here: neither a person's id nor the state of a row goes out.
    assert not {"patient_id", "op_id", "state", "local_id", "account"} & set(str(document).split("'"))


def test_l79_sign_in_bodies_hold_the_servers_fields_alone(tmp_path: Path) -> None:
    import asyncio

    async def main(url: str) -> None:
        async with CloudClient(Service(url)) as client:
            login = ServerLogin(client, profile("openapi"))
            await login.register("ada@clinic.example", "Herons7-quiet", "Ada")
            await login.sign_in("ada@clinic.example", "Herons7-quiet")
            await login.confirm("ada@clinic.example", "123456")
            await login.send_code_again("ada@clinic.example")
            await login.forgot_password("ada@clinic.example")
            await login.reset_password("ada@clinic.example", "123456", "Another7-words")

    with running_replica(tmp_path / "replica.db") as replica:
        asyncio.run(main(replica.url))
        schemas = {
            "register": "UserRegister",
            "login": "UserLoginRequest",
            "confirm-email": "EmailConfirmationRequest",
            "resend-confirmation": "ResendConfirmationRequest",
            "forgot-password": "ForgotPasswordRequest",
            "reset-password": "ResetPasswordRequest",
        }
        seen: dict[str, set[Any]] = {}
        for method, path, body in replica.state.bodies:
            if method == "POST":
                seen[path.rsplit("/", 1)[-1]] = set(json.loads(body))
        assert set(seen) == set(schemas)
        for route, schema in schemas.items():
            assert seen[route] <= fields_of(schema), route
            required = set(DOCUMENT["components"]["schemas"][schema].get("required", ()))
            assert required <= seen[route], route
