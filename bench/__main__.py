"""All benchmarks, one after the other: what `make bench` runs."""

from bench import building, landing, openai, revops, views

landing.main()
openai.main()
building.main()
views.main()
revops.main()
