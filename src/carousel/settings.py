"""All settings in one place, read from `CAROUSEL_…` variables once, when a process starts.

`carousel up` fills the URLs of the embedded servers and the secrets it keeps in its home; a deployment
sets them itself. docs/operations.md has a line for each field (a test keeps it so).
"""

import re
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import platformdirs
from pydantic import Field, SecretStr, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class Settings(BaseSettings):
    # No error shows what was given: it may be a secret.
    model_config = SettingsConfigDict(env_prefix="CAROUSEL_", extra="ignore", hide_input_in_errors=True)

    home: Path = Field(
        default_factory=lambda: Path(platformdirs.user_data_dir("carousel")),
        description="Folder of the embedded servers' data, secrets and run file.",
    )
    database_url: str | None = Field(default=None, description="PostgreSQL URL; unset means embedded.")
    valkey_url: str | None = Field(default=None, description="Valkey or Redis URL; unset means embedded.")
    database_pool: int = Field(default=8, ge=1, le=200, description="Connections per API process.")

    host: str = Field(default="127.0.0.1", description="Address the API listens on.")
    port: int = Field(default=8080, ge=0, le=65535, description="Port the API listens on.")
    api_workers: int = Field(default=2, ge=1, le=64, description="API processes behind one port.")
    metrics_host: str = Field(default="127.0.0.1", description="Address a dataflow's /metrics listens on.")
    metrics_port: int = Field(
        default=0, ge=0, le=65535, description="Port of a dataflow's /metrics, under `up` of the first; 0 picks one."
    )
    web_dir: Path | None = Field(default=None, description="Built web app; unset means the packaged one.")
    cors_origins: Annotated[list[str], NoDecode] = Field(
        default=[], description="Origins whose pages may call the API, separated by commas."
    )

    demo: bool = Field(default=False, description="Allow POST /v1/token (log in by email, no password).")
    secret_key: SecretStr | None = Field(
        default=None, description="Key of your servers: writes, and requests for any shopper; at least 16 characters."
    )
    token_secret: SecretStr | None = Field(
        default=None, description="Signs anonymous and demo tokens; at least 32 characters."
    )
    oidc_issuer: str | None = Field(default=None, description="Issuer whose tokens are accepted.")
    oidc_audience: str | None = Field(default=None, description="Audience those tokens must name.")
    oidc_jwks_url: str | None = Field(default=None, description="Keys of the issuer; unset: ask its discovery.")
    token_hours: float = Field(default=720, gt=0, le=8760, description="Life of anonymous and demo tokens, in hours.")

    currency: str = Field(
        default="EUR", pattern="^[A-Z]{3}$", description="Currency of feeds and empty catalogues that name none."
    )
    partitions: int = Field(default=8, ge=1, le=64, description="Partitions of the activity stream; fixed for life.")
    activity_months: int = Field(
        default=0, ge=0, description="Months of events the archive keeps; 0 keeps all, else at least 3."
    )
    valkey_fsync: Literal["everysec", "always"] = Field(
        default="everysec", description="How soon the embedded event log is on disk."
    )
    spool: Path | None = Field(
        default=None, description="Folder where the API keeps events while the event log is away; unset: 503 instead."
    )
    spool_mb: int = Field(default=256, ge=1, description="Most megabytes of events each API process spools.")
    import_mb: int = Field(default=2048, ge=1, description="Most megabytes of a feed that is sent or downloaded.")
    feed_authorization: SecretStr | None = Field(
        default=None, description="Authorization header for feeds that are downloaded, such as `Bearer …`."
    )
    exact_limit: int = Field(
        default=300_000, ge=0, description="Largest catalogue whose every listing is scored for each slate."
    )
    slate_ttl: int = Field(default=600, ge=0, description="Seconds a slate stays cached; 0 turns the cache off.")
    slate_days: int = Field(default=30, ge=1, le=3650, description="Days for which served slates are kept.")
    placements_file: Path | None = Field(
        default=None, description="Your weights, rules and experiments by placement; unset means the packaged ones."
    )
    exploration: float | None = Field(
        default=None, ge=0, le=0.5, description="Replaces every placement's share of exploration, for a trial."
    )
    train_every: float = Field(
        default=24,
        ge=0,
        description="Hours between trainings of the choice model under `carousel up`; 0 turns them off.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(default="INFO", description="Least level logged.")
    log_format: Literal["json", "console"] = Field(default="json", description="json for machines, console to read.")

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _are_origins(cls, value: Any) -> Any:
        origins = re.split(r"[\s,]+", value.strip(" \n\t[]")) if isinstance(value, str) else value
        return [_origin(origin.strip("\"'")) for origin in origins if origin]

    @field_validator("database_url")
    @classmethod
    def _is_of_postgresql(cls, value: str | None) -> str | None:
        # Here, because libpq's own words about a URL it cannot read quote it, password and all.
        if value and not _libpq_understands(value):
            raise PydanticCustomError(
                "database_url",
                "it is no PostgreSQL URL; write postgresql://USER:PASSWORD@HOST:PORT/NAME, with @ / % of a password as "
                "%40 %2F %25",
            )
        return value

    @field_validator("valkey_url")
    @classmethod
    def _is_of_valkey(cls, value: str | None) -> str | None:
        if value:
            from redis.connection import parse_url  # whoever has no URL pays nothing for it

            try:
                parse_url(value)  # type: ignore[no-untyped-call]
            except ValueError as error:  # it may quote a piece of the password, where a port would stand
                raise PydanticCustomError(
                    "valkey_url",
                    "it is no Valkey URL; write redis://USER:PASSWORD@HOST:PORT/0, rediss:// for TLS or unix:///PATH, "
                    "with / # ? of a password as %2F %23 %3F",
                ) from error
        return value

    @property
    def token_seconds(self) -> int:
        """How long a token may live that was made just now; those of an OIDC provider are taken to last a week."""
        return int(max(self.token_hours, 168) * 3_600)


def _origin(text: str) -> str:
    """Return an origin as browsers send it; one that they never send would let nobody in, and not say so."""
    if text == "*":
        return text
    try:
        parts = urlsplit(text.lower())
        host, port = parts.hostname, parts.port
        is_origin = host and "*" not in host and not (parts.username or parts.path.strip("/") or parts.query)
    except ValueError:
        is_origin = False
    if not is_origin:
        raise PydanticCustomError(
            "cors_origins",
            "{text} is no origin; write * or https://www.example.com, each by itself and without a path",
            {"text": repr(text)},
        )
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    return f"{parts.scheme}://{host}" + (f":{port}" if port not in (None, usual) else "")


def _libpq_understands(url: str) -> bool:
    """Tell whether a URL has a host and a port where libpq looks for them, and no piece of a password there."""
    import psycopg  # whoever has no URL pays nothing for it
    from psycopg.conninfo import conninfo_to_dict

    try:
        said = conninfo_to_dict(url)
    except psycopg.Error:
        return False
    ports = str(said.get("port") or "").split(",")
    return "@" not in str(said.get("host") or "") and all(port == "" or port.isdecimal() for port in ports)
