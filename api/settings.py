"""Settings, read once from the environment. Options of a command go before them."""

import os
from pathlib import Path
from typing import Annotated, Any, Literal

from platformdirs import user_data_path
from pydantic import Field, ValidationError, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from binocle.encoders.names import DEFAULT_MODEL
from binocle.errors import UsageError
from binocle.types import Limits
from indexer.sources.stores.addresses import checked_address, is_remote

_PREFIX = "BINOCLE_"
_ARCHIVE = ".tar.zst"  # what a backup is where its name ends so, and not a folder
COLLECTION_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"  # what a folder in the home may be called


class Settings(BaseSettings):
    """Everything that can be set; each is the variable ``BINOCLE_`` and its name in capitals."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, env_ignore_empty=True, frozen=True)

    home: Path = Field(default_factory=lambda: user_data_path("binocle", appauthor=False))
    catalog: str | None = None
    vectors: str | None = None
    model: str = DEFAULT_MODEL
    device: str = "auto"
    precision: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    model_cache: Path | None = None
    resident: bool = True
    workers: int = Field(default_factory=lambda: max(2, os.cpu_count() or 2), ge=1, le=256)
    max_pixels: int = Field(default=Limits().max_pixels, ge=1)
    max_bytes: int = Field(default=Limits().max_bytes, ge=1)
    decode_timeout_s: float = Field(default=Limits().timeout_s, gt=0)
    host: str = "127.0.0.1"
    port: int = Field(default=8765, ge=0, le=65535)
    sources: Annotated[tuple[Path | str, ...], NoDecode] = ()
    backups: Path | None = None
    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()
    max_body_bytes: int = Field(default=64 * 1024 * 1024, ge=1024)
    max_batch: int = Field(default=256, ge=1, le=10_000)
    queue_size: int = Field(default=256, ge=1)
    fetch_urls: bool = False
    webhooks: bool = False
    encode_batch: int = Field(default=32, ge=1)
    request_timeout_s: float = Field(default=60.0, gt=0)
    max_derived_bytes: int = Field(default=2 * 1024**3, ge=0)
    max_connections: int = Field(default=1000, ge=1, le=50_000)
    log_format: Literal["text", "json"] = "text"
    log_queries: bool = False
    mcp: bool = False
    telemetry: bool = False
    tls_certificate: Path | None = None
    tls_key: Path | None = None

    @field_validator("sources", mode="before")
    @classmethod
    def _places(cls, value: object) -> object:
        """Read paths, and addresses, which stay text: a path has no ``//``; after ``_split``."""
        if not isinstance(value, list | tuple):
            return value
        return tuple(
            checked_address(one) if isinstance(one, str) and is_remote(one) else Path(one)
            for one in value
        )

    @field_validator("sources", "cors_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        """Read a list from a variable: separated as PATH is, by commas where it has addresses."""
        if isinstance(value, str):
            separator = "," if "://" in value else os.pathsep
            return tuple(part.strip() for part in value.split(separator) if part.strip())
        return value

    @field_validator("backups")
    @classmethod
    def _folder(cls, path: Path | None) -> Path | None:
        """Read the folder of backups; each job would replace an archive."""
        if path is None:
            return None
        if path.name.endswith(_ARCHIVE):
            raise PydanticCustomError(
                "archive", "each backup would replace the one before; name a folder"
            )
        try:
            return path.expanduser()
        except RuntimeError as error:
            raise PydanticCustomError("home", "there is no such user's home; name it") from error

    @property
    def limits(self) -> Limits:
        """What one picture may cost."""
        return Limits(self.max_pixels, self.max_bytes, self.decode_timeout_s)


def read_settings(**options: Any) -> Settings:
    """Read the settings; options that are None are left to the environment.

    Raises:
        UsageError: A value cannot be used, or a variable is unknown.
    """
    known = {f"{_PREFIX}{name.upper()}" for name in Settings.model_fields}
    for name in os.environ:
        if name.upper().startswith(_PREFIX) and name.upper() not in known:
            raise UsageError(
                f"the environment variable {name} is unknown; known are {', '.join(sorted(known))}"
            )
    given = {name: value for name, value in options.items() if value is not None}
    try:
        settings = Settings(**given)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        raise UsageError(f"{name}={first['input']!r}: {first['msg']}") from error
    if settings.home.exists() and not settings.home.is_dir():
        raise UsageError(f"the data home {settings.home} is a file, not a folder")
    return settings
