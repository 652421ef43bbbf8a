-- Daily figures that another product counted, a row for each of its rows: aggregates, nobody's
-- events, and without ids. They stand beside `events` and are never added to it. An import
-- replaces the rows of its site, source and dimension for each of its days as a whole.
CREATE TABLE IF NOT EXISTS sanaq.imported
(
    site LowCardinality(String),
    source LowCardinality(String),
    basis LowCardinality(String),
    date Date,
    dimension LowCardinality(String),
    value String,
    parts Map(LowCardinality(String), String),
    visitors Nullable(UInt64),
    visits Nullable(UInt64),
    page_views Nullable(UInt64),
    events Nullable(UInt64),
    bounces Nullable(UInt64),
    visit_duration_seconds Nullable(UInt64),
    time_on_page_seconds Nullable(UInt64),
    imported_at DateTime64(3, 'UTC')
)
ENGINE = MergeTree
PARTITION BY toYear(date)
ORDER BY (site, source, dimension, date)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
