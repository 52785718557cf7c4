"""QR codes: what a camera reads."""

import io

from lxml import etree
from odoo.tests import BaseCase, tagged
from PIL import Image

from ..text import qr

#: Version 1, corner pattern: seven modules, ISO/IEC 18004, 6.3.3.
FINDER = ["#######", "#.....#", "#.###.#", "#.###.#", "#.###.#", "#.....#", "#######"]


@tagged("post_install", "-at_install")
class TestQr(BaseCase):
    VALUE = "https://example.com/sms/sign-up/spring"

    def test_matrix_has_its_corners(self):
        rows = qr.matrix(self.VALUE)
        drawn = ["".join("#" if dark else "." for dark in row) for row in rows]
        self.assertEqual([row[:7] for row in drawn[:7]], FINDER)
        self.assertEqual([row[-7:] for row in drawn[:7]], FINDER)
        self.assertEqual([row[:7] for row in drawn[-7:]], FINDER)
        self.assertEqual({len(row) for row in rows}, {len(rows)})

    def test_picture_is_the_matrix_with_white_around(self):
        rows = qr.matrix(self.VALUE)
        image = Image.open(io.BytesIO(qr.png(self.VALUE))).convert("L")
        side = len(rows) + 2 * qr.QUIET_ZONE
        self.assertEqual(image.size, (side * qr.MODULE_PIXELS,) * 2)
        small = image.resize((side, side), Image.Resampling.NEAREST)
        for top in range(side):
            for left in range(side):
                inside = (top - qr.QUIET_ZONE, left - qr.QUIET_ZONE)
                is_dark = all(0 <= one < len(rows) for one in inside) and rows[inside[0]][inside[1]]
                self.assertEqual(small.getpixel((left, top)) == 0, is_dark)

    def test_svg_has_every_dark_module(self):
        rows = qr.matrix(self.VALUE)
        root = etree.fromstring(qr.svg(self.VALUE))
        _white, black = root.findall("{*}path")
        self.assertEqual(black.get("d").count("M"), sum(map(sum, rows)))

    def test_nothing_and_too_much(self):
        for value in ("", "x" * 5000):
            with self.assertRaises(ValueError):
                qr.png(value)
