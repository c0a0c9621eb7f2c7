"""What counts as sample data, and what may share a warehouse with what."""

import pytest

from foundation.sample_data import is_sandbox, refusal

SANDBOX, VENDOR, FOLDER = "http://127.0.0.1:4711", "https://api.cursor.com", "file:///home/me/tabs"


def test_the_sandboxs_database_is_recognized_by_its_name_and_not_by_its_host():
    assert is_sandbox("postgresql://127.0.0.1:5432/ai_spend_sandbox")
    assert is_sandbox("duckdb:////tmp/sandbox-product-1/ai_spend_sandbox.duckdb")
    assert not is_sandbox("postgresql://127.0.0.1:5432/product"), "a tunnel to a real one"
    assert is_sandbox("http://127.0.0.1:4711")
    assert not is_sandbox("https://x.my.salesforce.com")
    assert is_sandbox(FOLDER) is None


@pytest.mark.parametrize(
    ("held", "brought"),
    [
        ([], [SANDBOX]),
        ([SANDBOX], [SANDBOX, FOLDER]),
        ([VENDOR, FOLDER], [VENDOR]),
        ([FOLDER], [VENDOR]),
        ([FOLDER], [SANDBOX]),
    ],
)
def test_the_same_kind_and_a_folder_of_files_are_allowed(held, brought):
    assert refusal("w.duckdb", held, brought) is None


@pytest.mark.parametrize(
    ("held", "brought", "said"),
    [
        ([SANDBOX], [VENDOR], "w.duckdb holds the sandbox's sample data (http://127.0.0.1:4711)"),
        ([FOLDER, VENDOR], [SANDBOX], "w.duckdb holds data of real vendors (https://api.cursor"),
        ([VENDOR], [VENDOR, SANDBOX], "this run would bring the sandbox's sample data (http://12"),
    ],
)
def test_the_other_kind_is_refused_with_both_addresses_and_what_to_do(held, brought, said):
    message = refusal("w.duckdb", held, brought)
    assert said in message
    assert "set another DUCKDB_PATH" in message
