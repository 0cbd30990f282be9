"""PRESENCE_SCOPE: what it may say, and what is said about anything else."""

import pytest

from app.config import load_settings
from app.config.scope import ScopeSetting
from app.errors import SettingsError

REQUIRED = {
    "AZURE_TENANT_ID": "contoso.com",
    "AZURE_CLIENT_ID": "5d4c3b2a-1111-2222-3333-444455556666",
    "AZURE_CLIENT_SECRET": "invented~Value",
}
SALES = "0f0e0d0c-1111-2222-3333-444455556666"
NO_KIND = "begins with none of the known kinds"


def scope(text: str) -> ScopeSetting:
    return load_settings({**REQUIRED, "PRESENCE_SCOPE": text}, dotenv=None).scope


def problems(text: str) -> list[str]:
    with pytest.raises(SettingsError) as raised:
        scope(text)
    return str(raised.value).splitlines()


@pytest.mark.parametrize("text", ["", "tenant", " Tenant ", "tenant,"])
def test_everybody_is_the_default(text: str) -> None:
    assert scope(text) == ScopeSetting(tenant=True)


def test_a_list_is_the_union_of_its_parts() -> None:
    text = (
        f"group:{SALES}, Domain: Contoso.COM ,user:max@contoso.com,USER:{SALES},domain:b\u00fccher.example,"
    )
    assert scope(text) == ScopeSetting(
        groups=(SALES,), domains=("Contoso.COM", "b\u00fccher.example"), users=("max@contoso.com", SALES)
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (" ", "holds no entry"),
        (",", "holds no entry: write tenant, or a comma list of group:<object id>"),
        ("tenat", f"entry 1 {NO_KIND}: did you mean tenant?"),
        (f"groups:{SALES}", f"entry 1 {NO_KIND}: did you mean group:?"),
        ("doman:contoso.com", f"entry 1 {NO_KIND}: did you mean domain:?"),
        ("usr:max@contoso.com", f"entry 1 {NO_KIND}: did you mean user:?"),
        ("max@contoso.com", f"entry 1 {NO_KIND}: write tenant, or a comma list"),
        ("domain:contoso.com,tenant", "entry 2 is tenant, which means everybody"),
        ("tenant:contoso.com", f"entry 1 {NO_KIND}"),
        ("group:Sales", "entry 1 names a group by something other than its id"),
        ("group:", "entry 1 names a group by something other than its id"),
        ("domain:@contoso.com", "entry 1 names no domain: write it like domain:contoso.com"),
        ("domain:contoso", "entry 1 names no domain"),
        ("user:max", "entry 1 names no person: enter a whole address or an object id"),
    ],
)
def test_a_mistake_is_told_in_one_sentence(text: str, sentence: str) -> None:
    (told,) = problems(text)
    assert told.startswith(f"PRESENCE_SCOPE {sentence}")
    assert told.endswith((".", "?"))


def test_every_mistake_is_told_and_no_value_with_it() -> None:
    """A value may be a name that is nobody's business in a log."""
    told = problems("group:Secret-1,secret-2:x,domain:secret_3,domain:contoso.com,user:secret-4")
    assert [sentence.split()[2] for sentence in told] == ["1", "2", "3", "5"]
    assert "secret" not in " ".join(told).lower()
