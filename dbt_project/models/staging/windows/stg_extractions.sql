{{ all_sources(
    var('vendors') | list + var('other_sources'), completed_extractions
) }}
