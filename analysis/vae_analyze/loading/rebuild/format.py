"""The rebuild as a format, the last that is asked."""

from __future__ import annotations

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.format import Format
from vae_analyze.loading.options import LoadOptions
from vae_analyze.loading.rebuild.read import read
from vae_analyze.loading.source import Source


def _recognise(source: Source) -> bool:
    if source.folder:
        return False
    from vae_analyze.loading.unwrapping.foreign import foreign
    from vae_analyze.loading.unwrapping.unwrap import chosen, unwrap

    options = LoadOptions()
    try:
        state = chosen(unwrap(source.content, options), options)
    except CheckpointError:
        return False
    return not foreign(state.tensors) and any(tensor.is_floating_point() for tensor in state.tensors.values())


REBUILD = Format(
    name="rebuilt",
    description="bare weights of an MLP or convolutional VAE: layers from names and shapes, the rest fitted on data",
    recognise=_recognise,
    read=read,
)
