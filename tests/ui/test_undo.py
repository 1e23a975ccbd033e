"""Undo and redo by name, and what is forgotten."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from clarity_desktop.ui.undo import Step, UndoStack


class _Counter:
    """A number that steps change, so that any order of undo and redo can be checked against it."""

    def __init__(self) -> None:
        self.value = 0
        self.stack = UndoStack()

    def do(self, by: int) -> None:
        self._add(by)
        self.stack.push(Step(f"add {by}", lambda: self._add(-by), lambda: self._add(by)))

    def _add(self, by: int) -> None:
        self.value += by


@given(st.lists(st.one_of(st.integers(1, 9), st.sampled_from(["undo", "redo"])), max_size=40))
def test_u10_any_order_of_steps_agrees_with_a_list(moves: list[int | str]) -> None:
    counter, done, undone = _Counter(), [], []
    for move in moves:
        if move == "undo":
            name = counter.stack.undo()
            assert name == (f"add {done[-1]}" if done else "")
            if done:
                undone.append(done.pop())
        elif move == "redo":
            name = counter.stack.redo()
            assert name == (f"add {undone[-1]}" if undone else "")
            if undone:
                done.append(undone.pop())
        else:
            counter.do(int(move))
            done, undone = [*done, int(move)], []
        assert counter.value == sum(done)
        assert counter.stack.undo_name == (f"add {done[-1]}" if done else "")
        assert counter.stack.redo_name == (f"add {undone[-1]}" if undone else "")


def test_clearing_forgets_both_ways_and_only_the_latest_hundred_are_kept() -> None:
    counter = _Counter()
    for number in range(1, 151):
        counter.do(number)
    taken = 0
    while counter.stack.undo():
        taken += 1
    assert taken == 100
    counter.stack.clear()
    assert counter.stack.redo() == ""
