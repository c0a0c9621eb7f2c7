{{ completed_extractions('product') }}
