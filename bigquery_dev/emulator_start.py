"""The emulator's own command, made exact for decimals; run by the Python of its environment.

Its statements go to DuckDB through sqlglot, which keeps 5 decimals of a BIGNUMERIC and 3 of a
NUMERIC. BigQuery has 38 and 9; DuckDB only has 38 digits in total, so here it is 18 and 9. And
integer division (DIV) would be done in floating point.
"""

from typing import Any

from bqemulator.cli import main  # type: ignore[import-not-found]
from sqlglot.expressions import DataType, IntDiv
from sqlglot.generators.duckdb import DuckDBGenerator


def integer_division(generator: Any, division: IntDiv) -> str:  # noqa: ANN401
    dividend, divisor = generator.sql(division.this), generator.sql(division.expression)
    return f"(cast({dividend} as hugeint) // cast({divisor} as hugeint))"


MAX_DIGITS = (38, 38)
DuckDBGenerator.TYPE_PARAM_SETTINGS |= {
    DataType.Type.BIGDECIMAL: ((38, 18), MAX_DIGITS),
    DataType.Type.DECIMAL: ((28, 9), MAX_DIGITS),
}
DuckDBGenerator.TRANSFORMS[IntDiv] = integer_division

if __name__ == "__main__":
    main()
