"""All settings in one place, read from `CAROUSEL_…` variables once, when a process starts.

`carousel up` fills the URLs of the embedded servers and the secrets it keeps in its home; a deployment
sets them itself. docs/operations.md has a line for each field (a test keeps it so).
"""

from pathlib import Path
from typing import Literal

import platformdirs
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="CAROUSEL_", extra="ignore")

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
    metrics_port: int = Field(default=0, ge=0, le=65535, description="Port of a dataflow's /metrics; 0 picks one.")
    web_dir: Path | None = Field(default=None, description="Built web app; unset means the packaged one.")
    cors_origins: list[str] = Field(default=[], description="Origins whose pages may call the API (JSON list).")

    demo: bool = Field(default=False, description="Allow POST /v1/token (log in by email, no password).")
    secret_key: SecretStr | None = Field(default=None, description="Key for catalogue writes; at least 16 characters.")
    token_secret: SecretStr | None = Field(
        default=None, description="Signs anonymous and demo tokens; at least 32 characters."
    )
    oidc_issuer: str | None = Field(default=None, description="Issuer whose tokens are accepted.")
    oidc_audience: str | None = Field(default=None, description="Audience those tokens must name.")
    oidc_jwks_url: str | None = Field(default=None, description="Keys of the issuer; unset: ask its discovery.")
    token_hours: float = Field(default=720, gt=0, le=8760, description="Life of anonymous and demo tokens, in hours.")

    currency: str = Field(
        default="EUR", pattern="^[A-Z]{3}$", description="Currency price filters use when a request names none."
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

    @property
    def token_seconds(self) -> int:
        """How long a token may live that was made just now; those of an OIDC provider are taken to last a week."""
        return int(max(self.token_hours, 168) * 3_600)
