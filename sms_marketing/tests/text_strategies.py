"""Texts for property tests: any at all, and those in which rare characters are common."""

from hypothesis import strategies as st

from odoo.addons.sms_marketing.text.encoding import GSM_BASIC, GSM_EXTENSION

#: Any text that Python can hold, lone surrogates and NUL included.
any_text = st.text(st.characters(codec=None))
#: Any text that can be encoded.
valid_text = st.text(st.characters(codec="utf-8"))

gsm_text = st.text(st.sampled_from(GSM_BASIC + GSM_EXTENSION))

#: Long runs of a few kinds of characters: what makes borders of segments interesting.
runs = st.lists(
    st.tuples(st.sampled_from("ab€{я’é😀🎉\n\u200d"), st.integers(0, 170)), max_size=8
).map(lambda pairs: "".join(char * times for char, times in pairs))
