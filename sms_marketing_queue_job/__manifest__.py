{
    "name": "SMS Marketing: Job Queue",
    "summary": "Send marketing texts from many processes and machines at once",
    "version": "19.0.1.0.0",
    "category": "Marketing/SMS Marketing",
    "license": "LGPL-3",
    "author": "SMS Marketing contributors",
    "depends": ["sms_marketing", "queue_job"],
    "data": [
        "data/queue_job_data.xml",
        "views/res_config_settings_views.xml",
    ],
    "uninstall_hook": "uninstall_hook",
}
