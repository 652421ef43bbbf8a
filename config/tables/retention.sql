-- How long rows and columns stay, from the policy. Not a migration: applied whenever its rendered
-- text is not the one that was applied last. Counted from received_at. A column whose purpose is
-- kept for a shorter time than the row becomes empty before the row goes.
ALTER TABLE sanaq.events
    MODIFY COLUMN person_id TTL toDateTime(received_at) + toIntervalDay($retention_analytics_days),
    MODIFY COLUMN device_id TTL toDateTime(received_at) + toIntervalDay($retention_analytics_days),
    MODIFY COLUMN session_id TTL toDateTime(received_at) + toIntervalDay($retention_analytics_days),
    MODIFY COLUMN browser_version TTL toDateTime(received_at) + toIntervalDay($retention_analytics_days),
    MODIFY COLUMN os_version TTL toDateTime(received_at) + toIntervalDay($retention_analytics_days),
    MODIFY COLUMN device_model TTL toDateTime(received_at) + toIntervalDay($retention_analytics_days),
    MODIFY COLUMN page_query TTL toDateTime(received_at) + toIntervalDay($retention_analytics_days),
    MODIFY COLUMN page_title TTL toDateTime(received_at) + toIntervalDay($retention_analytics_days),
    MODIFY COLUMN referrer_path TTL toDateTime(received_at) + toIntervalDay($retention_analytics_days),
    MODIFY COLUMN campaign_source TTL toDateTime(received_at) + toIntervalDay($retention_analytics_days),
    MODIFY COLUMN campaign_medium TTL toDateTime(received_at) + toIntervalDay($retention_analytics_days),
    MODIFY COLUMN campaign_name TTL toDateTime(received_at) + toIntervalDay($retention_analytics_days),
    MODIFY COLUMN campaign_term TTL toDateTime(received_at) + toIntervalDay($retention_analytics_days),
    MODIFY COLUMN campaign_content TTL toDateTime(received_at) + toIntervalDay($retention_analytics_days),
    MODIFY COLUMN locale TTL toDateTime(received_at) + toIntervalDay($retention_analytics_days),
    MODIFY COLUMN app_version TTL toDateTime(received_at) + toIntervalDay($retention_analytics_days),
    MODIFY COLUMN properties TTL toDateTime(received_at) + toIntervalDay($retention_analytics_days),
    MODIFY COLUMN revenue TTL toDateTime(received_at) + toIntervalDay($retention_analytics_days),
    MODIFY COLUMN currency TTL toDateTime(received_at) + toIntervalDay($retention_analytics_days),
    MODIFY COLUMN screen_width TTL toDateTime(received_at) + toIntervalDay($retention_analytics_days),
    MODIFY COLUMN screen_height TTL toDateTime(received_at) + toIntervalDay($retention_analytics_days),
    MODIFY COLUMN timezone TTL toDateTime(received_at) + toIntervalDay($retention_analytics_days),
    MODIFY COLUMN advertising_id TTL toDateTime(received_at) + toIntervalDay($retention_advertising_days),
    MODIFY COLUMN latitude TTL toDateTime(received_at) + toIntervalDay($retention_geolocation_days),
    MODIFY COLUMN longitude TTL toDateTime(received_at) + toIntervalDay($retention_geolocation_days),
    MODIFY TTL toDateTime(received_at) + toIntervalDay($retention_necessary_days);

ALTER TABLE sanaq.diagnostics
    MODIFY COLUMN person_id TTL toDateTime(received_at) + toIntervalDay($retention_analytics_days),
    MODIFY COLUMN device_id TTL toDateTime(received_at) + toIntervalDay($retention_analytics_days),
    MODIFY COLUMN session_id TTL toDateTime(received_at) + toIntervalDay($retention_analytics_days),
    MODIFY COLUMN page_query TTL toDateTime(received_at) + toIntervalDay($retention_analytics_days),
    MODIFY COLUMN advertising_id TTL toDateTime(received_at) + toIntervalDay($retention_advertising_days),
    MODIFY TTL toDateTime(received_at) + toIntervalDay($retention_diagnostics_days);

ALTER TABLE sanaq.consents
    MODIFY TTL toDateTime(received_at) + toIntervalDay($retention_necessary_days);
