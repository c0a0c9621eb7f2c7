-- GRAIN: one row per day of which costs or usage were landed, or an exchange rate
-- changed, since the last run
{{ days_to_share_again('openai', [
    'costs', 'costs_by_identity', 'usage_completions', 'usage_embeddings',
    'usage_moderations', 'usage_images', 'usage_audio_speeches',
    'usage_audio_transcriptions',
]) }}
