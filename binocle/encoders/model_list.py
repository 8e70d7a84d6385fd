"""Models worth choosing, with what is published about them.

Retrieval quality is text to image, from two publications, read in autumn 2026: the mean of
recall@1, @5 and @10 on Crossmodal-3600 by Immich (https://docs.immich.app/features/searching),
and recall@5 on MSCOCO by open_clip (docs/openclip_retrieval_results.csv in its repository).
Neither has all models. Download sizes are parameters times four bytes, counted on open_clip
3.3's architectures.
"""

from dataclasses import dataclass

QUALITY_SOURCE = (
    "text to image, percent; en, zh: mean recall@1/5/10 on Crossmodal-3600, "
    "docs.immich.app/features/searching; coco: recall@5 on MSCOCO, open_clip's "
    "docs/openclip_retrieval_results.csv"
)


@dataclass(frozen=True, slots=True)
class RecommendedModel:
    """A model and its facts.

    Attributes:
        name: What to give ``--model``.
        dimension: Components of a vector.
        download_bytes: Size of the float32 weights.
        languages: Of the queries it understands.
        licence: Of the weights.
        recall_english: Percent, English queries; None where nothing is published.
        recall_chinese: Percent, simplified Chinese queries.
        recall_coco: Percent, recall@5 on MSCOCO.
        remark: When to choose it.
    """

    name: str
    dimension: int
    download_bytes: int
    languages: str
    licence: str
    recall_english: float | None
    recall_chinese: float | None
    recall_coco: float | None
    remark: str


RECOMMENDED: tuple[RecommendedModel, ...] = (
    RecommendedModel(
        "ViT-B-16-SigLIP2/webli", 768, 1_500_000_000, "109, English best", "Apache-2.0",
        75.2, 64.4, None, "best quality for its cost",
    ),
    RecommendedModel(
        "ViT-B-32-SigLIP2-256/webli", 768, 1_507_000_000, "109, English best", "Apache-2.0",
        73.2, 62.6, None, "nearly as good, twice as fast",
    ),
    RecommendedModel(
        "ViT-SO400M-16-SigLIP2-384/webli", 1152, 4_544_000_000, "109", "Apache-2.0",
        75.1, 67.3, None, "finest detail; wants a GPU",
    ),
    RecommendedModel(
        "ViT-B-32/laion2b_s34b_b79k", 512, 605_000_000, "English", "MIT",
        68.8, None, 65.4, "small and fast",
    ),
    RecommendedModel(
        "ViT-B-32/datacomp_xl_s13b_b90k", 512, 605_000_000, "English", "MIT",
        None, None, 62.4, "small and fast, better at labels",
    ),
    RecommendedModel(
        "ViT-B-32-256/datacomp_s34b_b86k", 512, 605_000_000, "English", "MIT",
        None, None, 65.4, "the same at 256 pixels",
    ),
    RecommendedModel(
        "xlm-roberta-base-ViT-B-32/laion5b_s13b_b90k", 512, 1_465_000_000, "about 100", "MIT",
        68.3, 72.5, 63.4, "queries in Chinese and other languages",
    ),
)  # fmt: skip
