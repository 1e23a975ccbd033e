"""``pat``: the contract's fields, the goldens through ``embed --out``, refusals, weeks of a person."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from clarity_desktop.vault import KdfParameters, Vault
from tests.cli.conftest import PASSPHRASE, CommandLine

DATA = Path(__file__).resolve().parent.parent / "data" / "pat"
GATES = {"tokens": 5e-4, "pooled": 5e-5, "attention": 2e-6}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.mark.parametrize(
    "size", ["S", pytest.param("M", marks=pytest.mark.slow), pytest.param("L", marks=pytest.mark.slow)]
)
def test_sample_windows_come_out_within_the_gates(clarity: CommandLine, home: Path, tmp_path: Path, size: str) -> None:
    golden, out = DATA / f"golden_{size}.npz", tmp_path / "out.npz"
    weights = DATA / f"pat_{size}_random.h5"
    answer = clarity(
        "--home", home, "--json", "pat", "embed", golden, "--weights", weights, "--size", size.lower(), "--out", out
    )
    assert answer.code == 0, answer.out
    document = answer.document
    assert document["pooled_shape"] == [5, 96]
    assert [set(row) >= {"start", "coverage", "ok", "reason"} for row in document["windows"]] == [True] * 5
    assert document["model"]["sha256"] == hashlib.sha256(weights.read_bytes()).hexdigest()
    assert document["model"]["clinical"] is False
    assert "Random test weights" in document["notice"]
    truth = np.load(golden)
    with np.load(out) as made:
        tokens = made["tokens"][:, truth["token_index"]]
        assert np.abs(tokens - truth["tokens"]).max() <= GATES["tokens"]
        assert np.abs(made["pooled"] - truth["pooled"]).max() <= GATES["pooled"]
        assert np.abs(made["attention"] - truth["attention"]).max() <= GATES["attention"]
        assert "Random test weights" in str(made["notice"])


@pytest.mark.slow
def test_models_verify_and_install(clarity: CommandLine, home: Path) -> None:
    listed = clarity("--home", home, "--json", "pat", "models").document["models"]
    assert all({"id", "size", "origin", "verified", "sha256", "clinical"} <= set(one) for one in listed)
    assert all(one["clinical"] is False for one in listed)
    assert [one["verified"] for one in listed if one["origin"] == "bundled"] == [True]
    installed = clarity("--home", home, "--json", "pat", "install", DATA / "pat_S_random.h5").document["models"][0]
    assert (installed["id"], installed["origin"], installed["verified"]) == ("pat-s-249d43de", "installed", True)
    assert clarity("--home", home, "pat", "verify", "pat-s-249d43de").code == 0
    assert clarity("--home", home, "pat", "verify", "nobody").code == 5
    checks = {one["name"]: one for one in clarity("--home", home, "--json", "doctor").document["checks"]}
    assert checks["pat"]["ok"]
    assert "pat-s-249d43de (installed, verified)" in checks["model_files"]["detail"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("install", DATA / "malformed" / "nan_weight.h5"), 3, "NaN"),
        (("install", DATA / "malformed" / "ok_pattern_S.h5", "--size", "m"), 3, "PAT-M"),
        (("embed", DATA / "golden_S.npz", "--weights", DATA / "malformed" / "external_link.h5"), 3, "link"),
        (("embed", DATA / "golden_S.npz", "--weights", DATA / "pat_S_random.h5", "--size", "l"), 3, "PAT-L"),
        (("embed", DATA / "golden_S.npz", "--weights", "nobody"), 5, "nobody"),
        (("embed", DATA / "golden_S.npz", "--size", "x"), 2, "size"),
        (("embed",), 2, "input"),
    ],
)
def test_what_is_refused_is_named(
    clarity: CommandLine, home: Path, arguments: tuple[object, ...], code: int, words: str
) -> None:
    answer = clarity("--home", home, "--json", "pat", *arguments)
    assert answer.code == code
    assert words.lower() in (answer.document["error"]["message"] + answer.document["error"]["code"]).lower()


@pytest.mark.parametrize(
    "windows", [np.zeros((2, 100), np.float32), np.zeros((2, 10_080), np.int64), np.full((1, 10_080), np.nan, "f4")]
)
def test_windows_of_another_kind_are_refused(
    clarity: CommandLine, home: Path, tmp_path: Path, windows: np.ndarray
) -> None:
    path = tmp_path / "windows.npz"
    np.savez(path, windows=windows)
    weights = DATA / "pat_S_random.h5"
    assert clarity("--home", home, "--json", "pat", "embed", path, "--weights", weights).code in (2, 3)
    np.savez(path, other=windows)
    assert clarity("--home", home, "--json", "pat", "embed", path, "--weights", weights).code == 3
    path.write_bytes(b"PK no archive")
    assert clarity("--home", home, "--json", "pat", "embed", path, "--weights", weights).code == 3


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Nine days of counts a minute; two stretches were not recorded."""
    path = tmp_path / "counts.csv"
    with path.open("w", encoding="utf-8") as stream:
        stream.write("timestamp,counts\n")
        for minute in range(9 * 1440):
            if 3000 <= minute < 3300 or 10_000 <= minute < 11_500:
                continue
            day, rest = divmod(minute, 1440)
            counts = (minute % 13 == 0) * 9 if rest < 420 else 120 + (minute * 7919) % 211
            stream.write(f"2024-05-{6 + day:02d}T{rest // 60:02d}:{rest % 60:02d}:00+02:00,{counts}\n")
    return path


