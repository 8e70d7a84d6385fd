"""``binocle serve``: the HTTP service under uvicorn."""

import uvicorn

from api.app import create_app
from api.wiring import Workshop


def serve_forever(workshop: Workshop) -> None:
    """Answer requests until told to stop."""
    settings = workshop.settings
    uvicorn.run(create_app(workshop), host=settings.host, port=settings.port, log_level="info")
