from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st
from odoo.tests import TransactionCase
from odoo.tools import SQL

from ..engine.arrays import array, arrays

TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))


class TestArrays(TransactionCase):
    def read_back(self, values, sql_type):
        [(read,)] = self.env.execute_query(SQL("SELECT %s", array(values, sql_type)))
        return read

    @given(st.lists(st.none() | TEXTS | st.sampled_from(["NULL", "null", "", '"', "\\", "{,}"])))
    def test_texts_are_read_as_they_are(self, values):
        self.assertEqual(self.read_back(values, "text"), values)

    @given(st.lists(st.none() | st.integers(-(2**31), 2**31 - 1)))
    def test_numbers(self, values):
        self.assertEqual(self.read_back(values, "int"), values)

    def test_another_kind_of_number_for_a_whole_one(self):
        self.assertEqual(self.read_back([2.0, True, 0, None], "int"), [2, 1, 0, None])

    def test_moments_prices_and_seconds(self):
        moment = datetime(2026, 10, 25, 1, 30, 0, 5)
        self.assertEqual(self.read_back([moment, None], "timestamp"), [moment, None])
        self.assertEqual(self.read_back([0.0075, None], "numeric"), [0.0075, None])
        self.assertEqual(self.read_back([14.25, 1e-7], "float"), [14.25, 1e-7])

    def test_columns_of_rows(self):
        def read(rows):
            return self.env.execute_query(
                SQL("SELECT * FROM unnest(%s) AS row(id, body)", arrays(rows, "int", "text"))
            )

        rows = [(1, "one, two"), (2, None)]
        self.assertEqual(read(rows), rows)
        self.assertEqual(read([]), [])

    def test_a_row_of_another_length_is_refused(self):
        for rows in ([(1,), (2, "two")], [(1,)]):
            with self.assertRaises(ValueError):
                arrays(rows, "int", "text")
