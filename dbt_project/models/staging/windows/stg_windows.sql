{{ all_sources(
    var('vendors') | list + var('other_sources') + var('seller_sources'), current_windows
) }}
