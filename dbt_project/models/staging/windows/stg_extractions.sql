{{ all_sources(
    var('vendors') | list + var('other_sources') + var('seller_sources'),
    completed_extractions,
    [
        'extraction_id', 'resource', 'organization', 'records', 'rejected', 'is_changed',
        'window_start', 'loaded_at',
    ]
) }}
