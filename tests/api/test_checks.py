"""What the API is given is looked at before anything starts, and refused with its name and a cure."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from carousel.api.checks import check_given
from carousel.errors import StartError
from carousel.settings import Settings


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"secret_key": SecretStr("short")}, "CAROUSEL_SECRET_KEY is too short; use at least 16"),
        ({"token_secret": SecretStr("s" * 31)}, "CAROUSEL_TOKEN_SECRET is too short; use at least 32"),
        ({"oidc_issuer": "https://id.example"}, "CAROUSEL_OIDC_ISSUER needs CAROUSEL_OIDC_AUDIENCE"),
        ({"web_dir": Path("/nonexistent")}, "CAROUSEL_WEB_DIR=/nonexistent holds no index.html; name the folder"),
        ({"spool": Path("/proc/x")}, "CAROUSEL_SPOOL=/proc/x cannot be written: No such file or directory; choose"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_setting_that_cannot_work_is_named(given: dict[str, object], said: str) -> None:
    with pytest.raises(StartError, match=said):
        check_given(Settings().model_copy(update=given))


def test_what_can_work_is_taken(tmp_path: Path) -> None:
    (tmp_path / "index.html").touch()
    check_given(Settings(web_dir=tmp_path, spool=tmp_path / "spool", secret_key=SecretStr("k" * 16)))
    assert list((tmp_path / "spool").iterdir()) == []
