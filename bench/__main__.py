"""All benchmarks, one after the other: what `make bench` runs."""

from bench import building, landing, revops, views

landing.main()
building.main()
views.main()
revops.main()
