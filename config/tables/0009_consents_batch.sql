-- What the ledger needs to be loaded exactly once, the purposes that a record could not grant, and
-- which rules found something in its texts.
ALTER TABLE sanaq.consents
    ADD COLUMN IF NOT EXISTS batch_id UUID AFTER consent_id,
    ADD COLUMN IF NOT EXISTS ungranted Array(LowCardinality(String)) AFTER refused,
    ADD COLUMN IF NOT EXISTS remarks Array(LowCardinality(String)) AFTER decoder;
