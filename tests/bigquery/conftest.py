import pytest

from bigquery.compiled import compile_project


@pytest.fixture(scope="session")
def project():
    """The project as `make check-bigquery` compiles it."""
    return compile_project()
