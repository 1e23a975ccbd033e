"""Two workstations and a server that fails, driven at random and compared with a model of what was done."""

from __future__ import annotations

import tempfile
import uuid
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from sqlalchemy import update

from clarity_desktop.app.cloud_servers import CloudServer
from clarity_desktop.app.cloud_sessions import ACCOUNTS, CloudAccount
from clarity_desktop.domain.annotations import Annotation, AnnotationKind
from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.domain.sync import OperationState
from clarity_desktop.vault import Vault
from clarity_desktop.vault.store import schema
from tests.app.test_sync import SignedIn
from tests.app.test_sync_pull import consent, person
from tests.cloud.sync.conftest import CHEAP, HEART, PASSPHRASE, START, USER, fill
from tests.servers.replica import Replica, running_replica

SIDES = st.sampled_from([0, 1])
NOTES = [str(uuid.UUID(int=number, version=4)) for number in (1, 2)]
NOON = 1_735_732_800


@dataclass
class Done:
    """Something a person did to a note, with what the others could know of it."""

    moment: int
    side: int
    note: str
    title: str | None
    """``None`` for a removal."""


class Workstations(RuleBasedStateMachine):
    """Edits, removals, measurements, sending, reading, faults and restarts in any order."""

    @initialize()
    def begin(self) -> None:
        self.stack = ExitStack()
        self.folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.replica: Replica = self.stack.enter_context(running_replica(self.folder / "replica.sqlite"))
        self.is_up, self.moment = True, 0
        self.people = ["", ""]
        self.desks = [self.opened(0, True), self.opened(1, True)]
        self.measured: set[tuple[int, float]] = set()
        self.done: list[Done] = []
        self.sent: list[tuple[int, int]] = []
        self.pulled: list[tuple[int, int]] = []
        first, second = self.desks
        self.people[0] = person(first, "Ada Lovelace", records=True)
        first.enable_sync(self.people[0])
        first.sync_now()
        second.choose_direction("both")
        (remote,) = second.remote_summary().people
        self.people[1] = second.link_remote(remote.remote_id, None)
        second.pull_now()
        consent(second, self.people[1], records=True)
        second.enable_sync(self.people[1])

    def opened(self, side: int, fresh: bool = False) -> SignedIn:
        home = self.folder / f"desk{side}"
        if fresh:
            with Vault.create(home / "vault", PASSPHRASE, kdf=CHEAP) as vault:
                account = CloudAccount(self.replica.url, USER, "a@clinic.example", "openapi")
                vault.outbox.remember(ACCOUNTS, [asdict(account)])
                vault.outbox.remember("cloud.servers", [asdict(CloudServer(self.replica.url))])
        found = SignedIn(home, home / "vault")
        found.replica_url = self.replica.url
        found._adopt(Vault.open(home / "vault", PASSPHRASE, kdf_floor=CHEAP))
        if fresh:
            found.change_setting("external.sending", True)
        return found

    # -- what people do -----------------------------------------------------------------------------------------

    @rule(side=SIDES, day=st.integers(0, 40), value=st.integers(50, 55))
    def measure(self, side: int, day: int, value: int) -> None:
        start = START + day * 86_400
        fill(self.desks[side].vault, HEART, start, np.full(3, float(value)), self.people[side])
        self.measured |= {(start + 60 * number, float(value)) for number in range(3)}

    @rule(side=SIDES, note=st.sampled_from(NOTES), word=st.sampled_from("abcdefgh"))
    def write(self, side: int, note: str, word: str) -> None:
        self.moment += 1
        title = f"{word}{self.moment}"
        entry = Annotation(AnnotationKind.NOTE, NOON, title=title, id=note)
        self.desks[side].vault.diary.save_annotation(self.people[side], entry)
        self.done.append(Done(self.moment, side, note, title))

    @rule(note=st.sampled_from(NOTES), words=st.tuples(st.sampled_from("abcd"), st.sampled_from("efgh")))
    def write_on_both(self, note: str, words: tuple[str, str]) -> None:
        for side, word in enumerate(words):
            self.write(side, note, word)

    @rule(first=SIDES, note=st.sampled_from(NOTES))
    def write_here_and_remove_there(self, first: int, note: str) -> None:
        self.write(first, note, "k")
        self.remove(1 - first, note)

    @rule(side=SIDES, note=st.sampled_from(NOTES))
    def remove(self, side: int, note: str) -> None:
        diary = self.desks[side].vault.diary
        if any(one.id == note for one in diary.annotations(self.people[side])):
            self.moment += 1
            diary.remove_annotation(self.people[side], note)
            self.done.append(Done(self.moment, side, note, None))

    # -- what programs do ---------------------------------------------------------------------------------------

    def attempt(self, side: int, what: str) -> bool:
        try:
            getattr(self.desks[side], what)()
        except ClarityError as error:
            if self.is_up and not error.code.startswith("cloud."):
                raise
            return False
        return True

    @rule(side=SIDES)
    def send(self, side: int) -> None:
        self.moment += 1
        self.sent.append((side, self.moment))
        self.attempt(side, "sync_now")

    @rule(side=SIDES)
    def read(self, side: int) -> None:
        self.moment += 1
        self.pulled.append((side, self.moment))
        self.attempt(side, "pull_now")

    @rule(order=st.sampled_from([(0, 1), (1, 0)]))
    def send_and_read_on_both(self, order: tuple[int, int]) -> None:
        for side in order:
            self.send(side)
        for side in order:
            self.read(side)

    @rule(side=SIDES)
    def restart(self, side: int) -> None:
        self.desks[side].close()
        self.desks[side] = self.opened(side)

    @rule()
    def server_ends_or_comes_back(self) -> None:
        if self.is_up:
            self.replica.stop(at_once=True)
        else:
            self.replica.start()
        self.is_up = not self.is_up

    @rule()
    def uploads_fail_or_work(self) -> None:
        self.replica.state.defects ^= {"D1"}

    # -- what must hold -----------------------------------------------------------------------------------------

    def teardown(self) -> None:
        if not hasattr(self, "stack"):
            return
        try:
            self.settle()
            self.compare()
        finally:
            for one in self.desks:
                one.close()
            self.stack.close()

    def settle(self) -> None:
        """Faults have ended; both sides send and read until nothing moves."""
        self.replica.state.defects -= {"D1"}
        if not self.is_up:
            self.replica.start()
            self.is_up = True
        for side in (0, 1):
            self.restart(side)
        for one in self.desks:
            # An hour has passed, in which what was lost would have shown itself (Y-9).
            with one.vault._store.writing("sync.state") as write:
                write.connection.execute(update(schema.outbox).values(last_sent=schema.outbox.c.last_sent - 3600))
        for _ in range(5):
            for one in self.desks:
                with one.vault._store.writing("sync.state") as write:
                    write.connection.execute(update(schema.outbox).values(next_try=0))
                one.sync_now()
            for one in self.desks:
                one.pull_now()

    def compare(self) -> None:
        shown = []
        for services, patient in zip(self.desks, self.people, strict=True):
            held = set()
            for one in services.vault.series.list(patient):
                samples = services.vault.series.read(one.id)
                rows = list(zip(samples.start.tolist(), samples.value.tolist(), strict=True))
                assert len(rows) == len(set(rows)), "nothing is there twice"
                held |= set(rows)
            assert held == self.measured, "every sample is on both sides"
            shown.append({(one.id, one.title) for one in services.vault.diary.annotations(patient)})
            waiting = {one.state for one in services.sync_operations() if one.state is not OperationState.DEAD}
            assert waiting <= {OperationState.VERIFIED}, "nothing waits"
            assert services.vault.verify().problems == ()
        assert shown[0] == shown[1], "both sides show the same"
        titles = {title for _, title in shown[0]}
        assert titles <= {one.title for one in self.done}
        for one in self.done:
            if one.title is not None and not any(self.outdone(one, later) for later in self.done):
                assert one.title in titles, f"{one.title} was lost"

    def outdone(self, one: Done, later: Done) -> bool:
        """Whether somebody who may have known it did something else afterwards."""
        if later.note != one.note or later.moment <= one.moment:
            return False
        if later.side == one.side:
            return True
        return any(
            sender == one.side and one.moment < sent < read < later.moment
            for sender, sent in self.sent
            for reader, read in [*self.pulled, *self.sent]
            if reader == later.side
        )


@pytest.mark.slow
def test_state_machine_edits_faults_and_restarts_lose_nothing() -> None:
    run_state_machine_as_test(
        Workstations,
        settings=settings(
            max_examples=5,
            stateful_step_count=14,
            deadline=None,
            # Shrinking runs everything hundreds of times; the steps that failed are printed.
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
