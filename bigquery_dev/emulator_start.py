"""The emulator's own command, made exact for decimals; run by the Python of its environment.

Its statements go to DuckDB through sqlglot, which keeps 5 decimals of a BIGNUMERIC and 3 of a
NUMERIC. BigQuery has 38 and 9; DuckDB only has 38 digits in total, so here it is 18 and 9. A
product has the decimals of both factors, so that a literal gets those that it is written with, and
what is divided as whole numbers (DIV) none; else that would be done in floating point.

The emulator also looks for literals with patterns of its own, which an apostrophe in a comment
confuses, and it turns the names of columns into lower case when it knows the tables. Here sqlglot
finds the literals, and names stay as they are written.
"""

from typing import Any

import sqlglot
from bqemulator.cli import main  # type: ignore[import-not-found]
from bqemulator.sql import translator  # type: ignore[import-not-found]
from sqlglot.expressions import Cast, DataType, Func, IntDiv, Literal, Mul, TimestampDiff
from sqlglot.generators.duckdb import DuckDBGenerator
from sqlglot.optimizer.qualify import qualify

BIG = (DataType.Type.BIGDECIMAL, DataType.Type.DECIMAL)
cast_sql = DuckDBGenerator.cast_sql


def is_factor(cast: Cast, division: IntDiv) -> bool:
    """Whether it is a part of the quotient itself, and not of a function's argument."""
    above = cast.parent
    while above is not None and above is not division:
        if isinstance(above, Func):
            return False
        above = above.parent
    return True


def integer_division(generator: Any, division: IntDiv) -> str:  # noqa: ANN401
    for cast in list(division.find_all(Cast)):
        if cast.to.this in BIG and is_factor(cast, division):
            cast.set("to", DataType.build("hugeint", dialect="duckdb"))
    dividend, divisor = generator.sql(division.this), generator.sql(division.expression)
    return f"(cast({dividend} as hugeint) // cast({divisor} as hugeint))"


def multiplication(generator: Any, product: Mul) -> str:  # noqa: ANN401
    """Else a quotient would have 38 digits before the point, and take them from the decimals of
    what stands beside it in a CASE."""
    text = str(generator.binary(product, "*"))
    factors = (product.this.unnest(), product.expression.unnest())
    is_scaled = any(isinstance(factor, Cast) and factor.to.this in BIG for factor in factors)
    if is_scaled and any(isinstance(factor, IntDiv) for factor in factors):
        return f"CAST({text} AS DECIMAL(38, 18))"
    return text


def exact_cast(generator: Any, cast: Cast, safe_prefix: str | None = None) -> str:  # noqa: ANN401
    written = cast.this.name if isinstance(cast.this, Literal) else ""
    whole, point, decimals = written.lstrip("-").partition(".")
    if cast.to.this in BIG and point and (whole + decimals).isdigit():
        return f"CAST('{written}' AS DECIMAL({len(whole + decimals)}, {len(decimals)}))"
    inner = cast.this.unnest()
    text = str(cast_sql(generator, cast, safe_prefix))
    if cast.is_type("text") and isinstance(inner, Cast) and inner.to.this in BIG:
        # BigQuery writes no zeros at the end.
        return f"rtrim(rtrim({text}, '0'), '.')"
    return text


def floats(sql: str) -> str:
    """A literal with a point is a FLOAT64 on BigQuery; on DuckDB it needs an exponent to be one.
    Not where it is cast to a decimal, as dbt's unit tests do."""
    tokens = sqlglot.tokenize(sql, read="bigquery")
    for place, token in reversed([*enumerate(tokens)]):
        text = token.text.lower()
        if token.token_type is not sqlglot.TokenType.NUMBER or "." not in text or "e" in text:
            continue
        after = [one.text.upper() for one in tokens[place + 1 : place + 3]]
        if after not in (["AS", "NUMERIC"], ["AS", "BIGNUMERIC"]):
            sql = f"{sql[: token.end + 1]}e0{sql[token.end + 1 :]}"
    return sql


def whole_intervals(generator: Any, difference: TimestampDiff) -> str:  # noqa: ANN401
    """BigQuery counts whole hours, DuckDB's DATE_DIFF how often the hour changes."""
    unit = f"'{difference.text('unit').lower()}'"
    end, start = generator.sql(difference.this), generator.sql(difference.expression)
    return f"DATESUB({unit}, {start}, {end})"


def qualify_as_written(tree: Any, **options: Any) -> Any:  # noqa: ANN401
    return qualify(tree, **options | {"dialect": "duckdb, normalization_strategy=case_sensitive"})


MAX_DIGITS = (38, 38)
DuckDBGenerator.TYPE_PARAM_SETTINGS |= {
    DataType.Type.BIGDECIMAL: ((38, 18), MAX_DIGITS),
    DataType.Type.DECIMAL: ((28, 9), MAX_DIGITS),
}
DuckDBGenerator.TRANSFORMS |= {
    IntDiv: integer_division,
    Mul: multiplication,
    TimestampDiff: whole_intervals,
}
DuckDBGenerator.cast_sql = exact_cast  # type: ignore[assignment]
translator.rewrite_numeric_literals = str
translator.rewrite_decimal_literals = floats
translator.qualify = qualify_as_written

if __name__ == "__main__":
    main()
