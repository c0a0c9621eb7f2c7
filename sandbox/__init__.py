"""A stand-in for the vendors' HTTP APIs, with a made-up company behind it.

`python -m sandbox serve` answers as the vendors do, by their documented rules, so that the pipeline
can be run, tested and measured without any vendor or secret. Nothing here is real: the people are
invented, their addresses end in `example.com`.

Each vendor has a folder. What they share is next to the folders: the company and the seller, the
clock and what tests have changed (`state`), faults, the server. A new vendor is a folder with a
subclass of `sandbox.vendor.Vendor` in its `vendor.py`, and a line in `sandbox.vendors`.
"""
