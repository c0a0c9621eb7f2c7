{{ completed_extractions('parrot') }}
