"""Files of ``torch.export.save``: named, not read.

Reading one the way torch does would unpickle and look up by name what the file asks for (see
`vae_analyze.loading.programs.exporting`), and one program is one function, not an encoder and a decoder.
"""

from __future__ import annotations

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.card import Loaded
from vae_analyze.loading.files.archive import Archive
from vae_analyze.loading.format import Format
from vae_analyze.loading.options import LoadOptions
from vae_analyze.loading.source import Source


def _recognise(source: Source) -> bool:
    if source.folder or not source.head.startswith(b"PK"):
        return False
    try:
        with Archive(source.path) as archive:
            return (
                any(
                    name.endswith(("/archive_format", "serialized_exported_program.json")) or name == "archive_format"
                    for name in archive.names
                )
                or "serialized_exported_program.json" in archive.names
            )
    except CheckpointError:
        return False


def _read(source: Source, options: LoadOptions) -> Loaded:  # noqa: ARG001 - as every format
    raise CheckpointError(
        f"{source.shown} is a program of torch.export.save: one function, not an encoder and a decoder, and reading it "
        "could run code",
        hint="where the model is at hand, save it with vae_analyze.save(model, path, example=batch): both programs in "
        "one file that runs nothing when it is read",
    )


EXPORTED = Format(
    name="torch.export",
    description="a program of torch.export.save: named, not read",
    recognise=_recognise,
    read=_read,
)
