-- A copy of a production database must not know the way to the provider. (Secrets are removed by
-- sms_marketing's own script; this takes away the mark that one was set.)
UPDATE sms_marketing_gateway SET pigeon_url = NULL, pigeon_key = NULL;
