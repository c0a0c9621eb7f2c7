CREATE TABLE `emulated`.`landing_raw_cursor`.`extractions` (
`resource` STRING NOT NULL,
`window_start` DATE NOT NULL,
`window_end` DATE NOT NULL,
`organization` STRING NOT NULL,
`request` STRING NOT NULL,
`envelope` STRING NOT NULL,
`base_url` STRING NOT NULL,
`pages` INT64 NOT NULL,
`records` INT64 NOT NULL,
`rejected` INT64 NOT NULL,
`content_hash` STRING NOT NULL,
`is_changed` BOOL NOT NULL,
`is_directory` BOOL ,
`extracted_at` TIMESTAMP NOT NULL,
`_dlt_id` STRING NOT NULL,
`_dlt_load_id` STRING(64) NOT NULL OPTIONS (description='Load identifier linking this row to its load operation'))
PARTITION BY DATE(`extracted_at`)
CLUSTER BY `resource`, `organization`;
