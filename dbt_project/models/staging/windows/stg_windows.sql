{{ all_sources(
    var('vendors') | list + var('other_sources') + var('seller_sources'),
    current_windows,
    [
        'resource', 'organization', 'load_id', 'content_hash', 'envelope', 'records',
        'rejected', 'is_directory', 'window_start', 'window_end', 'loaded_at',
    ]
) }}
