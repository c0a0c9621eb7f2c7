{{ completed_extractions('salesforce') }}
