{
    "name": "SMS by Owl Post",
    "summary": "A provider for Odoo's own SMS apps, by somebody who never heard of SMS Marketing",
    "version": "19.0.1.0.0",
    "category": "Hidden/Tools",
    "license": "LGPL-3",
    "author": "SMS Marketing contributors",
    "depends": ["sms"],
}