def test_a_recording_outside_the_vault_is_embedded(
    clarity: CommandLine, home: Path, tmp_path: Path, table: Path
) -> None:
    out = tmp_path / "weeks.npz"
    answer = clarity("--home", home, "--json", "pat", "embed", table, "--zone", "Europe/Berlin", "--out", out)
    assert answer.code == 0, answer.out
    document = answer.document
    rows = document["windows"]
    assert [row["start"] for row in rows] == [f"2024-05-0{day}T00:00:00+02:00" for day in (6, 7, 8)]
    assert [row["ok"] for row in rows] == [True, False, False]
    first = rows[0]
    assert first["worn_min"] + first["not_worn_min"] + first["no_sample_min"] == 10_080
    assert first["filled_own_median_min"] + first["filled_average_min"] == 10_080 - first["worn_min"] > 0
    assert first["sensitivity"] > 0
    assert "90" in rows[1]["reason"]
    assert "simulated" in document["notice"]
    assert document["signal"] == "activity_counts"
    with np.load(out) as made:
        assert made["pooled"].shape == (1, 96)
        assert made["tokens"].shape == (1, 560, 96)
        assert made["start"].tolist() == ["2024-05-06T00:00:00+02:00"]


@pytest.mark.slow
def test_weeks_similar_and_trajectory_of_a_person(
    clarity: CommandLine, home: Path, tmp_path: Path, table: Path, passphrase_file: Path
) -> None:
    Vault.create(home / "vault", PASSPHRASE, kdf=KdfParameters.floor()).close()
    base = ("--home", home, "--passphrase-file", passphrase_file, "--json")
    imported = clarity(*base, "import", table, "--new", "Somebody", "--zone", "Europe/Berlin")
    assert imported.code == 0, imported.out
    weeks = clarity(*base, "pat", "weeks", "--patient", "Somebody").document
    assert weeks["gate"] == 0.9
    assert [row["ok"] for row in weeks["windows"]] == [True, False, False]
    strict = clarity(*base, "pat", "weeks", "--patient", "Somebody", "--strict").document
    assert not any(row["ok"] for row in strict["windows"])
    near = clarity(*base, "pat", "similar", "--patient", "Somebody", "--day", "2024-05-06").document
    assert near["similar"] == []
    assert near["model"]["clinical"] is False
    few = clarity(*base, "pat", "trajectory", "--patient", "Somebody")
    assert few.code == 2
    assert few.document["error"]["code"] == "pat.few_weeks"
    labels = tmp_path / "labels.csv"
    labels.write_text("person,label\nSomebody,yes\n", encoding="utf-8")
    trained = clarity(*base, "pat", "finetune", "--label", "shift", "--labels", labels)
    assert trained.code == 2
    assert trained.document["error"]["code"] == "pat.few_people"
    assert clarity(*base, "pat", "evaluate").document["metrics"] == []
    assert clarity(*base, "pat", "evaluate", "nobody").code == 5
    few = clarity(*base, "pat", "pretrain", "--minutes", "0.01")
    assert few.code == 2
    assert "1 of 20 people" in few.document["error"]["message"]
