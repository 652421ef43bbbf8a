SELECT
    visitors < {visitors_min:UInt32} AS is_small,
    if(is_small, '', name) AS shown_name,
    uniqExactMerge(subjects) AS shown_visitors,
    sum(days) AS shown_events
FROM (
    SELECT
        name,
        uniqExactState(subject_id) AS subjects,
        finalizeAggregation(subjects) AS visitors,
        count() AS days
    FROM (
        SELECT
            subject_id,
            argMin($name, (occurred_at, event_id)) AS name
        FROM sanaq.events
        WHERE site = {site:String}
            AND occurred_at >= fromUnixTimestamp64Milli({start_ms:Int64}, 'UTC')
            AND occurred_at < fromUnixTimestamp64Milli({end_ms:Int64}, 'UTC')
            AND NOT is_bot
            AND subject_id != toFixedString('', 16)
            AND event_name IN ('page_view', 'screen_view')
        GROUP BY subject_id, toDate(occurred_at, {zone:String})
    )
    WHERE $rows
    GROUP BY name
)
GROUP BY is_small, shown_name
ORDER BY is_small DESC, shown_visitors DESC, shown_events DESC, shown_name
LIMIT {rows_max:UInt32}
