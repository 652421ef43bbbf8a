-- What analysts' SQL and their tools see: counts by hour, one dimension at a time, without ids.
-- Cells of fewer subjects than the floor are folded into the value '(other)', and left out where
-- they are still too small. `dimension` '' is the total of the event name.
CREATE TABLE IF NOT EXISTS sanaq_analyst.hourly
(
    hour DateTime('UTC'),
    site LowCardinality(String),
    event_name LowCardinality(String),
    dimension LowCardinality(String),
    value String,
    events UInt64,
    subjects UInt64
)
ENGINE = MergeTree
PARTITION BY toYYYYMMDD(hour)
ORDER BY (site, event_name, dimension, hour, value);
