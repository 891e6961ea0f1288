"""What a TorchScript program may do: arithmetic on tensors, looked at before any of it runs.

``torch.jit.load`` runs no Python, but it does run the program's own ``__setstate__`` methods, and operators of
TorchScript write and map files (``aten::save``, ``aten::from_file``), print, and talk to other processes. So archives
with such methods or with objects of custom classes are refused unread, and after reading every compiled function is
searched for operators outside a fixed vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.files.archive import Archive
from vae_analyze.loading.files.printable import listing, printable
from vae_analyze.loading.programs.operators import ALLOWED, is_random

_LARGEST_CODE = 64 << 20
# Text that no network needs, in the code of an archive or in its pickles.
_REFUSED_TEXTS = {
    b"__setstate__": "runs a method of its own when it is loaded",
    b"__torch__.torch.classes": "holds objects of custom classes",
    b"torch.classes": "holds objects of custom classes",
    b"from_file": "maps files into memory",
    b"aten.save": "writes files",
    b"torch.save": "writes files",
}
# Operators on Python values: numbers, lists, texts of error messages.
_PLAIN = frozenset(
    """
    Bool BoolImplicit Complex ComplexImplicit Float FloatImplicit Int IntImplicit ScalarImplicit __and__
    __contains__ __derive_index __getitem__ __interpolate __is__ __isnot__ __not__ __or__ __range_length __upsample
    __upsample_bilinear __upsample_nearest __xor__ _convolution_mode _native_multi_head_attention _set_item
    _shape_as_tensor _transformer_encoder_layer_fwd _upsample_lanczos2d_aa alpha_dropout append as_tensor bfloat16
    can_cast ceil clear complex copy copy_ cpu data detach_ device dict dim divmod double dropout element_size empty
    empty_like endswith equal extend feature_dropout fill_ float floor floordiv format get get_autocast_dtype
    get_device half hash index_put insert int is_complex is_contiguous is_floating_point is_grad_enabled is_nonzero
    is_scripting isdigit item items join keys len list log long lower mod neg new_tensor numel ord percentFormat pop
    pow promote_types replace requires_grad_ result_type reverse set_grad_enabled size sorted split sqrt startswith
    str stride strip sym_numel sym_size tensor to tolist type_as unchecked_cast update upper values warn zero_
    """.split()  # noqa: SIM905 - hundreds of names read better as prose
)
_PRIMITIVES = frozenset(
    """
    AutogradAnyNonZero Closure Constant ConstantChunk CreateObject DictConstruct EmptyListLiteral EnumName EnumValue
    GetAttr If ListConstruct ListUnpack Loop NumToTensor Param RaiseException Return StringIndex TupleConstruct
    TupleIndex TupleSlice TupleUnpack Uninitialized abs data device dtype index is_cpu is_cuda is_meta isinstance
    itemsize layout max min rangelist requires_grad shape tolist type unchecked_cast unchecked_unwrap_optional
    """.split()  # noqa: SIM905 - hundreds of names read better as prose
)


def check_archive(archive: Archive, where: str) -> None:
    """Refuse an archive that would do more than be read when it is loaded.

    Raises:
        CheckpointError: It names methods, classes or operators that a network has no use for.
    """
    for name in archive.names:
        if not name.endswith((".py", ".pkl")):
            continue
        if archive.size(name) > _LARGEST_CODE:
            raise CheckpointError(
                f"{where}: {printable(name)} has {archive.size(name):,} bytes; no network's code does"
            )
        content = archive.bytes(name).numpy().tobytes()
        for text, what in _REFUSED_TEXTS.items():
            if text in content:
                raise CheckpointError(
                    f"{where} is a TorchScript program that {what} ({text.decode()}) and was refused. "
                    "Nothing was executed",
                    hint="if you do not know where the file is from, delete it; else save the model again with "
                    "vae_analyze.save(...)",
                )


def check_program(module: Any, where: str) -> None:
    """Refuse a loaded program whose functions use operators outside the vocabulary.

    Args:
        module: From ``torch.jit.load``.
        where: What the message calls the file.

    Raises:
        CheckpointError: They are named.
    """
    found: dict[str, None] = {}
    for part in module.modules():
        for name in part._c._method_names():
            for kind in _kinds(part._c._get_method(name).graph):
                if not _allowed(kind):
                    found.setdefault(kind)
    if found:
        raise CheckpointError(
            f"{where} is a TorchScript program with operators that a network has no use for: "
            f"{listing([printable(kind) for kind in found], most=6)}; it was refused. Nothing of it was executed",
            hint="if you do not know where the file is from, delete it; else save the model with vae_analyze.save(...)",
        )


def random_operators(module: Any, methods: tuple[str, ...]) -> tuple[str, ...]:
    """The operators in some methods that draw random numbers."""
    kinds = {kind for name in methods for kind in _kinds(module._c._get_method(name).graph)}
    return tuple(sorted(kind for kind in kinds if kind.startswith("aten::") and is_random(kind[6:])))


def _kinds(graph: Any) -> Iterator[str]:
    """The kinds of all operators in a function and in those it calls."""
    import torch

    whole = graph.copy()
    torch._C._jit_pass_inline(whole)
    stack = list(whole.nodes())
    while stack:
        node = stack.pop()
        yield str(node.kind())
        for block in node.blocks():
            stack += list(block.nodes())


def _allowed(kind: str) -> bool:
    library, _, name = kind.partition("::")
    if library == "prim":
        return name in _PRIMITIVES or name.startswith("is_")
    if library != "aten":
        return False
    base = name.removesuffix("_")
    return name in _PLAIN or name in ALLOWED or base in ALLOWED or name.startswith("is_") or is_random(name)
