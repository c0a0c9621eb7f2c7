"""All benchmarks, one after the other: what `make bench` runs."""

from bench import building, landing

landing.main()
building.main()
