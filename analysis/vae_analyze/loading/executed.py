"""What loading a checkpoint executes, and when: in words, for `vae_analyze.loading.inspect`."""

from __future__ import annotations

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.files.json_file import peek
from vae_analyze.loading.files.printable import printable
from vae_analyze.loading.libraries.diffusers_folder import DIFFUSERS
from vae_analyze.loading.libraries.onnx_pair import ONNX
from vae_analyze.loading.libraries.pythae_folder import PYTHAE
from vae_analyze.loading.libraries.pythae_nets import pickles_of
from vae_analyze.loading.libraries.pythae_place import CONFIG, find_model
from vae_analyze.loading.options import LoadOptions
from vae_analyze.loading.own_files.program import OWN_PROGRAM
from vae_analyze.loading.own_files.pt2_file import EXPORTED
from vae_analyze.loading.own_files.torchscript import TORCHSCRIPT
from vae_analyze.loading.source import Source

# Every model is asked for a few answers when it is loaded, and verified where there are data.
_WHEN = "on a few made-up samples when it is loaded, and on your data where they are named"
_OF_FORMATS = {
    TORCHSCRIPT.name: "the program in the file, once its operators were looked at, by TorchScript's interpreter "
    f"(arithmetic on tensors, no Python): {_WHEN}",
    OWN_PROGRAM.name: "the lists of tensor operators in the file, by this suite's own runner (a fixed vocabulary, no "
    f"code): {_WHEN}",
    EXPORTED.name: "nothing: such a file is named, not read",
    ONNX.name: f"the two graphs, by onnxruntime (its own operators, no code): {_WHEN}",
    DIFFUSERS.name: f"nothing of the folder; the network is the installed library diffusers' own code, run {_WHEN}",
}
_NOTHING = "nothing"


def executed(source: Source, chosen: str, options: LoadOptions) -> str:
    """What loading a source with these options executes beside this suite and torch; "nothing" where there is none.

    Args:
        source: The checkpoint; only names and plain texts in it are read.
        chosen: Name of the recognised format, or "".
        options: A class, an adapter and trust are consent to run something.
    """
    if options.adapter:
        shown = printable(options.adapter, limit=200)
        return f"the file {shown}, the whole of it; of the checkpoint what that file runs"
    if options.model:
        shown = printable(options.model, limit=200)
        return f"the class {shown} and what it uses, nothing else of its file; of the checkpoint nothing"
    if chosen == PYTHAE.name:
        return _pythae(source, options)
    return _OF_FORMATS.get(chosen, _NOTHING)


def pickles(source: Source, chosen: str) -> tuple[str, ...]:
    """Files of a recognised folder that a library would unpickle, by name."""
    if chosen != PYTHAE.name:
        return ()
    try:
        return pickles_of(peek(find_model(source).folder / CONFIG))
    except CheckpointError:
        return ()


def _pythae(source: Source, options: LoadOptions) -> str:
    named = " and ".join(pickles(source, PYTHAE.name))
    if not named:
        return f"nothing of the folder; the network is the installed library pythae's own code, run {_WHEN}"
    if options.trust:
        return (
            f"{named} (--trust), pickles that may do anything, when they are loaded; then the networks in them, {_WHEN}"
        )
    return f"nothing; with --trust {named}, pickles that may do anything"
