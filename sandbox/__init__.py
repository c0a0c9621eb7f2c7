"""A stand-in for the vendors' HTTP APIs, with a made-up company behind it.

`python -m sandbox serve` answers as Anthropic, Cursor and Google Sheets do, by their documented
rules, so that the pipeline can run, be tested and be measured with no vendor and no secret.
Nothing here is real: the people are invented, their addresses end in `example.com`.
"""
