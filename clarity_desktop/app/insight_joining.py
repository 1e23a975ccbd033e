"""Questions to a model that are under way: an equal one joins the first instead of being sent twice (I-54)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

from clarity_desktop.app.insights import Insight, SaidStatement
from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.domain.work import CancelToken

__all__ = ["QuestionsUnderWay"]

_LOOK_S = 0.05
"""How often a question that joined looks whether it was cancelled."""
_Speaker = Callable[[SaidStatement], None]


class _Asked:
    """One question under way, with what was said until now."""

    def __init__(self) -> None:
        self.turn = threading.Condition()
        self.said: list[SaidStatement] = []
        self.over = False
        self.answer: Insight | None = None
        self.error: ClarityError | None = None


class QuestionsUnderWay:
    """Equal questions share one send. Safe to call from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked: dict[tuple[str, str], _Asked] = {}

    def ask(
        self,
        key: tuple[str, str],
        by_rules: Insight,
        ask: Callable[[_Speaker], Insight],
        cancel: CancelToken,
        on_spoken: _Speaker,
    ) -> Insight:
        """Ask, or join an equal question that is under way.

        Parameters
        ----------
        key:
            Person and what the answer depends on.
        by_rules:
            The facts, and what stands where nothing came of it.
        ask:
            Sends and answers; called with who hears the sentences.

        Returns
        -------
        The one answer. A question that joined a cancelled one asks anew; one that is cancelled itself keeps what was
        said until then, and the send it had joined goes on.
        """
        while True:
            with self._lock:
                running = self._asked.get(key)
                mine = running is None
                if running is None:
                    running = self._asked[key] = _Asked()
            if mine:
                return self._lead(key, running, ask, on_spoken)
            found = self._follow(running, by_rules, cancel, on_spoken)
            if found is not None:
                return found

    def _lead(
        self, key: tuple[str, str], asked: _Asked, ask: Callable[[_Speaker], Insight], on_spoken: _Speaker
    ) -> Insight:
        def spoken(one: SaidStatement) -> None:
            with asked.turn:
                asked.said.append(one)
                asked.turn.notify_all()
            on_spoken(one)

        try:
            asked.answer = ask(spoken)
            return asked.answer
        except ClarityError as error:
            asked.error = error
            raise
        finally:
            with self._lock:
                del self._asked[key]
            with asked.turn:
                asked.over = True
                asked.turn.notify_all()

    @staticmethod
    def _follow(asked: _Asked, by_rules: Insight, cancel: CancelToken, on_spoken: _Speaker) -> Insight | None:
        """The answer of the question that was joined; ``None`` when it ended without one for others."""
        heard = 0
        while True:
            with asked.turn:
                if len(asked.said) == heard and not asked.over:
                    asked.turn.wait(_LOOK_S)
                fresh, over = asked.said[heard:], asked.over
            for one in fresh:
                on_spoken(one)
            heard += len(fresh)
            if cancel.cancelled:
                refused = "Cancelled: this is what was checked until then."
                return replace(by_rules, statements=tuple(asked.said[:heard]), refused=refused, partial=True)
            if over:
                break
        if asked.error is not None:
            raise asked.error
        if asked.answer is None or asked.answer.partial:
            return None
        return replace(asked.answer, facts=by_rules.facts)
