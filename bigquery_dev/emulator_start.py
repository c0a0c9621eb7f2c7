"""The emulator's own command, with exact numbers: run by the Python of its environment.

Its statements go to DuckDB through sqlglot, which keeps 5 decimals of a BIGNUMERIC and 3 of a
NUMERIC. BigQuery has 38 and 9; DuckDB has 38 digits in all, so that it is 18 and 9 here. And whole
division (DIV) would be one of floating-point numbers.
"""

from typing import Any

from bqemulator.cli import main  # type: ignore[import-not-found]
from sqlglot.expressions import DataType, IntDiv
from sqlglot.generators.duckdb import DuckDBGenerator


def whole_division(generator: Any, division: IntDiv) -> str:  # noqa: ANN401
    dividend, divisor = generator.sql(division.this), generator.sql(division.expression)
    return f"(cast({dividend} as hugeint) // cast({divisor} as hugeint))"


MOST = (38, 38)
DuckDBGenerator.TYPE_PARAM_SETTINGS |= {
    DataType.Type.BIGDECIMAL: ((38, 18), MOST),
    DataType.Type.DECIMAL: ((28, 9), MOST),
}
DuckDBGenerator.TRANSFORMS[IntDiv] = whole_division

if __name__ == "__main__":
    main()
