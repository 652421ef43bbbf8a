-- One UTC day of sanaq_analyst.hourly, from the events. Bots are left out. An event without a
-- subject counts as an event and not as a subject. A value of fewer subjects than the floor is
-- folded into '(other)', and what is still below the floor then is left out.
INSERT INTO sanaq_analyst.hourly_next (hour, site, event_name, dimension, value, events, subjects)
SELECT hour, site, event_name, dimension, folded, sum(n), uniqExactIfMerge(who) AS subjects
FROM
(
    SELECT
        toStartOfHour(occurred_at) AS hour,
        site,
        event_name,
        cell.1 AS dimension,
        count() AS n,
        uniqExactIfState(subject_id, subject_id != toFixedString('', 16)) AS who,
        if(dimension != '' AND finalizeAggregation(who) < {floor:UInt32}, '(other)', cell.2) AS folded
    FROM sanaq.events
    ARRAY JOIN
    [
        ('', ''),
        ('country', toString(country)),
        ('region', toString(region)),
        ('browser', toString(browser)),
        ('os', toString(os)),
        ('device_type', toString(device_type)),
        ('page_path', page_path),
        ('referrer_host', toString(referrer_host)),
        ('campaign_source', toString(campaign_source)),
        ('campaign_medium', toString(campaign_medium)),
        ('campaign_name', toString(campaign_name)),
        ('app_version', toString(app_version)),
        ('locale', toString(locale))
    ] AS cell
    WHERE occurred_at >= toDateTime64({day:Date}, 3, 'UTC')
        AND occurred_at < toDateTime64({day:Date} + 1, 3, 'UTC')
        AND NOT is_bot
    GROUP BY hour, site, event_name, cell
)
GROUP BY hour, site, event_name, dimension, folded
HAVING subjects >= {floor:UInt32};
