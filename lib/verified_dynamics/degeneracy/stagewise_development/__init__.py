"""Stagewise development: what networks learn in which order, and what curves over training can say about it."""

from verified_dynamics.degeneracy.stagewise_development.corpora import (
    Corpus,
    block_lengths,
    corpus,
    probes,
)
from verified_dynamics.degeneracy.stagewise_development.language_checks import (
    predecessor_effect,
    prefix_matching_without_first_layer,
    silent_first_layer,
    transferred_copying,
)
from verified_dynamics.degeneracy.stagewise_development.language_development import (
    LanguageDevelopment,
    next_token_loss,
    train_language_models,
)
from verified_dynamics.degeneracy.stagewise_development.regression_development import (
    Development,
    checkpoint_steps,
    train_in_context,
)
from verified_dynamics.degeneracy.stagewise_development.regression_metrics import (
    distance_to_ridge,
    gaussian_sequences,
    in_context_score,
    mean_square_prediction,
    prior_level,
    ridge_losses,
    small_gains,
    token_losses,
)
from verified_dynamics.degeneracy.stagewise_development.saturation_audit import (
    PublishedStage,
    SaturationAudit,
    audit,
    audit_curve,
    published_stages,
)
from verified_dynamics.degeneracy.stagewise_development.slope_posterior import (
    SlopePosterior,
    slope_samples,
)
from verified_dynamics.degeneracy.stagewise_development.stages import (
    Boundary,
    Stages,
    boundaries_of,
    find_stages,
    find_stages_of_many,
)
from verified_dynamics.degeneracy.stagewise_development.synthetic_curves import (
    LogisticSteps,
    detectable_separation,
    noisy,
    random_steps,
    smooth_curve,
)
from verified_dynamics.degeneracy.stagewise_development.text_metrics import (
    attention_patterns,
    bigram_score,
    copying_score,
    development_metrics,
    ngram_score,
    position_use,
    prefix_matching_score,
    previous_token_score,
)
from verified_dynamics.degeneracy.stagewise_development.trajectories import (
    Picture,
    cosine_agreement,
    cosines,
    picture,
    shuffled,
    sign_walks,
)

__all__ = [
    "Boundary",
    "Corpus",
    "Development",
    "LanguageDevelopment",
    "LogisticSteps",
    "Picture",
    "PublishedStage",
    "SaturationAudit",
    "SlopePosterior",
    "Stages",
    "attention_patterns",
    "audit",
    "audit_curve",
    "bigram_score",
    "block_lengths",
    "boundaries_of",
    "checkpoint_steps",
    "copying_score",
    "corpus",
    "cosine_agreement",
    "cosines",
    "detectable_separation",
    "development_metrics",
    "distance_to_ridge",
    "find_stages",
    "find_stages_of_many",
    "gaussian_sequences",
    "in_context_score",
    "mean_square_prediction",
    "next_token_loss",
    "ngram_score",
    "noisy",
    "picture",
    "position_use",
    "predecessor_effect",
    "prefix_matching_score",
    "prefix_matching_without_first_layer",
    "previous_token_score",
    "prior_level",
    "probes",
    "published_stages",
    "random_steps",
    "ridge_losses",
    "shuffled",
    "sign_walks",
    "silent_first_layer",
    "slope_samples",
    "small_gains",
    "smooth_curve",
    "token_losses",
    "train_in_context",
    "train_language_models",
    "transferred_copying",
]
