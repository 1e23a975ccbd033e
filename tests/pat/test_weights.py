"""The strict import: every malformed file is refused by name, both packagings are read, and what is kept is whole."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clarity_desktop.domain.errors import ClarityError, InputError, IntegrityError, NotFoundError
from clarity_desktop.pat.sizes import SIZES
from clarity_desktop.pat.weights import load_state, read_published, save_state

DATA = Path(__file__).resolve().parent.parent / "data" / "pat"
ROWS = json.loads((DATA / "malformed" / "malformed.json").read_text())
NAMED = {
    "missing_dataset.h5": "key/bias:0” is missing",
    "missing_patch_embedding.h5": "“dense/dense/kernel:0” is missing",
    "wrong_shape_axes_swapped.h5": "(6, 96, 96) in place of (96, 6, 96)",
    "wrong_shape_patch9.h5": "(9, 96) in place of (18, 96)",
    "extra_layer.h5": "“encoder_layer_2_transformer",
    "nan_weight.h5": "is NaN",
    "inf_weight.h5": "is infinity",
    "wrong_dtype_string.h5": "not floating-point numbers",
    "conv_variant.h5": "convolutional variant",
    "external_link.h5": "is a link to another place",
    "declared_huge.h5": "(2000000, 96000) in place of (18, 96)",
    "group_instead_of_dataset.h5": "is a group where a dataset belongs",
    "not_hdf5.h5": "is not an HDF5 file",
    "empty.h5": "is empty",
    "truncated.h5": "cut short or damaged",
    "keras3_names.h5": "“dense/dense/kernel:0” is missing",
    "ok_pattern_S.h5": "The file holds PAT-S",
}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['file']}-{row['offer_as']}")
def test_r75_each_malformed_file_is_refused_by_name(row: dict[str, str]) -> None:
    path, size = DATA / "malformed" / row["file"], SIZES[row["offer_as"].lower()]
    if row["expect"] == "accept":
        assert read_published(path, expected=size).size == size
    elif row["file"] == "full_model_save.h5":
        truth = read_published(DATA / "malformed" / "ok_pattern_S.h5").state
        weights = read_published(path, expected=size)
        assert all(torch.equal(weights.state[key], tensor) for key, tensor in truth.items())
    else:
        with pytest.raises(InputError) as caught:
            read_published(path, expected=size)
        assert caught.value.exit_code == 3
        assert caught.value.remedy
        assert NAMED[row["file"]] in caught.value.message


def test_the_size_is_recognised_by_shapes_and_the_source_is_hashed(tmp_path: Path) -> None:
    for size in ("S", "M"):
        source = DATA / f"pat_{size}_random.h5"
        renamed = tmp_path / "PAT-L_29k_weights.h5"
        renamed.write_bytes(source.read_bytes())
        weights = read_published(renamed)
        assert weights.size == SIZES[size.lower()]
        assert weights.sha256 == hashlib.sha256(source.read_bytes()).hexdigest()
        assert sum(tensor.numel() for tensor in weights.state.values()) == weights.size.parameter_count


def test_a_whole_model_is_read_beneath_its_group_and_its_configuration_is_not(tmp_path: Path) -> None:
    path = tmp_path / "whole.h5"
    with h5py.File(DATA / "malformed" / "ok_pattern_S.h5") as plain, h5py.File(path, "w") as file:
        group = file.create_group("model_weights")
        for name in plain:
            plain.copy(name, group)
        file.attrs["model_config"] = "{'class_name': 'Lambda', 'config': 'os.system(1)'}"
    assert read_published(path).packaging == "whole model"
    with h5py.File(path, "a") as file:
        file["optimizer_weights/iteration"] = np.zeros(1, np.float32)
    with pytest.raises(InputError, match="Beside the model's weights the file holds “optimizer_weights/iteration”"):
        read_published(path)


def test_numbers_that_lie_in_another_file_are_not_read(tmp_path: Path) -> None:
    path, other = tmp_path / "weights.h5", tmp_path / "other.bin"
    other.write_bytes(bytes(4 * 96))
    path.write_bytes((DATA / "malformed" / "ok_pattern_S.h5").read_bytes())
    with h5py.File(path, "a") as file:
        del file["dense/dense/bias:0"]
        file.create_dataset("dense/dense/bias:0", (96,), np.float32, external=[(str(other), 0, h5py.h5f.UNLIMITED)])
    with pytest.raises(InputError, match="stored in another file"):
        read_published(path)


def test_the_convolutional_variant_is_read_only_when_it_is_asked_for() -> None:
    path = DATA / "malformed" / "conv_variant.h5"
    assert read_published(path, conv=True).size == SIZES["conv-s"]
    with pytest.raises(InputError, match="another model"):
        read_published(path)


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        read_published(tmp_path / "none.h5")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_damage_is_a_refusal_or_a_whole_reading(tmp_path: Path, data: st.DataObject) -> None:
    whole = bytearray((DATA / "malformed" / "ok_pattern_S.h5").read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.one_of(st.just(len(whole)), st.integers(0, len(whole))))
    path = tmp_path / "damaged.h5"
    path.write_bytes(bytes(whole[:cut]))
    try:
        weights = read_published(path)
    except ClarityError:
        return
    assert all(bool(tensor.isfinite().all()) for tensor in weights.state.values())
    assert sum(tensor.numel() for tensor in weights.state.values()) == weights.size.parameter_count


def test_a_checkpoint_comes_back_as_it_was_kept_and_not_otherwise(tmp_path: Path) -> None:
    weights = read_published(DATA / "pat_S_random.h5")
    path = tmp_path / "models" / "one.safetensors"
    sha256 = save_state(path, weights.state, {"size": "s"})
    again = load_state(path, weights.size, sha256=sha256)
    assert all(torch.equal(again[key], tensor) for key, tensor in weights.state.items())
    with pytest.raises(InputError, match=r"blocks\.1"):
        load_state(path, SIZES["m"])
    changed = bytearray(path.read_bytes())
    changed[-1] ^= 1
    path.write_bytes(bytes(changed))
    with pytest.raises(IntegrityError, match="not the file that was installed"):
        load_state(path, weights.size, sha256=sha256)
    path.write_bytes(b"no safetensors at all")
    with pytest.raises(InputError, match="not a safetensors file"):
        load_state(path, weights.size)
