-- A copy of a production database must not know the way to the provider.
UPDATE sms_marketing_gateway SET pigeon_url = NULL, pigeon_key = NULL;
