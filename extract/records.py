"""A vendor's record as far as the marts need it: types, units, required keys.

Each vendor's models are beside its extractor. The models only check. What lands is the vendor's
text, including keys that are not named here. Vendors change the types of ids, leave out keys, add
kinds and products: none of this is an error. A record is only rejected if its money, amounts,
person or day cannot be used.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


def finite(value: Decimal) -> Decimal:
    if not value.is_finite():
        raise ValueError("must be a finite number")
    return value


Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Count = Annotated[int, Field(strict=True)]
Id = str | int | None


class Record(BaseModel):
    """One vendor record. Other keys are allowed and ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    def day(self) -> dt.date | None:
        """The UTC day that the record belongs to, if the record says so itself."""
        return None
