SELECT
    uniqExactIf(subject_id, NOT is_bot AND subject_id != toFixedString('', 16)) AS visitors,
    countIf(NOT is_bot AND event_name IN ('page_view', 'screen_view')) AS views,
    countIf(NOT is_bot AND event_name IN ('page_view', 'screen_view')
        AND subject_id != toFixedString('', 16)) AS visitor_views,
    countIf(is_bot) AS bots
FROM sanaq.events
WHERE site = {site:String}
    AND occurred_at >= fromUnixTimestamp64Milli({start_ms:Int64}, 'UTC')
    AND occurred_at < fromUnixTimestamp64Milli({end_ms:Int64}, 'UTC')
