"""Which build of torch is installed, and whether this machine has what it is for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TorchBuild:
    """A build of torch.

    Attributes:
        version: Its version.
        cuda: The version of CUDA it is built for; None for none.
        has_gpu: Whether a GPU can be used.
    """

    version: str
    cuda: str | None
    has_gpu: bool


def torch_build() -> TorchBuild:
    """Return which build of torch is installed; importing it takes a second."""
    import torch

    return TorchBuild(str(torch.__version__), torch.version.cuda, torch.cuda.is_available())
