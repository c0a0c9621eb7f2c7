-- The parts of a cost by project sum to it, to the last digit.
{{ not_allocated_whole(
    'stg_openai__costs', 'stg_openai__cost_shares', "resource = 'costs'"
) }}
