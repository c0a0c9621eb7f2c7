{{ all_sources('stg', 'extractions', [
    'extraction_id', 'resource', 'organization', 'records', 'rejected', 'is_changed',
    'window_start', 'loaded_at',
]) }}
