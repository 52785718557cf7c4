{
    "name": "A route that does nothing",
    "summary": "What a web call costs before anything is done: the bare limit of bench/receipts.py",
    "version": "19.0.1.0.0",
    "category": "Hidden/Tools",
    "license": "LGPL-3",
    "author": "SMS Marketing contributors",
    "depends": ["base"],
}
