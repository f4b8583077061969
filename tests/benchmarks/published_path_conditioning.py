"""The published code of path-conditioned training, from a folder that the user fetched, behind four functions.

The code is the repository Artim436/pathcond (CC BY 4.0).  It is no part of this project and is only measured here.
"""

import contextlib
import importlib
import importlib.util
import sys
import types
from pathlib import Path

import torch
from torch import Tensor, nn

SWEEPS, TOLERANCE = 10, 1e-2  # what its public function uses


class Published:
    """The published functions; ``Published(folder)`` imports them from a checkout."""

    def __init__(self, folder: str) -> None:
        if not (Path(folder) / "pathcond" / "pathcond.py").is_file():
            raise SystemExit(
                f"{folder} holds no pathcond/pathcond.py; fetch the repository Artim436/pathcond and give its folder."
            )
        sys.path.insert(0, folder)
        with _stand_ins():
            self._call = importlib.import_module("pathcond.pathcond").rescaling_path_cond
            self._solver = importlib.import_module("pathcond.rescaling_polyn")
            self._network = importlib.import_module("pathcond.network_to_optim")
            self._models = importlib.import_module("pathcond.models")

    def call(self, model: nn.Module) -> None:
        """The public function: ten sweeps, in place."""
        self._call(model)

    def resnet(self) -> nn.Module:
        """Its residual network of 18 layers for images of 32 x 32, all of whose shortcuts are 1 x 1 convolutions."""
        return self._models.resnet18_c_cifar10(seed=0)

    def call_on_resnet(self, model: nn.Module) -> None:
        """What the public function does, with the option for ``resnet()`` that it does not offer."""
        exponents, _ = self._solver.optimize_rescaling_polynomial(
            model, n_iter=SWEEPS, tol=TOLERANCE, resnet=True
        )
        self._solver.reweight_model_inplace(model, exponents)

    def diagonal(self, model: nn.Module) -> dict[str, Tensor]:
        """Its diagonal of G by parameter name, in the precision of the model."""
        with _default(model):
            parts = self._network.compute_diag_G(model).split([p.numel() for p in model.parameters()])
        return {n: g.reshape(p.shape) for (n, p), g in zip(model.named_parameters(), parts, strict=True)}

    def rounded(self, model: nn.Module) -> Tensor:
        """z after ten sweeps as its solver returns it: computed in float64, rounded to float32."""
        with _default(model):
            return self._solver.optimize_rescaling_polynomial(model, n_iter=SWEEPS, tol=TOLERANCE)[1]

    def unrounded(self, model: nn.Module) -> Tensor:
        """z after ten sweeps before the result is rounded to float32."""
        with _default(model):
            diagonal = self._network.compute_diag_G(model).double()
        chain = any(isinstance(m, nn.Conv2d) for m in model.modules())
        columns = self._network.compute_B_full_conv if chain else self._network.compute_B_mlp
        leaving, entering = columns(model)
        return self._solver.update_z_polynomial(diagonal, leaving, entering, SWEEPS, len(leaving), TOLERANCE)[
            1
        ]


@contextlib.contextmanager
def _default(model: nn.Module):
    """Its path pass makes its input in the default precision, which has to be the model's."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(next(model.parameters()).dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


@contextlib.contextmanager
def _stand_ins():
    """Empty modules in place of torchvision and tqdm, which are imported but not used by what is measured."""
    names = ("torchvision", "torchvision.models", "torchvision.models.resnet", "tqdm")
    missing = [name for name in names if importlib.util.find_spec(name.split(".")[0]) is None]
    for name in missing:
        sys.modules[name] = types.ModuleType(name)
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], child, sys.modules[name])
    if "tqdm" in missing:
        sys.modules["tqdm"].tqdm = iter
    if "torchvision" in missing:
        sys.modules["torchvision.models.resnet"].BasicBlock = type("BasicBlock", (nn.Module,), {})
    try:
        yield
    finally:
        for name in missing:
            del sys.modules[name]
