-- A copy of a production database must never text anybody, nor know the way to a provider.
UPDATE sms_marketing_gateway
   SET provider = 'sandbox',
       kannel_url = NULL,
       kannel_username = NULL,
       kannel_password = NULL,
       twilio_account_sid = NULL,
       twilio_auth_token = NULL,
       twilio_api_key = NULL,
       twilio_api_secret = NULL,
       twilio_messaging_service = NULL,
       vonage_api_key = NULL,
       vonage_api_secret = NULL,
       vonage_signature_secret = NULL,
       vonage_signature_method = NULL,
       plivo_auth_id = NULL,
       plivo_auth_token = NULL,
       plivo_powerpack = NULL,
       sinch_region = NULL,
       sinch_service_plan = NULL,
       sinch_api_token = NULL,
       sinch_webhook_secret = NULL,
       messagebird_access_key = NULL,
       messagebird_signing_key = NULL,
       webhook_secret = gen_random_uuid()::text;
UPDATE sms_marketing_message SET state = 'paused' WHERE state = 'sending';
UPDATE sms_marketing_message SET state = 'draft' WHERE state = 'scheduled';
UPDATE sms_marketing_recipient SET state = 'cancelled' WHERE state = 'queued';
