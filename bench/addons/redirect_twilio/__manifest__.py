{
    "name": "Redirect Twilio",
    "summary": "Measurements only: what goes to Twilio goes to FAKE_TWILIO instead",
    "version": "19.0.1.0.0",
    "category": "Hidden",
    "license": "LGPL-3",
    "author": "SMS Marketing contributors",
    "depends": ["base"],
    "installable": False,
}
