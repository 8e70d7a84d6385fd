"""Names without the folders of this machine: a client has no use for them."""

from pathlib import Path


def public_uri(uri: str) -> str:
    """Return a uri as clients see it: of a file only its name."""
    return uri.rsplit("/", 1)[-1] if uri.startswith("/") else uri


def public_model(name: str) -> str:
    """Return a model's name as clients see it: of a local folder or file only the last part."""
    folder = Path(name)
    if folder.is_absolute():
        return folder.name
    architecture, slash, pretrained = name.partition("/")
    return f"{architecture}/{Path(pretrained).name}" if slash and "/" in pretrained else name
