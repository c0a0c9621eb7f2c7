from __future__ import annotations

import pytest

from tests.marts import small_company
from tests.marts.small_company import Marts


@pytest.fixture(scope="package")
def marts(tmp_path_factory: pytest.TempPathFactory) -> Marts:
    return small_company.compiled_marts(tmp_path_factory.mktemp("marts"))
