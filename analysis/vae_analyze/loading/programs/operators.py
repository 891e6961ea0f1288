"""The operators that a stored program may use: arithmetic on tensors, and nothing that reaches beyond them.

A list of what is allowed, not of what is forbidden: whatever torch adds (operators that map files, print, wait, talk to
other processes or keep state) stays outside until somebody adds it here.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import torch

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.files.printable import printable

# Names in torch's own operator library, without overloads.
ALLOWED = frozenset(
    """
    abs absolute acos acosh adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool1d
    adaptive_max_pool2d add addbmm addcdiv addcmul addmm addmv alias all amax amin aminmax angle any arange arccos
    arccosh arcsin arcsinh arctan arctan2 arctanh argmax argmin argsort asin asinh atan atan2 atanh avg_pool1d
    avg_pool2d avg_pool3d baddbmm batch_norm bilinear bitwise_and bitwise_not bitwise_or bitwise_xor bmm
    broadcast_tensors broadcast_to bucketize cat cdist ceil celu channel_shuffle chunk clamp clamp_max clamp_min
    clip clone col2im column_stack complex concat concatenate conj constant_pad_nd contiguous conv1d conv2d conv3d
    conv_transpose1d conv_transpose2d conv_transpose3d convolution copy copysign cos cosh cosine_similarity cross
    cummax cummin cumprod cumsum deg2rad detach diag diag_embed diagonal diagonal_copy diff digamma dist div divide
    dot dropout dropout2d dropout3d dsplit dstack einsum elu embedding eq erf erfc erfinv exp exp2 expand expand_as
    expand_copy expm1 eye feature_dropout fft_fft fft_fft2 fft_ifft fft_ifft2 fft_irfft fft_irfft2 fft_rfft
    fft_rfft2 fill flatten flip fliplr flipud float_power floor floor_divide fmax fmin fmod frac full full_like
    gather ge gelu glu greater greater_equal grid_sampler grid_sampler_2d grid_sampler_3d group_norm gru gt
    hardshrink hardsigmoid hardswish hardtanh heaviside hsplit hstack hypot im2col imag index index_add index_copy
    index_fill index_put index_select instance_norm isclose isfinite isinf isnan isneginf isposinf kron l1_loss
    layer_norm le leaky_relu lerp less less_equal lgamma lift_fresh lift_fresh_copy linalg_cross linalg_inv
    linalg_matrix_norm linalg_norm linalg_solve linalg_vector_norm linear linspace log log10 log1p log2 log_sigmoid
    log_softmax logaddexp logaddexp2 logcumsumexp logical_and logical_not logical_or logical_xor logit logspace
    logsumexp lstm lt masked_fill masked_scatter masked_select matmul matrix_exp max max_pool1d max_pool2d
    max_pool2d_with_indices max_pool3d max_pool3d_with_indices maximum mean median meshgrid min minimum mish mm
    moveaxis movedim mul multiply mv nan_to_num nanmean nansum narrow native_batch_norm native_dropout
    native_group_norm native_layer_norm ne neg negative new_empty new_full new_ones new_zeros norm not_equal one_hot
    ones ones_like outer pad permute permute_copy pixel_shuffle pixel_unshuffle polar pow prelu prod quantile
    rad2deg ravel real reciprocal reflection_pad1d reflection_pad2d reflection_pad3d relu relu6 remainder renorm
    repeat repeat_interleave replication_pad1d replication_pad2d replication_pad3d reshape reshape_as resolve_conj
    resolve_neg rms_norm rnn_relu rnn_tanh roll rot90 round rrelu rsqrt rsub scalar_tensor
    scaled_dot_product_attention scatter scatter_add scatter_reduce searchsorted select select_copy select_scatter
    selu sgn sigmoid sign silu sin sinc sinh slice slice_copy slice_scatter smooth_l1_loss softmax softplus
    softshrink sort special_erf special_expit special_log1p split split_with_sizes square squeeze squeeze_copy stack
    std std_mean sub subtract sum swapaxes swapdims t take take_along_dim tan tanh tensor_split tensordot threshold
    tile to topk transpose transpose_copy tril triu true_divide trunc type_as unbind unbind_copy unflatten unfold
    unsqueeze unsqueeze_copy upsample_bicubic2d upsample_bilinear2d upsample_linear1d upsample_nearest1d
    upsample_nearest2d upsample_nearest3d upsample_trilinear3d vander var var_mean vdot view view_as view_as_complex
    view_as_real view_copy vsplit vstack where xlogy zero zeros zeros_like _adaptive_avg_pool2d _adaptive_avg_pool3d
    _assert_tensor_metadata _cdist_forward _conv_depthwise2d _convolution _log_softmax _native_batch_norm_legit
    _native_batch_norm_legit_no_training _scaled_dot_product_flash_attention_for_cpu _shape_as_tensor _softmax
    _to_copy _unsafe_view _upsample_bicubic2d_aa _upsample_bilinear2d_aa _upsample_nearest_exact1d
    _upsample_nearest_exact2d _upsample_nearest_exact3d _weight_norm _weight_norm_interface
    """.split()  # noqa: SIM905 - hundreds of names read better as prose
)
# Whole numbers made of the batch size: the only Python functions a program may name.
ARITHMETIC: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "floordiv": operator.floordiv,
    "truediv": operator.truediv,
    "mod": operator.mod,
    "neg": operator.neg,
    "getitem": operator.getitem,
    "size": lambda tensor, axis: tensor.size(axis),
    "trunc": int,
}
_RANDOM = frozenset(["rand", "randn", "randint", "rand_like", "randn_like", "normal", "bernoulli", "multinomial"])
_AGAIN = "save it again with vae_analyze.save(...), by this version of vae-analyze and torch"


def resolve(name: str) -> Callable[..., Any]:
    """The function of a stored name: ``aten.linear.default``, or one of a few on whole numbers such as ``mul``.

    Raises:
        CheckpointError: It is not one that a program may use, or this torch does not have it.
    """
    if name in ARITHMETIC:
        return ARITHMETIC[name]
    library, _, rest = name.partition(".")
    base, _, overload = rest.partition(".")
    if library != "aten" or base not in ALLOWED or not overload.isidentifier() or overload.startswith("__"):
        raise CheckpointError(
            f"expected operators on tensors, found {printable(name, limit=80)!r}, which a stored program may not use",
            hint=f"do not trust this file if you do not know where it is from; else {_AGAIN}",
        )
    found = getattr(getattr(torch.ops.aten, base, None), overload, None)
    if not isinstance(found, torch._ops.OpOverload):
        raise CheckpointError(
            f"the program uses {printable(name, limit=80)!r}, which torch {torch.__version__} does not have",
            hint=f"install the torch that the card names, or {_AGAIN}",
        )
    if found._schema.is_mutable:
        raise CheckpointError(
            f"expected operators that return new tensors, found {printable(name, limit=80)!r}, which writes into one",
            hint=_AGAIN,
        )
    return found


def is_random(base: str) -> bool:
    """Whether an operator of this name draws random numbers."""
    return base.rstrip("_") in _RANDOM or base.startswith("rand")
