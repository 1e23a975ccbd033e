"""The typed dictionaries of the API come from its document, and nobody writes them by hand."""

from __future__ import annotations

import json
from pathlib import Path

from clarity_desktop.assets import asset
from clarity_desktop.cloud import dto
from clarity_desktop.cloud.contract.generate import generated

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
