-- Who decided each purpose of a row: the source of consent, what was recorded, or a legal basis.
ALTER TABLE sanaq.events
    ADD COLUMN IF NOT EXISTS decided_by Array(LowCardinality(String)) AFTER policy_version;
