"""The draws in the form that ArviZ plots."""

import warnings
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

if TYPE_CHECKING:
    from verified_dynamics.degeneracy.local_learning_coefficient.learning_coefficient import (
        LearningCoefficient,
    )


def inference_data(estimate: "LearningCoefficient"):
    """An arviz.InferenceData (ArviZ 0.x) or xarray.DataTree (1.x).

    posterior: `learning_coefficient`, one number nβ (L(w) − L(w*)) for each draw, whose mean is the estimate, and
    `distance`, ‖w − w*‖; sample_stats: `loss`, and for MALA `acceptance_rate` of each chain. Settings stand in the
    attributes. Raises ImportError where ArviZ is missing.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # ArviZ 0.23 announces its next version at each import
        import arviz

    dims = ("chain", "draw")
    attributes = {
        name: getattr(estimate, name)
        for name in ("n_beta", "localization", "step", "baseline_loss", "untrained_loss")
    }
    posterior = {
        "learning_coefficient": (dims, estimate.traces),
        "distance": (dims, np.sqrt(estimate.squares)),
    }
    statistics = {"loss": (dims, estimate.baseline_loss + estimate.traces / estimate.n_beta)}
    if estimate.acceptance is not None:
        share = np.broadcast_to(estimate.acceptance[:, None], estimate.traces.shape)
        statistics["acceptance_rate"] = (dims, share)
    coords = {"chain": np.arange(estimate.chains), "draw": np.arange(estimate.traces.shape[1])}
    groups = {
        "posterior": xr.Dataset(posterior, coords=coords, attrs=attributes),
        "sample_stats": xr.Dataset(statistics, coords=coords),
    }
    if hasattr(arviz, "InferenceData"):
        return arviz.InferenceData(**groups)
    return xr.DataTree.from_dict(groups)
