-- What became of events, counted by each host's spool: the newest row of a key is the count so
-- far (read with FINAL, or argMax by updated_at). No row is about one event.
CREATE TABLE IF NOT EXISTS sanaq.outcomes
(
    host LowCardinality(String),
    day Date,
    site LowCardinality(String),
    `table` LowCardinality(String),
    outcome LowCardinality(String),
    reason LowCardinality(String),
    n UInt64,
    updated_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(updated_at)
PARTITION BY toYYYYMM(day)
ORDER BY (day, site, `table`, outcome, reason, host)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
