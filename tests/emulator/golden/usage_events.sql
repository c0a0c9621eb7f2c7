CREATE TABLE `emulated`.`landing_raw_cursor`.`usage_events` (
`window_start` DATE NOT NULL,
`window_end` DATE NOT NULL,
`organization` STRING NOT NULL,
`payload` STRING NOT NULL,
`extracted_at` TIMESTAMP NOT NULL,
`_dlt_id` STRING NOT NULL,
`_dlt_load_id` STRING(64) NOT NULL OPTIONS (description='Load identifier linking this row to its load operation'))
PARTITION BY `window_start`
CLUSTER BY `organization`;
