{{ completed_extractions('cursor') }}
