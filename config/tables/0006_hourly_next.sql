-- A day of sanaq_analyst.hourly is written here and then takes the other table's place whole.
CREATE TABLE IF NOT EXISTS sanaq_analyst.hourly_next AS sanaq_analyst.hourly
ENGINE = MergeTree
PARTITION BY toYYYYMMDD(hour)
ORDER BY (site, event_name, dimension, hour, value);
