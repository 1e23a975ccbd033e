"""Printed codes: strength, letters, check characters, typing back."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarity_desktop.domain.errors import InputError
from clarity_desktop.vault.keys.codes import ALPHABET, GROUPS, PendingCode, code_from_text, new_code


def test_v12_a_code_has_128_bits_and_no_letters_that_look_alike() -> None:
    assert math.log2(len(ALPHABET)) * 5 * GROUPS >= 128
    for alike in ("0OQ"[:2], "1IL", "2Z", "5S", "8B", "6G", "UV"):
        assert len(set(alike) & set(ALPHABET)) <= 1
    codes = {new_code() for _ in range(200)}
    assert len(codes) == 200
    assert all(code_from_text(code) == code for code in codes)


@given(at=st.integers(0, 35), letter=st.sampled_from(ALPHABET))
def test_v12_every_wrong_character_is_found_in_its_group(at: int, letter: str) -> None:
    letters = list(new_code().replace("-", ""))
    if letters[at] == letter:
        return
    letters[at] = letter
    with pytest.raises(InputError) as caught:
        code_from_text("".join(letters))
    assert caught.value.code == "code.group"
    assert f"Group {at // 6 + 1} " in caught.value.message


@given(data=st.data())
def test_v12_exchanged_characters_and_groups_are_found(data: st.DataObject) -> None:
    letters = list(new_code().replace("-", ""))
    group, first, second = (data.draw(st.integers(0, 5)) for _ in range(3))
    one, other = group * 6 + first, group * 6 + second
    if letters[one] != letters[other]:
        swapped = letters.copy()
        swapped[one], swapped[other] = letters[other], letters[one]
        with pytest.raises(InputError):
            code_from_text("".join(swapped))
    target = data.draw(st.integers(0, 5))
    if target != group:
        groups = ["".join(letters[at : at + 6]) for at in range(0, 36, 6)]
        groups[group], groups[target] = groups[target], groups[group]
        with pytest.raises(InputError):
            code_from_text("-".join(groups))


def test_case_spaces_and_dashes_do_not_matter() -> None:
    code = new_code()
    assert code_from_text(" " + code.lower().replace("-", "  ") + "\n") == code
    for typed in ("", code[:-1], code + "A", code.replace(code[0], "0")):
        with pytest.raises(InputError) as caught:
            code_from_text(typed)
        assert caught.value.code == "code.shape"


def test_v12_two_groups_are_asked_for() -> None:
    pending = PendingCode.new()
    groups = pending.text.split("-")
    assert pending.text not in repr(pending)
    first, second = pending.asked
    assert 1 <= first < second <= GROUPS
    pending.check({first: groups[first - 1].lower(), second: f" {groups[second - 1]} "})
    for answers in ({}, {first: groups[first - 1]}, {first: groups[second - 1], second: groups[first - 1]}):
        with pytest.raises(InputError):
            pending.check(answers)
