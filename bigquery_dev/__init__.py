"""Working on BigQuery's SQL without BigQuery: what can be known about the models before Google runs
them."""
