-- The ledger of consent: what a subject said, to which version, how and when. Never the string
-- that a signal came in: only what was decoded of it, a keyed digest and the decoder's version.
-- A row names one identifier by its digest under the consent key, which no event carries.
-- `subject_id` stays empty: a digest of events beside it would tie the epochs of a device together.
CREATE TABLE IF NOT EXISTS sanaq.consents
(
    consent_id UUID,
    site LowCardinality(String),
    decided_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    received_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    consent_key_id FixedString(16),
    subject_id FixedString(16),
    subject_kind LowCardinality(String),
    granted Array(LowCardinality(String)),
    refused Array(LowCardinality(String)),
    policy_version LowCardinality(String),
    text_version LowCardinality(String),
    method LowCardinality(String),
    evidence String CODEC(ZSTD),
    source LowCardinality(String),
    signal_digest FixedString(16),
    decoder LowCardinality(String)
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(received_at)
ORDER BY (site, subject_id, decided_at, consent_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
