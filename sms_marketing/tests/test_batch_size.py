"""How many texts a lane takes in hand at once."""

import unittest
from types import SimpleNamespace

from odoo.addons.sms_marketing.engine.dispatch import MOST_TEXTS, SLOW, Lane
from odoo.addons.sms_marketing.gateways.kannel import KannelGateway

LEAST = KannelGateway.batch_size


class TestBatchSize(unittest.TestCase):
    way = SimpleNamespace(provider="kannel", gateway_id=7, limit=None)

    def setUp(self):
        super().setUp()
        self.lane = Lane(registry=None)

    def after(self, texts=None, seconds=0.01, late=False, early=False, cut=False):
        """Size of the next batch after such a one."""
        batch = SimpleNamespace(
            way=self.way,
            gateway_id=self.way.gateway_id,
            due=self.size() if texts is None else texts,
            seconds=seconds,
            came_late=late,
            came_early=early,
            is_cut=cut,
        )
        self.lane._proven.add(self.way.gateway_id)
        self.lane._fit_size(batch)
        return self.size()

    def size(self):
        return self.lane._size(self.way)

    def test_first_batch_of_a_lane_is_small(self):
        self.assertEqual(self.size(), 10)
        self.assertEqual(self.after(texts=10, late=True), LEAST)

    def test_grows_where_the_gateway_waits_for_the_lane(self):
        sizes = [self.after(late=True, seconds=2) for _batch in range(6)]
        self.assertEqual(sizes, [LEAST, 128, 256, 512, 512, 512])
        self.assertEqual(sizes[-1], MOST_TEXTS)

    def test_last_texts_of_a_message_say_nothing(self):
        self.after(late=True)
        self.assertEqual(self.after(late=True, texts=3), LEAST)

    def test_stays_where_the_gateway_has_enough_to_do(self):
        for batch in ({}, {"early": True}, {"seconds": 2 * SLOW}):
            self.assertEqual(self.after(**batch), LEAST)

    def test_starts_again_where_the_gateway_would_not_have_it_all(self):
        for _batch in range(4):
            self.after(late=True)
        self.assertEqual(self.after(late=True, cut=True), LEAST)

    def test_shrinks_where_the_gateway_is_slow(self):
        for _batch in range(4):
            self.after(late=True)
        sizes = [self.after(early=True, seconds=2 * SLOW) for _batch in range(5)]
        self.assertEqual(sizes, [256, 128, LEAST, LEAST, LEAST])
