"""Arrays that are no layer's weights: what they are by their names and shapes, in words."""

from __future__ import annotations

import re

from accelsim.workload.arrays import ArrayFile, ArrayInfo
from accelsim.workload.entries import Skipped

INERT = frozenset({"state", "inputs", "integers", "positions"})
"""Kinds of skipped arrays that the outputs of a network do not depend on."""

_B, _E = r"(^|[._/])", r"($|[._/:])"  # where a word of a name begins and ends
_BY_NAME = tuple(
    (re.compile(pattern, re.IGNORECASE), kind, reason) for pattern, kind, reason in (
        (rf"{_B}(opt_state|optim|optimi[sz]er|optimi[sz]er_state|(max_)?exp_avg(_sq)?|"
         rf"momentum_buffer|square_avg){_E}", "state", "state of an optimiser, not of the network"),
        (rf"{_B}(inputs|activations|images|labels)$", "inputs", "input vectors or labels; name "
         "them with --inputs"),
        (rf"{_B}(position_ids|inv_freq){_E}", "positions", "numbers of positions, not weights"),
        (r"(^|[._/]|_)masks?(:0)?$", "mask", "a mask without the weights that it belongs to; "
         "multiply them and save the product"),
        (r"lora_|(^|[._/])(hada_|lokr_|oft_|boft_|vera_|ia3_)", "adapter", "a factor of an adapter "
         "(LoRA and its kin); merge it into the weights (merge_and_unload) and save them"),
        (rf"{_B}(rel(ative)?_pos\w*|relative_attention_bias|\w*_bias_table|(cos|sin)_cached|"
         rf"pos_enc\w*|pe){_E}", "embedding", "a table of positions, which is looked up and not "
         "multiplied"),
        (rf"{_B}(res_|outlier_)?(centroids|codebooks?){_E}", "codebook", "values that codes share, "
         "of a layout that is not read; dequantise it with its library and save float weights"),
        (rf"{_B}A_log{_E}", "state space", "the transition of a state-space layer, which is no "
         "product of a matrix with a vector"),
        (r"(^|[._/]|_)(running_mean|running_var|moving_mean|moving_var(iance)?|"
         r"num_batches_tracked)(:0)?$", "normalisation", "statistics of a batch normalisation; "
         "fold it into the layer before it"),
        (r"(^|[._/]|_)(\w*scales?|scale_inv|zeros?|zero_points?|qzeros|absmax|scb|g_idx)(:0)?$",
         "scale", "a scale or zero point of weights that are not here"),
    )
)
_EMBEDDING = re.compile(r"(embed|(^|_)embs?$|^wte$|^wpe$|^shared$)", re.IGNORECASE)


def by_name(name: str) -> tuple[str, str] | None:
    """(kind, reason) of an array that is never the weights of a layer, whatever its shape."""
    for pattern, kind, reason in _BY_NAME:
        if pattern.search(name):
            return kind, reason
    if _EMBEDDING.search(_owner(name)):
        return "embedding", "a table of embeddings, which is looked up and not multiplied"
    if re.search(r"(^|[._/]|_)bias(:0)?$", name):
        return "bias", "the bias of weights that are no layer here"
    return None


def skipped(file: ArrayFile, name: str) -> Skipped:
    """Why an array that no layer takes is left out."""
    info = file.arrays[name]
    kind, reason = _why(file, name, info)
    return Skipped(name, kind, info.shape, reason)


def _owner(name: str) -> str:
    """The last word of a name without ``weight``, ``kernel`` and the like."""
    words = [w for w in re.split(r"[./:]", name) if w not in ("weight", "kernel", "weights", "0")]
    return words[-1] if words else name


def _why(file: ArrayFile, name: str, info: ArrayInfo) -> tuple[str, str]:
    if info.dtype is None:
        return "array", f"stored as {info.stored}, which is not read; save it as F32"
    if info.dtype.kind in "cSUOMm":
        return "array", f"{info.stored} is no type of weights"
    if info.dtype.kind == "V":
        return "array", (f"{info.stored} is bytes without a type of number, as NumPy saves "
                         f"bfloat16; save it as float32")
    if 0 in info.shape:
        return "integers", "empty"
    told = by_name(name)
    if _is_normalisation(file, name, info):
        return "normalisation", ("a vector of a normalisation, or an activation's slopes; fold it "
                                 "into the layer before it")
    if told is not None:
        return told
    if info.dtype.kind == "b":
        return "mask", ("true and false, as of a mask, not weights: save pruned weights as their "
                        "product with it, weights of 0 and 1 as float32")
    if not info.is_float:
        return "integers", "integers without a scale are no weights; save them as floats"
    if len(info.shape) >= 3:
        if re.search(r"(weight|kernel)", name):
            return "convolution", (f"weights of {len(info.shape)} dimensions, as of a convolution; "
                                   f"not read from arrays, an ONNX file has its geometry")
        return "array", f"{len(info.shape)} dimensions; weights of a layer have two"
    return "vector", ("belongs to no layer here; the bias of X.weight is called X.bias")


def _is_normalisation(file: ArrayFile, name: str, info: ArrayInfo) -> bool:
    """A 1-D ``X.weight`` (``scale``, ``gamma``), or the ``X.bias`` (``beta``) beside one."""
    found = re.fullmatch(r"(.*?)(weight|scale|gamma|bias|beta)(:0)?", name)
    if found is None or len(info.shape) != 1 or not info.is_float:
        return False
    base, last, end = found.group(1), found.group(2), found.group(3) or ""
    if last not in ("bias", "beta"):
        return not base or base[-1] in "._/"
    beside = (file.arrays.get(f"{base}{what}{end}") for what in ("weight", "scale", "gamma"))
    return any(other is not None and other.shape == info.shape for other in beside)
