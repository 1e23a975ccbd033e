"""Nothing that only looks finished: no invented data, no second queue, no telemetry, no call without a caller."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import pytest

import clarity_desktop
from clarity_desktop.app import Services
from clarity_desktop.app.flags import FLAGS, Flag, expired
from clarity_desktop.assets import asset
from clarity_desktop.cloud.api.probing import TEST_ROUTES
from clarity_desktop.cloud.contract import compare_contract, profile
from clarity_desktop.cloud.contract.profiles import PROFILE_NAMES, normal_path
from clarity_desktop.vault.store import schema

PACKAGE = Path(clarity_desktop.__file__).parent
CHANCE_ALLOWED = {
    "analysis/change.py": "resampling for intervals of a change, seeded by the input",
    "analysis/comparison.py": "resampling for intervals of a difference, seeded by the input",
    "analysis/findings/uncertainty.py": "resampling for intervals, seeded by the input",
    "analysis/weeks/pretraining.py": "which weeks are hidden from the model, seeded",
    "circadian/heart_clock.py": "draws from a fitted distribution for its interval, seeded",
    "cloud/client/clock.py": "pauses between attempts are not all alike",
    "pat/autoencoder.py": "which tokens are hidden from the model, seeded",
    "pat/comparison.py": "resampling of an accuracy, seeded",
    "pat/heads/fit.py": "first weights of a head, seeded",
    "pat/heads/training.py": "which people are held out, seeded",
    "pat/pretraining.py": "order of weeks and first weights, seeded",
    "pat/residual.py": "first weights of a model that is trained here, seeded",
    "pat/self_test.py": "a made week for the check of a checkpoint, never shown as anybody's",
    "vault/keys/codes.py": "letters of codes, from the system's source of chance",
}
"""Modules outside ``demo/`` that use chance, and what for. None of them makes data that is shown as measured."""
CHANCE = {"default_rng", "RandomState", "manual_seed", "randperm", "rand", "randn", "randint", "SystemRandom", "Random"}
INVENTED = re.compile(r"mock|fake|dummy|faker|lorem|fixture|sample_data|example_data", re.IGNORECASE)
SPIES = re.compile(r"sentry|posthog|amplitude|mixpanel|segment_analytics|opentelemetry|statsd|datadog|bugsnag|rollbar")
HOSTS_ALLOWED = {
    "127.0.0.1": "the clinic's own machine",
    "server.example": "an example in a field",
    "generativelanguage.googleapis.com": "the model provider, by choice and with consent",
    "cognito-idp.": "the identity service of an account",
    "www.apple.com": "a name in files of exports, never called",
}


@cache
def trees() -> dict[str, ast.Module]:
    return {
        path.relative_to(PACKAGE).as_posix(): ast.parse(path.read_text("utf-8"))
        for path in sorted(PACKAGE.rglob("*.py"))
    }


@dataclass
class Facts:
    """What is asked of a module, gathered in one walk."""

    words: set[str] = field(default_factory=set)
    """Names of variables, attributes, arguments, functions and classes."""
    attributes: set[str] = field(default_factory=set)
    calls: set[str] = field(default_factory=set)
    """Names of methods that are called."""
    texts: set[str] = field(default_factory=set)
    imports: set[str] = field(default_factory=set)
    uses_chance: bool = False


def facts_of(tree: ast.Module) -> Facts:
    found = Facts()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.imports |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.imports.add(node.module or "")
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.texts.add(node.value)
        elif isinstance(node, ast.Name | ast.Attribute | ast.FunctionDef | ast.ClassDef | ast.arg):
            found.words.add(name_of(node))
            if isinstance(node, ast.Attribute):
                found.attributes.add(node.attr)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            found.calls.add(node.func.attr)
    found.uses_chance = bool(found.imports & {"random", "faker"} or found.calls & CHANCE)
    return found


@cache
def modules() -> dict[str, Facts]:
    return {name: facts_of(tree) for name, tree in trees().items()}


def released() -> Iterator[tuple[str, Facts]]:
    return ((name, facts) for name, facts in modules().items() if not name.startswith("demo/"))


def name_of(node: ast.AST) -> str:
    for attribute in ("id", "attr", "name", "arg"):
        found = getattr(node, attribute, None)
        if isinstance(found, str):
            return found
    return ""


@pytest.mark.slow
def test_l69_chance_is_used_where_the_list_says_and_nowhere_else() -> None:
    assert {name for name, facts in released() if facts.uses_chance} == set(CHANCE_ALLOWED)
    assert facts_of(ast.parse("import random")).uses_chance
    assert facts_of(ast.parse("x = np.random.default_rng(0)")).uses_chance


def test_l69_no_name_tells_of_invented_data() -> None:
    assert [f"{name}: {word}" for name, facts in released() for word in facts.words if INVENTED.search(word)] == []


def test_l69_the_demo_is_reached_by_the_demo_alone() -> None:
    """Who imports simulated people: the command and the button that say so, and their worker."""
    importers = {
        name for name, facts in released() if any(one.startswith("clarity_desktop.demo") for one in facts.imports)
    }
    assert importers == {"app/services.py"}


def calls_of(method: str) -> set[str]:
    return {name for name, facts in modules().items() if method in facts.calls}


BESIDE_THE_OUTBOX = {
    "app/sync_erased.py": "tells that somebody was erased: there is no patient left to queue it under, so it waits in "
    "the outbox's own memory, and has the same id at each try",
}


def test_l35_every_write_of_data_goes_through_the_one_outbox() -> None:
    senders = calls_of("upload_metrics") | calls_of("delete_upload")
    assert "cloud/sync/engine.py" in senders
    assert {name for name in senders if not name.startswith("cloud/sync/")} <= set(BESIDE_THE_OUTBOX), senders
    # A table that could be another queue: it says for which account something waits, and in which state.
    queues = {
        table.name for table in schema.metadata.tables.values() if {"account", "state"} <= set(table.columns.keys())
    }
    assert queues == {"outbox"}


def test_l44_there_is_nothing_that_could_send_telemetry() -> None:
    assert [name for name, facts in modules().items() if any(SPIES.search(one) for one in facts.imports)] == []
    # Addresses in rooms that speak to servers.
    hosts = {
        host
        for name, facts in modules().items()
        if name.startswith(("cloud/", "insights/providers/"))
        for text in facts.texts
        for host in re.findall(r"https?://([A-Za-z0-9.-]+)", text)
        if "." in host
    }
    assert {host for host in hosts if not any(host.startswith(one) for one in HOSTS_ALLOWED)} == set()
    # Who listens to the client's hooks: the counts of this machine, and the look at the server's contract.
    hooks = {"on_request", "on_response", "on_error"}
    listeners = {name for name, facts in modules().items() if facts.attributes & hooks}
    assert listeners == {"app/cloud_calls.py", "app/cloud_sessions.py", "cloud/client/client.py"}


def test_l55_every_flag_has_an_owner_and_a_day_that_has_not_passed() -> None:
    assert FLAGS
    rooms = {path.name for path in PACKAGE.iterdir() if path.is_dir()}
    for flag in FLAGS:
        assert flag.owner in rooms, flag.name
        assert flag.help.endswith(".")
    assert expired(FLAGS, date.today()) == []
    old = Flag("x.y", "X", "X.", False, "cloud", date.today() - timedelta(days=1))
    assert expired((*FLAGS, old), date.today()) == [old]


def test_l57_no_flag_lets_anything_leave() -> None:
    """Sending asks the switch of the admin, and no flag stands in for it."""
    for name in ("_require_sending",):
        source = ast.unparse(next(node for node in ast.walk(trees()["app/cloud_servers.py"]) if name_of(node) == name))
        assert "external.sending" in source
        assert "flag" not in source
    assert Services.switch_flag_off_everywhere.__doc__ is not None


NO_CALLER: dict[str, str] = {
    "pat_result": "analyses come back in the answer itself at the observed server (D20)",
}
"""Methods of the api that nothing calls yet, and why they are kept."""


def test_l72_each_client_method_has_a_caller() -> None:
    idle = set()
    for name, tree in trees().items():
        if not name.startswith("cloud/api/"):
            continue
        for node in tree.body:
            if not (isinstance(node, ast.ClassDef) and node.name.endswith("Api")):
                continue
            for method in node.body:
                if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef) and not method.name.startswith("_"):
                    used = {one for one, facts in modules().items() if method.name in facts.attributes and one != name}
                    if not used and method.name not in modules()[name].calls:
                        idle.add(method.name)
    assert idle <= set(NO_CALLER), idle - set(NO_CALLER)


LEDGER = """
U POST /auth/register · U POST /auth/login · U POST /auth/logout · U POST /auth/refresh
U GET /auth/me · U PUT /auth/me · U POST /auth/confirm-email · U POST /auth/resend-confirmation
U POST /auth/forgot-password · U POST /auth/reset-password · U GET /auth/health
U POST /health-data/upload · U GET /health-data/processing/{} · U GET /health-data · U DELETE /health-data/{}
U GET /health-data/health · U POST /pat/analyze-step-data · U POST /pat/analyze · U GET /pat/analysis/{}
U GET /pat/models/info · U GET /pat/health · U POST /insights/generate · U GET /insights/{}
U GET /insights/history/{} · U GET /insights/status · N POST /healthkit/upload · N GET /healthkit/upload-status/{}
N GET /metrics/health · N GET /metrics/system · U GET /metrics/user/{} · U WS /ws/chat/{}
U WS /ws/health-analysis/{} · N GET /ws/chat/stats · N GET /ws/chat/users/{} · N GET /test/hello · N POST /test/echo
N GET /test/protected · N GET /test/error · N GET /debug/config · N GET /debug/auth-info · N GET /debug/health
"""
"""The ledger of the requirements for the audited server, by its routes."""


def test_l73_the_profile_is_the_ledger() -> None:
    wanted = {tuple(one.split()) for one in re.split(r"[·\n]", LEDGER) if one.strip()}
    assert len(wanted) == 41
    held = {
        ("U" if one.is_used else "N", one.method, normal_path(one.path))
        for one in profile("audit").endpoints
        if one.path.startswith("/api/v1/")
    }
    assert held == wanted


def test_l73_a_route_that_is_not_in_the_ledger_is_told() -> None:
    for name in ("served", "published"):
        document = json.loads(asset(f"resources/cloud/openapi/{name}.json").read_text("utf-8"))
        assert [one for one in compare_contract(document).differences if "not known" in one] == [], name
        more = {**document, "paths": {**document["paths"], "/api/v1/pat/surprise": {"post": {}}}}
        assert any("POST /pat/surprise is served and not known" in one for one in compare_contract(more).differences)


def test_l75_routes_for_developers_are_called_behind_the_flag_alone() -> None:
    """No route that echoes, captures, purges or shows settings has a caller; the others only behind the flag."""
    dangerous = {
        one.capability
        for name in PROFILE_NAMES
        for one in profile(name).endpoints
        if one.path.startswith(("/api/v1/test/", "/api/v1/debug/"))
    }
    assert not any(
        one.is_used for name in PROFILE_NAMES for one in profile(name).endpoints if one.capability in dangerous
    )
    assert set(TEST_ROUTES) <= dangerous
    for capability in dangerous:
        callers = {name for name, facts in modules().items() if capability in facts.texts}
        assert callers == ({"cloud/api/probing.py"} if capability in TEST_ROUTES else set()), capability
    assert calls_of("try_test_routes") == {"cli/commands/cloud.py", "ui/shell/tasks.py", "ui/shell/page_actions.py"}
    guarded = next(
        node
        for node in ast.walk(trees()["app/diagnostics.py"])
        if isinstance(node, ast.FunctionDef) and node.name == "try_test_routes"
    )
    assert "self._require_flag(DEVELOPER_ROUTES)" in ast.unparse(guarded)
