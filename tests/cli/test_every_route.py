"""Every route that is marked as used is exercised by a command, on a server of its profile (L-72)."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from clarity_desktop.cloud.contract import profile
from clarity_desktop.vault import Vault
from tests.cli.conftest import CommandLine
from tests.servers.replica import running_replica

PASSWORD = "Herons7-quiet"
EMAIL = "ada@clinic.example"
ELSEWHERE = {
    "refresh": "happens before the end of a token: tests/app/test_cloud.py",
    "insight_generate": "needs six values of one window, one by a head of the user's own: "
    "tests/app/test_insight_cloud.py",
    "pat_result": "asked only for an analysis that the server did not answer at once: tests/app/test_cloud_live.py",
    "root": "asked only where the first two signals of a profile are missing: tests/cloud/test_contract.py",
    "api_info": "asked only where a server serves no document: tests/cloud/test_contract.py",
    "ws_room": "a socket; counted apart below",
    "ws_analysis": "a socket beside an analysis: tests/app/test_cloud_live.py",
    "insight_get": "marked as unused at this server",
}
"""Used capabilities that no command below reaches, and which test does."""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["openapi", "audit"])
def test_l72_each_used_route_is_exercised_by_a_command(
    name: str, in_vault: CommandLine, vault_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "counts.csv"
    lines = ["timestamp,steps,counts"]
    for minute in range(9 * 1440):
        day, rest = divmod(minute, 1440)
        counts = (minute % 13 == 0) * 9 if rest < 420 else 120 + (minute * 7919) % 211
        lines.append(f"2024-05-{6 + day:02d}T{rest // 60:02d}:{rest % 60:02d}:00+02:00,{counts // 9},{counts}")
    table.write_text("\n".join(lines) + "\n", "utf-8")
    with Vault.open_with_keychain(vault_folder) as vault:
        vault.rules.set("external.sending", 1)

    def call(*arguments: object, stdin: str = "", code: int | None = 0) -> Any:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        answer = in_vault(*arguments)
        assert code is None or answer.code == code, (arguments, answer.out, answer.err)
        return answer.document

    with running_replica(tmp_path / "replica.db", profile=name) as replica:
        host = urlsplit(replica.url).netloc
        call("cloud", "check", replica.url)
        call("cloud", "server", replica.url, "--login", "server")
        call("cloud", "register", replica.url, "--email", EMAIL, stdin=f"{PASSWORD}\n")
        call("cloud", "confirm", replica.url, "--email", EMAIL, stdin="123456\n")
        call("cloud", "confirm", replica.url, "--email", EMAIL, "--again")
        call("cloud", "reset", replica.url, "--email", EMAIL)
        call("cloud", "reset", replica.url, "--email", EMAIL, "--with-code", stdin=f"654321\n{PASSWORD}\n")
        call("cloud", "sign-in", replica.url, "--email", EMAIL, stdin=f"{PASSWORD}\n")
        call("diag", "--probe")
        call("cloud", "probe")
        user = call("cloud", "me")["user_id"]
        call("cloud", "me", "--name", "Ada at work")
        call("cloud", "me", "--counts", code=None)
        call("cloud", "pat")
        call("import", table, "--new", "Ada", "--zone", "Europe/Berlin")
        for purpose in (f"sync:{host}", f"steps:{host}", f"activity:{host}"):
            call(
                "consent", "give", "Ada", "--purpose", purpose, "--text-version", "1", "--language", "en",
                "--given-by", "Ada",
            )  # fmt: skip
        for signal in ("steps", "activity_counts"):
            call("cloud", "pat", "--patient", "Ada", "--week", "2024-05-06", "--signal", signal)
        call("sync", "direction", "upload")
        call("sync", "switch", "on", "--patient", "Ada")
        call("sync", "run")
        call("sync", "run")
        uploads = replica.state.uploads(user)
        assert uploads
        call("cloud", "uploads")
        call("cloud", "uploads", uploads[0]["processing_id"])
        text = replica.state.keep_insight(
            user,
            {"narrative": "Rested.", "generated_at": "", "confidence_score": 0, "key_insights": [],
             "recommendations": []},
        )  # fmt: skip
        call("cloud", "insights")
        call("cloud", "insights", text, code=None)
        call("cloud", "insights", "--status", code=None)
        call("cloud", "live", "--agree", stdin="Hello\n", code=None)
        removed = call("sync", "remove", "--patient", "Ada", code=None)
        if not removed["ok"]:
            call("sync", "remove", "--patient", "Ada", "--count", removed["error"]["detail"])
        call("cloud", "sign-out")
        reached = {capability for capability, count in replica.state.calls.items() if count}
        wanted = {one.capability for one in profile(name).endpoints if one.is_used}
        assert wanted - reached - set(ELSEWHERE) == set()
        assert replica.state.calls["WS"] > 0
