"""PAT over a vault: the cache, cancel, likeness across people, labels and heads, erasure and the export."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from clarity_desktop.app import Services, open_services
from clarity_desktop.app.pat import export_text
from clarity_desktop.demo.build import add_simulated_person, import_recording
from clarity_desktop.demo.people import DEMO_DAYS, DEMO_SEED, PEOPLE
from clarity_desktop.demo.signals import simulate
from clarity_desktop.domain.errors import CancelledError, ClarityError, NotFoundError, UsageError
from clarity_desktop.domain.pat import Fill, WeekSignal
from clarity_desktop.domain.pat_results import NormalisationChoice, PatRequest
from clarity_desktop.domain.work import CancelToken
from clarity_desktop.vault import KdfParameters, Vault

DATA = Path(__file__).resolve().parent.parent / "data" / "pat"
OWN = PatRequest(normalisation=NormalisationChoice.OWN)


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Services, list[str]]]:
    """Services over a vault of three simulated people: two with counts, one with steps and a watch that is charged."""
    home = tmp_path_factory.mktemp("pat")
    with Vault.create(home / "vault", "seven quiet herons", kdf=KdfParameters.for_tests()) as vault:
        ids = []
        for person in (PEOPLE[0], PEOPLE[1], PEOPLE[3]):
            patient = add_simulated_person(vault, person)
            import_recording(vault, patient, simulate(person, DEMO_SEED, DEMO_DAYS), home / "files")
            ids.append(patient.id)
        key = vault.job_key()
    services = open_services(home)
    services.unlock_with_key(key)
    yield services, ids
    services.close()


def test_embeddings_come_from_the_cache_when_nothing_changed(people: tuple[Services, list[str]]) -> None:
    services, (one, *_) = people
    first = services.pat_embed(one)
    again = services.pat_embed(one)
    assert first.computed + again.computed == len(first.embeddings) == 22
    assert again.computed == 0
    assert again.recipe == first.recipe
    assert first.checkpoint.simulated
    assert not first.approximate
    for a, b in zip(first.embeddings, again.embeddings, strict=True):
        assert np.array_equal(a.pooled, b.pooled)
        assert np.array_equal(a.attention, b.attention)
        assert a.attention.sum() == pytest.approx(1, abs=1e-5)
        assert (a.sensitivity, a.neighbour_distance) == (b.sensitivity, b.neighbour_distance)
    other = services.pat_embed(one, replace(PatRequest(), fill=Fill.AVERAGE))
    assert other.recipe.key != first.recipe.key
    entries = [entry.action for entry in services.vault.audit.entries(limit=200)]
    assert "pat.embed" in entries


def test_u53_i25_gaps_are_counted_filled_and_their_weight_measured(people: tuple[Services, list[str]]) -> None:
    services, (_, _, steps) = people
    result = services.pat_embed(steps)
    assert result.recipe.signal is WeekSignal.STEPS
    assert result.approximate
    assert "steps" in result.recipe.signal.words
    assert "not counts" in result.recipe.signal.words
    by_day = {one.day: one for one in result.weeks}
    assert any(not one.ok for one in result.weeks)
    for one in result.embeddings:
        assert by_day[one.day].ok
        assert one.own_median_filled + one.average_filled == one.minutes.to_fill
        assert (one.sensitivity > 0) == (one.minutes.to_fill > 0)
        if one.neighbour_distance is not None:
            assert one.unreliable == (one.sensitivity > one.neighbour_distance)
    strict = services.pat_embed(steps, replace(PatRequest(), gate=1.0))
    assert len(strict.embeddings) < len(result.embeddings)
    assert services.pat_embed(steps).computed == 0
    with pytest.raises(UsageError, match="cohort statistics are of activity counts"):
        services.pat_embed(steps, PatRequest(normalisation=NormalisationChoice.COHORT))
    with pytest.raises(NotFoundError):
        services.pat_embed(steps, PatRequest(signal=WeekSignal.COUNTS))


def test_work_stops_between_batches_and_keeps_what_was_done(people: tuple[Services, list[str]]) -> None:
    services, (_, two, _) = people
    token = CancelToken()
    with pytest.raises(CancelledError):
        services.pat_embed(two, OWN, progress=lambda progress: token.cancel(), cancel=token)
    assert services.pat_embed(two, OWN).embeddings
    again = CancelToken()
    with pytest.raises(CancelledError):
        services.pat_embed(two, OWN, progress=lambda progress: again.cancel(), cancel=again)
    assert services.pat_embed(two, OWN).computed == 0, "what was kept before is not lost by stopping"


def test_likeness_is_within_a_recipe_and_never_of_days_that_are_shared(people: tuple[Services, list[str]]) -> None:
    services, (one, two, steps) = people
    result = services.pat_embed(one)
    services.pat_embed(two)
    services.pat_embed(steps)
    day = result.embeddings[-1].day
    own = services.pat_similar(one, day, result)
    assert all(abs(week.day - day) >= 7 for week in own)
    everyone = services.pat_similar(one, day, result, everyone=True, count=10)
    assert {week.patient_id for week in everyone} == {one, two}
    assert [week.distance for week in everyone] == sorted(week.distance for week in everyone)
    view = services.pat_trajectory(one, result)
    assert view.places.shape == (22, 2)
    assert view.baseline_weeks == 22


@pytest.mark.slow
def test_profiles_of_a_week(people: tuple[Services, list[str]]) -> None:
    services, (one, *_) = people
    result = services.pat_embed(one)
    week = result.embeddings[3]
    detail = services.pat_week(one, week.day, None, result)
    assert detail.embedding is not None
    assert detail.values.shape == (10_080,)
    assert detail.cosine_to_first is not None
    occlusion = services.pat_occlusion(one, week.day)
    assert occlusion.distance.shape == (168,)
    assert (occlusion.distance >= 0).all()
    unusual = services.pat_unusual_hours(one, week.day)
    assert unusual.residual.shape == (168,)
    with pytest.raises(NotFoundError):
        services.pat_week(one, week.day + 1000)


def test_r53_what_leaves_says_what_it_is(people: tuple[Services, list[str]], tmp_path: Path) -> None:
    services, (one, *_) = people
    result = services.pat_embed(one)
    text = export_text(result)
    head = "\n".join(line[2:] for line in text.splitlines() if line.startswith("#"))
    said = json.loads(head)
    assert "Trained on simulated data, not clinical." in said["notice"]
    assert said["model"]["clinical"] is False
    assert said["weights_sha256"] == result.checkpoint.stored_sha256
    rows = [line for line in text.splitlines() if not line.startswith("#")]
    assert len(rows) == 23
    assert rows[0].endswith(",e95")
    services.pat_export(one, result, tmp_path / "weeks.csv")
    assert (tmp_path / "weeks.csv").read_text(encoding="utf-8").startswith("# {")


def test_labels_come_whole_or_not_at_all(people: tuple[Services, list[str]], tmp_path: Path) -> None:
    services, (first, second, _) = people
    codes = [services.patient(one).code for one in (first, second)]
    path = tmp_path / "labels.csv"
    path.write_text(f"person,label\n{codes[0]},yes\nnobody,no\n", encoding="utf-8")
    with pytest.raises(NotFoundError, match="1 of 2 people"):
        services.pat_import_labels(path, "shift")
    assert services.pat_labels() == {}
    path.write_text(f"person,label\n{codes[0]},yes\n{codes[1]},maybe\n", encoding="utf-8")
    with pytest.raises(ClarityError, match="Row 3"):
        services.pat_import_labels(path, "shift")
    path.write_text("person,label,from,to\n" + f"{codes[0]},1,2025-03-01,\n{codes[1]},no,,\n", encoding="utf-8")
    assert services.pat_import_labels(path, "shift") == 2
    assert services.pat_labels() == {"shift": (1, 1)}
    with pytest.raises(UsageError, match="Insufficient: 2 of 40"):
        services.pat_train_head("shift", OWN)
    assert services.pat_heads() == ()
    assert services.pat_remove_labels("shift") == 2


def test_v67_the_full_export_holds_labels_and_embeddings(people: tuple[Services, list[str]], tmp_path: Path) -> None:
    services, (one, *_) = people
    services.pat_embed(one)
    code = services.patient(one).code
    path = tmp_path / "labels.csv"
    path.write_text(f"person,label\n{code},yes\n", encoding="utf-8")
    services.pat_import_labels(path, "night work")
    from clarity_desktop.reports.disclosure.export import write_personal_export

    write_personal_export(tmp_path / "all.zip", services.vault, one, None, generated=0)
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        labels = json.loads(archive.read("pat_labels.json"))
        weeks = archive.read("pat_embeddings.csv").decode().splitlines()
    assert labels == [{"name": "night work", "has": True, "from": None, "to": None}]
    assert len(weeks) > 22
    services.pat_remove_labels("night work")


@pytest.mark.slow
def test_a_head_on_many_people_is_kept_scored_and_outlives_nobody_in_silence(tmp_path: Path) -> None:
    """Embeddings with a planted difference go through the vault's own cache; the head is trained on them."""
    from clarity_desktop.analysis.weeks.codec import encode_week
    from clarity_desktop.analysis.weeks.heads import evaluate_head, head_views, train_on_labels
    from clarity_desktop.domain.pat import Recipe, WeekEmbedding, WeekMinutes
    from clarity_desktop.vault.tables.pat import StoredLabel

    recipe = Recipe("w" * 64, "PAT-S", WeekSignal.COUNTS, "test/v1", Fill.OWN_MEDIAN)
    random = np.random.default_rng(0)
    with Vault.create(tmp_path / "vault", "seven quiet herons", kdf=KdfParameters.for_tests()) as vault:
        ids, labels = [], []
        for number in range(75):
            patient = vault.patients.add(f"Person {number}")
            positive = number % 2 == 0
            pooled = random.normal(size=96).astype(np.float32)
            pooled[:6] += 1.6 * positive
            week = WeekEmbedding(
                0, 100, WeekMinutes(10_080, 0, 0, 0), 0, 0, (), pooled, np.full(560, 1 / 560, "f4"), 0.0
            )
            vault.pat.keep_embeddings(patient.id, recipe.key, {f"{number}": encode_week(week, recipe)}, {f"{number}"})
            ids.append(patient.id)
            labels.append(StoredLabel(patient.id, "night work", positive, None, None))
        vault.pat.set_labels(labels[:60])
        view = train_on_labels(vault, "night work", recipe, gate=0.9, visible=ids)
        assert view.usable
        assert view.report["people"] == view.people_now == 60
        with pytest.raises(UsageError, match="0 of 10 people"):
            evaluate_head(vault, view.id, "night work", gate=0.9, visible=ids)
        vault.pat.set_labels(labels[60:])
        new = evaluate_head(vault, view.id, "night work", gate=0.9, visible=ids)
        assert new["people"] == 15
        assert new["auc"]["value"] > 0.7
        vault.pat.set_labels([replace(labels[0], name="other")])
        with pytest.raises(UsageError, match="1 of 40"):
            train_on_labels(vault, "other", recipe, gate=0.9, visible=ids)
        stored = vault.pat.head(view.id)
        assert "night work" in json.dumps(stored.document, ensure_ascii=False)
        # The label's name is sealed in its own table.
        raw = (tmp_path / "vault").rglob("*")
        assert all(b"night work" not in path.read_bytes() for path in raw if path.is_file())
        from clarity_desktop.vault.erasure.rows import delete_patient

        with vault._store.writing("test.erase", ids[0]) as write:
            gone = delete_patient(write.connection, ids[0])
        assert {"pat_embeddings", "pat_labels", "pat_head_people"} <= set(gone)
        assert "1 of the 60 people" in head_views(vault)[0].notice


