{
    "name": "SMS Marketing: Pigeon Post",
    "summary": "A gateway of an add-on of its own: the example of docs/adding-a-gateway.md",
    "version": "19.0.1.0.0",
    "category": "Marketing/SMS Marketing",
    "license": "LGPL-3",
    "author": "SMS Marketing contributors",
    "depends": ["sms_marketing"],
    "data": ["views/sms_marketing_gateway_views.xml"],
}
