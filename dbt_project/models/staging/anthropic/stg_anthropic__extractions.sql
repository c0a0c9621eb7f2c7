{{ completed_extractions('anthropic') }}
