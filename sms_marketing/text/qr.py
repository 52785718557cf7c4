"""QR codes as image files, offline (ISO/IEC 18004).

The matrix comes from `reportlab`, which Odoo needs for its own barcodes; its PNG backend is missing
on many machines, so that the picture is drawn here.
"""

import io

from PIL import Image
from reportlab.graphics.barcode.qr import QrCodeWidget

#: Modules of white around the code that cameras need.
QUIET_ZONE = 4
#: Bytes of a text that a phone's camera still reads well off paper.
MOST_BYTES = 1000
#: Pixels of a module in a PNG: sharp on a poster; SVG is sharp at every size.
MODULE_PIXELS = 16


def matrix(value: str) -> list[list[bool]]:
    """Rows of modules, dark ones True, without the quiet zone; survives 15 % of damage (level M).

    :raise ValueError: for the empty text, and for more than fits in a QR code
    """
    if not 0 < len(value.encode()) <= MOST_BYTES:
        raise ValueError(f"a QR code holds 1 to {MOST_BYTES} bytes")
    code = QrCodeWidget(value, barLevel="M").qr
    code.make()
    return [[bool(module) for module in row] for row in code.modules]


def png(value: str) -> bytes:
    """A QR code as a PNG file, black on white."""
    rows = matrix(value)
    side = len(rows) + 2 * QUIET_ZONE
    image = Image.new("1", (side, side), 1)
    for top, row in enumerate(rows):
        for left, is_dark in enumerate(row):
            if is_dark:
                image.putpixel((left + QUIET_ZONE, top + QUIET_ZONE), 0)
    image = image.resize((side * MODULE_PIXELS, side * MODULE_PIXELS), Image.Resampling.NEAREST)
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()


def svg(value: str) -> bytes:
    """A QR code as an SVG file, black on white."""
    rows = matrix(value)
    side = len(rows) + 2 * QUIET_ZONE
    path = "".join(
        f"M{left + QUIET_ZONE} {top + QUIET_ZONE}h1v1h-1z"
        for top, row in enumerate(rows)
        for left, is_dark in enumerate(row)
        if is_dark
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" '
        f'shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{side}v{side}H0z"/>'
        f'<path d="{path}"/></svg>\n'
    ).encode()
