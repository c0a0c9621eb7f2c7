-- The parts of a row of the legacy cost report sum to the row, to the last digit.
{{ not_allocated_whole('stg_anthropic__costs', 'stg_anthropic__legacy_cost_shares') }}
