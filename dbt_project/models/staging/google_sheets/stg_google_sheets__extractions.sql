{{ completed_extractions('google_sheets') }}
