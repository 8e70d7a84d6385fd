"""How good the two towers (or the teachers' joint space) are on what training did not see."""

from collections.abc import Callable, Sequence

import numpy as np
import torch

from evaluation.retrieval import RECALLS, evaluate_pairs
from training.mini.dataset import DataSet, unit
from training.mini.tokenizer import product_phrases

_PARAPHRASES = (  # what captions say less often, and how they say it
    ("puppy", "dog"),
    ("a puppy playing", "a dog playing"),
    ("hound", "dog"),
    ("bike rider", "man riding a bicycle"),
    ("cyclist", "person riding a bike"),
    ("sneakers", "shoes"),
    ("handbag", "bag"),
    ("purse", "bag"),
    ("kid", "child"),
    ("toddler", "little child"),
    ("youngster", "young boy"),
    ("a lady", "a woman"),
    ("gentleman", "man"),
    ("ocean", "the sea"),
    ("seashore", "beach"),
    ("soccer", "football"),
    ("automobile", "car"),
    ("snowy mountain", "mountain covered with snow"),
    ("infant", "baby"),
    ("motorbike", "motorcycle"),
    ("a guy jumping", "a man jumping"),
    ("surfboarder", "surfer on a wave"),
    ("alpinist", "man climbing a rock"),
    ("racing automobile", "race car"),
    ("lawn", "grass"),
    ("swimming kid", "child in a pool"),
    ("canine in snow", "dog running in the snow"),
    ("musician", "man playing guitar"),
    ("bicycle", "bike"),
    ("sprinting dog", "dog running"),
)

Embed = Callable[[torch.Tensor], torch.Tensor]
EmbedTexts = Callable[[Sequence[str]], torch.Tensor]


def measure(sets: Sequence[DataSet], images: Embed, texts: EmbedTexts) -> dict[str, float]:
    """Return percentages by name.

    Args:
        sets: As ``load_sets`` gives for measuring.
        images: From ``(n, 3, 224, 224)`` uint8 to rows.
        texts: From texts to rows.
    """
    found: dict[str, float] = {}
    for one in sets:
        rows = unit(images(one.pixels))
        if one.name == "flickr8k-dev":
            found |= _captions(one, rows, texts)
        elif one.name == "fashion":
            found |= _products(one, rows, texts)
        else:
            found |= _labels(one, rows, texts)
    flickr = next(one for one in sets if one.name == "flickr8k-dev")
    found["paraphrases"] = _paraphrases(unit(images(flickr.pixels)), texts)
    return found


def _captions(one: DataSet, rows: torch.Tensor, texts: EmbedTexts) -> dict[str, float]:
    captions = [text for own in one.texts for text in own]
    owner = np.repeat(np.arange(len(one.texts)), [len(own) for own in one.texts])
    image_rows, text_rows = rows.cpu().numpy(), unit(texts(captions)).cpu().numpy()
    report = evaluate_pairs(image_rows, text_rows, np.arange(len(owner)), owner, resamples=1)
    return {
        f"{way}@{k}": 100 * section.estimates[f"recall@{k}"].value
        for way, section in (("t2i", report.text_to_image), ("i2t", report.image_to_text))
        for k in RECALLS
    }


def _products(one: DataSet, rows: torch.Tensor, texts: EmbedTexts) -> dict[str, float]:
    titles = unit(texts([own[0] for own in one.texts]))
    scores = titles @ rows.T
    ranks = (scores > scores.diagonal()[:, None]).sum(1)
    phrases = [phrases[0] if (phrases := product_phrases(label)) else "" for label in one.labels]
    least = min(10, len(phrases) // 50)
    wanted = sorted({one for one in phrases if one and phrases.count(one) >= least})
    hits = (unit(texts(wanted)) @ rows.T).topk(min(10, len(rows))).indices.tolist()
    right = [phrases[at] == text for text, found in zip(wanted, hits, strict=True) for at in found]
    return {
        "title@10": _share(ranks < 10),
        "colour+article P@10": 100 * sum(right) / max(1, len(right)),
    }


def _labels(one: DataSet, rows: torch.Tensor, texts: EmbedTexts) -> dict[str, float]:
    names = sorted(set(one.labels))
    templates = ("{}", "a photo of a {}.", "a picture of a {}.", "a close-up of a {}.")
    rows_of_names = torch.zeros((len(names), rows.shape[1]), device=rows.device)
    for template in templates:
        prompts = [template.format(name.replace("_", " ").lower()) for name in names]
        rows_of_names += unit(texts(prompts))
    guesses = (rows @ unit(rows_of_names).T).argmax(1).tolist()
    right = [names[guess] == label for guess, label in zip(guesses, one.labels, strict=True)]
    return {"caltech zero-shot": 100 * sum(right) / len(right)}


def _paraphrases(rows: torch.Tensor, texts: EmbedTexts) -> float:
    one = (unit(texts([pair[0] for pair in _PARAPHRASES])) @ rows.T).topk(10).indices.tolist()
    two = (unit(texts([pair[1] for pair in _PARAPHRASES])) @ rows.T).topk(10).indices.tolist()
    return sum(len(set(a) & set(b)) for a, b in zip(one, two, strict=True)) * 10 / len(one)


def _share(right: torch.Tensor) -> float:
    return 100 * float(right.float().mean())