def test_a_score_exists_only_for_a_usable_head_of_the_same_recipe(people: tuple[Services, list[str]]) -> None:
    from clarity_desktop.pat.heads.fit import Platt, fit_head

    services, (one, two, _) = people
    result = services.pat_embed(one)
    x = np.random.default_rng(0).normal(size=(40, 96))
    head = fit_head("linear", x, x[:, 0] > 0)
    platt = Platt(1.0, 0.0)
    report = {"usable": True, "verdict": "", "people": 0, "kind": "linear"}
    document = {
        "label": "test",
        "recipe": result.recipe.as_document(),
        "gate": 0.9,
        "head": head.as_document(),
        "platt": [platt.slope, platt.intercept],
        "report": report,
    }
    table = services.vault.pat
    table.add_head("good", result.recipe.key, document, [two])
    table.add_head("known", result.recipe.key, document, [one])
    table.add_head("unlike", "another", document, [two])
    table.add_head("chance", result.recipe.key, {**document, "report": {**report, "usable": False}}, [two])
    mean = np.mean([week.pooled.astype(np.float64) for week in result.embeddings], axis=0)[None]
    assert services.pat_score(one, "good", result) == pytest.approx(platt.probability(head.logit(mean))[0])
    with pytest.raises(UsageError):
        services.pat_score(one, "unlike", result)
    with pytest.raises(ClarityError) as caught:
        services.pat_score(one, "chance", result)
    assert caught.value.code == "pat.head_not_usable"
    with pytest.raises(ClarityError, match="among those the head was trained on"):
        services.pat_score(one, "known", result)
    for name in ("good", "known", "unlike", "chance"):
        services.pat_remove_head(name)
    with pytest.raises(NotFoundError):
        services.pat_score(one, "good", result)


def test_without_the_parts_weeks_are_listed_and_models_say_what_is_missing(
    people: tuple[Services, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    import importlib.util

    services, (one, *_) = people
    real = importlib.util.find_spec
    monkeypatch.setattr(
        "clarity_desktop.app.pat_models.importlib.util.find_spec",
        lambda name, *rest: None if name == "torch" else real(name, *rest),
    )
    assert services.pat_machine().missing == ("torch",)
    weeks, _ = services.pat_weeks(one)
    assert len(weeks) == 22
    with pytest.raises(NotFoundError, match="torch"):
        services.pat_models()
