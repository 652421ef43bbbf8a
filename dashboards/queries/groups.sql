SELECT
    visitors < {visitors_min:UInt32} AS is_small,
    if(is_small, '', name) AS shown_name,
    uniqExactIfMerge(subjects) AS shown_visitors,
    sum(events) AS shown_events
FROM (
    SELECT
        $name AS name,
        uniqExactIfState(subject_id, subject_id != toFixedString('', 16)) AS subjects,
        finalizeAggregation(subjects) AS visitors,
        count() AS events
    FROM sanaq.events
    WHERE site = {site:String}
        AND occurred_at >= fromUnixTimestamp64Milli({start_ms:Int64}, 'UTC')
        AND occurred_at < fromUnixTimestamp64Milli({end_ms:Int64}, 'UTC')
        AND NOT is_bot
        AND $rows
    GROUP BY name
)
GROUP BY is_small, shown_name
ORDER BY is_small DESC, shown_visitors DESC, shown_events DESC, shown_name
LIMIT {rows_max:UInt32}
