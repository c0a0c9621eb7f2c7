"""A database with the seller's product that lives as long as the sandbox.

PostgreSQL if there is one, since its transactions and types are what an extractor has to cope with;
otherwise a DuckDB file, so that the first run needs nothing else on the machine.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

from foundation.scratch import scratch_folder
from sandbox.product_database import postgresql
from sandbox.product_database.tables import fill_postgresql, write_duckdb
from sandbox.seller import Seller

# The pipeline recognizes made-up data by this name.
DATABASE: Final = "ai_spend_sandbox"


@contextmanager
def serving(seller: Seller) -> Iterator[str]:
    """The address of a database with the seller's product, until the block ends."""
    kind = seller.options.product_database
    programs = postgresql.find_postgresql() if kind != "duckdb" else None
    if kind == "postgresql" and programs is None:
        raise RuntimeError(f"there is no PostgreSQL here: {postgresql.INSTALL}")
    with ExitStack() as stack:
        place = stack.enter_context(scratch_folder("ai-spend-product-"))
        url = None
        if programs is not None:
            try:
                url = stack.enter_context(postgresql.cluster(programs, place, DATABASE))
            except (RuntimeError, OSError) as error:
                if kind == "postgresql":
                    raise
                # The first run should need nothing else on the machine.
                print(f"a DuckDB file takes PostgreSQL's place: {error}", file=sys.stderr)
        if url is None:
            file = place / f"{DATABASE}.duckdb"
            write_duckdb(seller, file)
            url = f"duckdb:///{file}"
        else:
            fill_postgresql(seller, url)
        yield url
