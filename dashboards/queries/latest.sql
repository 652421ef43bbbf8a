SELECT
    count() AS events,
    max(occurred_at) AS latest_at
FROM sanaq.events
WHERE site = {site:String}
