import time
from types import SimpleNamespace
from unittest.mock import patch

from odoo.tests import BaseCase

from ..engine import dispatch
from ..engine.claims import Source
from ..engine.hand_over import Batch
from ..engine.senders import Way

PATIENCE = 20


class PlayedLane(dispatch.Lane):
    """A lane whose texts, pieces and providers are played, with the threads that it has.

    :param texts: {message's id: how many of its texts wait}
    :param pieces: numbers of texts that the pieces of message 1 still to be written have
    """

    def __init__(self, texts, pieces=()):
        super().__init__(registry=None, batch_size=10)
        self.texts = dict(texts)
        self.pieces = [*pieces]
        self.log = []
        self.took_any = self.went_well = True
        self._proven.add(1)

    def _ways(self, _env):
        self.log.append("look")
        ways = [Way(Source(one, 1), 1, "generic", ()) for one, left in self.texts.items() if left]
        return [way for way in ways if (way.source, 1) not in self._put_off], None

    def _claim_and_write(self, _env, way):
        message_id = way.source.message_id
        seen = min(self.texts[message_id], self._size(way))
        self.texts[message_id] -= seen
        self.log.append((message_id, seen))
        gateway = SimpleNamespace(close=lambda: None)
        batch = Batch(way, gateway, None, begin_by=time.monotonic() + PATIENCE, due=seen)
        return (batch if seen else None), seen

    def _write_piece(self):
        if not self.pieces:
            return 0
        written = self.pieces.pop(0)
        self.texts[1] += written
        self.log.append(f"piece of {written}")
        return written

    def carry(self, _registry, batch):
        time.sleep(0.01)
        batch.went_well = self.went_well
        return self.took_any

    def play(self):
        """Run until nothing is left to do; what was done, in its order."""
        with (
            patch.object(dispatch, "in_own_transaction", lambda _registry, work: work(None)),
            patch.object(dispatch, "expire_leases"),
            patch.object(dispatch, "give_up_waiting"),
            patch.object(dispatch.schedule, "start_due"),
            patch.object(dispatch.schedule, "finish"),
            patch.object(dispatch, "carry", self.carry),
        ):
            self.run(PATIENCE)
        return self.log


class TestLaneTurns(BaseCase):
    """In which order a lane looks, claims and writes audiences, while its batches are under way."""

    def test_pieces_are_written_while_the_gateway_has_enough_to_do(self):
        lane = PlayedLane({1: 300}, pieces=[10, 10])
        log = lane.play()
        last = max(place for place, done in enumerate(log) if done == "piece of 10")
        before = sum(done[1] for done in log[:last] if isinstance(done, tuple))
        self.assertLess(before, 200, "the gateway had to run dry first")
        self.assertEqual(sum(done[1] for done in log if isinstance(done, tuple)), 320)

    def test_does_not_look_before_each_claim_while_all_goes_well(self):
        log = PlayedLane({1: 300}).play()
        self.assertLess(log.count("look"), 10)

    def test_looks_anew_when_the_gateway_lost_some_or_wants_a_pause(self):
        lane = PlayedLane({1: 300})
        lane.went_well = False
        log = lane.play()
        # Up to three batches are claimed before the first has come to its end.
        self.assertGreaterEqual(log.count("look"), 300 / 10 / 3)

    def test_source_that_the_gateway_took_nothing_of_is_left_alone(self):
        lane = PlayedLane({1: 100, 2: 5})
        lane.took_any = False
        log = lane.play()
        # Three batches may be under way before the first has come to its end.
        self.assertLessEqual(sum(done[1] for done in log if isinstance(done, tuple)), 35)

    def test_what_has_run_out_is_not_asked_again(self):
        log = PlayedLane({1: 3, 2: 3, 3: 200}).play()
        claims = [done[0] for done in log if isinstance(done, tuple)]
        self.assertEqual(claims.count(1), 1)
        self.assertEqual(claims.count(2), 1)

    def test_ends_by_a_look_of_now(self):
        """What has come since the last look is not left lying."""

        class LaneThatIsOvertaken(PlayedLane):
            def _claim_and_write(self, env, way):
                done = super()._claim_and_write(env, way)
                if not self.texts[1]:
                    self.texts.setdefault(2, 7)
                return done

        self.assertIn((2, 7), LaneThatIsOvertaken({1: 20}).play())
