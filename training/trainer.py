"""The loop: steps, measurements, the best weights, states to go on from."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import torch
from torch import Tensor

from binocle.errors import BinocleError, ModelError
from training.averaging import WeightAverage
from training.batches import Batches
from training.models import Trainee
from training.objectives import Objective
from training.recipe import Recipe, default_lr, epochs_for
from training.schedules import parameter_groups, warmup_cosine
from training.validation import Recalls

_LARGEST_GRADIENT = 1.0
_BETAS = (0.9, 0.98)  # CLIP's
_CHECKPOINT_EVERY_S = 600.0
_SHARES_OF_THE_START = (0.25, 0.5, 0.75)

Row: TypeAlias = dict[str, float]


class TrainingStoppedError(BinocleError):
    """Somebody asked for an end; the state has been saved."""

    code = "interrupted"


@dataclass(slots=True)
class TrainingProgress:
    """How far a run is.

    Attributes:
        step: Steps done.
        steps: Steps of the whole run.
        loss: Of the last step; None before the first.
        recall: The mean recall last measured; None before the first measurement.
    """

    step: int
    steps: int
    loss: float | None = None
    recall: float | None = None


@dataclass(frozen=True, slots=True)
class Hooks:
    """What the loop asks and tells whoever runs it.

    Attributes:
        measure: Measures the trainee as it is.
        save: Keeps a state to go on from.
        record: Takes a row of the history.
        advance: Told after every step.
        should_stop: Asked after every step.
    """

    measure: Callable[[], Recalls]
    save: Callable[[dict[str, Any]], None] = lambda _state: None
    record: Callable[[Row], None] = lambda _row: None
    advance: Callable[[TrainingProgress], None] = lambda _progress: None
    should_stop: Callable[[], bool] = lambda: False


class Best(NamedTuple):
    """The best weights so far.

    Attributes:
        score: Their mean recall.
        step: After which step they were; 0 is the start.
        share_of_start: How much of them is the start's; 0 but where a mixture was best.
        weights: The weights.
    """

    score: float
    step: int
    share_of_start: float
    weights: dict[str, Tensor]


class Trainer:
    """Trains a model and leaves the best weights in it."""

    def __init__(
        self, trainee: Trainee, objective: Objective, batches: Batches, recipe: Recipe
    ) -> None:
        """Set up; freezing has been done.

        Raises:
            ModelError: Nothing is left to train.
        """
        self._trainee = trainee
        self._objective = objective
        self._batches = batches
        self._recipe = recipe
        self.epochs = recipe.epochs or epochs_for(batches.per_epoch)
        self._patience = recipe.patience or max(5, self.epochs // 3)
        self.steps = self.epochs * batches.per_epoch
        self._warmup = round(recipe.warmup * self.steps)
        groups = parameter_groups(trainee.model, recipe.weight_decay)
        trained = sum(one.numel() for group in groups for one in group["params"])
        bias = objective.bias
        ours = {id(one) for group in groups for one in group["params"]}
        if bias is not None and id(bias) not in ours:
            groups[1]["params"].append(bias)
        if not any(group["params"] for group in groups):
            raise ModelError("nothing is left to train; lock less")
        self.trained_parameters = trained
        self.lr = recipe.lr or default_lr(trained, recipe.batch)
        self._optimizer = torch.optim.AdamW(groups, lr=self.lr, betas=_BETAS, eps=1e-6)
        self._average = WeightAverage(trainee.model, recipe.average)
        self.step = 0
        self.best = Best(-math.inf, 0, 0.0, {})
        self._start = self._copied()
        self._since_best = 0
        self._recall: float | None = None
        self.history: list[Row] = []
        torch.manual_seed(recipe.seed)

    def run(self, hooks: Hooks) -> None:
        """Train to the end, or until recall stops getting better; then take the best weights.

        Raises:
            TrainingStoppedError: ``should_stop`` said so; the state was saved.
            ModelError: The loss became infinite.
        """
        if not self.history:
            self._measure(hooks)
        self._tell(hooks)
        saved_at = time.monotonic()
        while self.step < self.steps and self._since_best < self._patience:
            self._advance(hooks)
            if self.step % self._batches.per_epoch == 0:
                self._measure(hooks)
                hooks.save(self.state())
                saved_at = time.monotonic()
            self._tell(hooks)
            is_stopped = hooks.should_stop()
            if is_stopped or time.monotonic() - saved_at > _CHECKPOINT_EVERY_S:
                hooks.save(self.state())
                saved_at = time.monotonic()
            if is_stopped:
                raise TrainingStoppedError(f"interrupted after step {self.step} of {self.steps}")
        self._mix(hooks)
        self._trainee.model.load_state_dict(self.best.weights)

    def _tell(self, hooks: Hooks) -> None:
        loss = next((row["loss"] for row in reversed(self.history) if "loss" in row), None)
        hooks.advance(TrainingProgress(self.step, self.steps, loss, self._recall))

    def _advance(self, hooks: Hooks) -> None:
        rate = self.lr * warmup_cosine(self.step, total=self.steps, warmup=self._warmup)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        self._trainee.set_training()
        self._optimizer.zero_grad(set_to_none=True)
        batch = self._batches.at(self.step)
        try:
            loss = self._objective.backward(batch, self._recipe.chunk)
        except torch.OutOfMemoryError as error:
            raise ModelError(
                f"{self._trainee.device} has too little memory for {self._recipe.chunk} pairs at "
                "once; train with a lower --chunk, the result is the same"
            ) from error
        if not math.isfinite(loss):
            raise ModelError(
                f"the loss became {loss} in step {self.step + 1}; train with a lower --lr than "
                f"{self.lr:g}, or with --precision float32"
            )
        trained = [one for group in self._optimizer.param_groups for one in group["params"]]
        torch.nn.utils.clip_grad_norm_(trained, _LARGEST_GRADIENT)
        self._optimizer.step()
        self._average.update(self._trainee.model)
        self.step += 1
        scale = float(self._objective.scale().detach())
        self._record({"step": self.step, "loss": loss, "lr": rate, "scale": scale}, hooks)

    def _measure(self, hooks: Hooks) -> None:
        """Measure the averaged weights, and keep them if they are the best so far."""
        present = self._copied()
        self._average.copy_to(self._trainee.model)
        is_better = self._keep_if_better(hooks, 0.0)
        self._since_best = 0 if is_better else self._since_best + 1
        self._trainee.model.load_state_dict(present)

    def _mix(self, hooks: Hooks) -> None:
        """Measure mixtures of the last weights with the start's, which often know most.

        Source:
            Wortsman et al. (2022), https://arxiv.org/abs/2109.01903 (WiSE-FT), section 3.
        """
        self._average.copy_to(self._trainee.model)
        last = self._copied()
        for share in _SHARES_OF_THE_START:
            mixed = {
                name: one.lerp(self._start[name], share) if one.is_floating_point() else one
                for name, one in last.items()
            }
            self._trainee.model.load_state_dict(mixed)
            self._keep_if_better(hooks, share)

    def _keep_if_better(self, hooks: Hooks, share: float) -> bool:
        """Measure the model as it is; tell whether it is the best so far, which is then kept."""
        recalls = hooks.measure()
        self._recall = recalls.mean
        is_better = recalls.mean > self.best.score
        if is_better:
            self.best = Best(recalls.mean, self.step, share, self._copied())
        row: Row = {"step": self.step, "mean_recall": recalls.mean, "share_of_start": share}
        for k, there, back in zip(
            (1, 5, 10), recalls.text_to_image, recalls.image_to_text, strict=True
        ):
            row[f"text_to_image_{k}"] = there
            row[f"image_to_text_{k}"] = back
        self._record(row, hooks)
        return is_better

    def _copied(self) -> dict[str, Tensor]:
        state = self._trainee.model.state_dict()
        return {name: one.detach().clone() for name, one in state.items()}

    def _record(self, row: Row, hooks: Hooks) -> None:
        self.history.append(row)
        hooks.record(row)

    def state(self) -> dict[str, Any]:
        """Return all that ``restore`` needs to go on as if nothing had happened."""
        on_gpu = self._trainee.device.type == "cuda"
        bias = self._objective.bias
        return {
            "step": self.step,
            "model": self._trainee.model.state_dict(),
            "bias": None if bias is None else bias.detach(),
            "optimizer": self._optimizer.state_dict(),
            "average": self._average.state_dict(),
            "best": self.best._asdict(),
            "since_best": self._since_best,
            "recall": self._recall,
            "history": self.history,
            "random": torch.get_rng_state(),
            "random_cuda": torch.cuda.get_rng_state() if on_gpu else None,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state; the data and the recipe have to be the same."""
        self.step = int(state["step"])
        self._trainee.model.load_state_dict(state["model"])
        if self._objective.bias is not None:
            with torch.no_grad():
                self._objective.bias.copy_(state["bias"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._average.load_state_dict(state["average"])
        self.best = Best(**state["best"])
        self._since_best = int(state["since_best"])
        self._recall = state["recall"]
        self.history = list(state["history"])
        torch.set_rng_state(state["random"])
        if state["random_cuda"] is not None and self._trainee.device.type == "cuda":
            torch.cuda.set_rng_state(state["random_cuda"])
