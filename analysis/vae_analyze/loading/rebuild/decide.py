"""Which network the weights are: fitted on data, or assumed without, or refused."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import final

from torch import Tensor

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.files.printable import printable
from vae_analyze.loading.options import LoadOptions
from vae_analyze.loading.rebuild.bench import Bench
from vae_analyze.loading.rebuild.beside import without_others, without_prior
from vae_analyze.loading.rebuild.blocks import with_blocks
from vae_analyze.loading.rebuild.blueprint import Plan
from vae_analyze.loading.rebuild.candidate import Candidate, begun
from vae_analyze.loading.rebuild.fit import Fit, Fitting, Rival
from vae_analyze.loading.rebuild.health import Health, health_of
from vae_analyze.loading.rebuild.labels import classes_of, table_in, without_table
from vae_analyze.loading.rebuild.layers import Layers, layers_of
from vae_analyze.loading.rebuild.search import Search
from vae_analyze.loading.rebuild.space import Open
from vae_analyze.loading.rebuild.starts import candidates, enters, shapes_for, takes
from vae_analyze.loading.rebuild.structure import Structure
from vae_analyze.loading.rebuild.thin import thin
from vae_analyze.loading.rebuild.unfit import leftover, residual
from vae_analyze.loading.rebuild.words import open_to
from vae_analyze.loading.unwrapping.content import Content

_MOST_CANDIDATES = 150
_BOLD = 0.2  # of the usual caution, once the usual choices have failed
_HOPELESS = 1.2  # times the mean image's error: no other activation mends that
_FORCED = 5.0  # an order that goes so much against names is no explanation of why the data do not fit
_CLOSE = 1.02  # two orders of layers whose errors differ by less are both possible


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Decided:
    """The outcome.

    Args:
        best: The network.
        fit: How it was chosen; None: without data.
        layers: All layers of the file, and what was left out.
        warnings: What looks wrong with it.
    """

    best: Candidate
    fit: Fit | None
    layers: Layers
    warnings: tuple[str, ...] = ()


def decide(
    content: Content, tensors: dict[str, Tensor], layers: Layers, options: LoadOptions, *, where: str
) -> Decided:
    """The network that the weights most likely are.

    Where layers look like residual blocks, reading them as such is another way; the only one where names say so.

    Raises:
        CheckpointError: No order of layers uses all weights, the data do not fit, or the evidence is thin.
    """
    from vae_analyze.loading.rebuild.read import refusal

    blocked, spoken = with_blocks(tensors), residual(tensors)
    if blocked is None and spoken:
        raise refusal(where, spoken, content, options)
    if blocked is None:
        return _decided(content, tensors, layers, options, where)
    strict, found = replace(options, accept_guess=False), []
    for reading in (blocked,) if spoken else (layers, blocked):
        try:
            found.append(_decided(content, tensors, reading, strict, where, spoken, patient=False))
        except CheckpointError:
            continue
    if found:
        return _better(found, options, where)
    inevitable = spoken or not _structured(tensors, layers, options)[0]
    return _decided(content, tensors, blocked if inevitable else layers, options, where, spoken)


def _better(found: list[Decided], options: LoadOptions, where: str) -> Decided:
    """Of the same layers with and without skips the one that reconstructs better; the other is its rival.

    Raises:
        CheckpointError: Both do equally well.
    """
    first, *more = sorted(found, key=lambda one: math.inf if one.fit is None else one.fit.error)
    if first.fit is None or not more or more[0].fit is None:
        return found[0]
    other = more[0].fit
    rival = Rival(
        what="geometry and order of layers", value="", candidate=other.best, error=other.error, score=other.score
    )
    if other.error < _CLOSE * first.fit.error and not options.accept_guess:
        raise CheckpointError(
            f"{where}: the layers do equally well in a row and as residual blocks: errors {first.fit.error:.4g} and "
            f"{other.error:.4g}",
            hint="name the model's class with --model FILE.py:CLASS, or go on with the first with --accept-guess",
        )
    return replace(first, fit=replace(first.fit, others=(*first.fit.others, rival)))


def _decided(
    content: Content,
    tensors: dict[str, Tensor],
    layers: Layers,
    options: LoadOptions,
    where: str,
    spoken: str = "",
    *,
    patient: bool = True,
) -> Decided:
    from vae_analyze.loading.rebuild.read import refusal

    structures, layers = _structured(tensors, layers, options)
    if not structures or layers.odd:
        raise refusal(where, spoken or leftover(layers), content, options)
    found = _candidates(structures, layers, content, options)
    if not found:
        raise _no_geometry(structures[0], options, where)
    warnings = _plain(found[0].plan.structure)
    if options.evidence is None or len(options.evidence) == 0:
        best = _undecided(found[0], content, layers, options, where)
        return Decided(best=best, fit=None, layers=layers, warnings=warnings)
    _check_labels(found[0].plan.structure, options, where)
    bench = Bench(tensors, options.evidence)
    if all(bench.data(one.shape) is None for one in found):
        raise _no_geometry(found[0].plan.structure, options, where)
    space = open_to(content, layers, found[0].plan.structure, options)
    fit, health = _fitted(bench, space, found, content, patient=patient)
    if health.sick and not options.accept_guess:
        raise CheckpointError(
            f"{where}: {health.sick}. On {printable(options.evidence.name, limit=200)}: {health.numbers}; "
            "so nothing but names and shapes says how the network is to be read",
            hint="--accept-guess goes on with the likeliest reading; --model FILE.py:CLASS needs no guess; "
            "check that --data is what it was trained on",
        )
    _check_rivals(fit, options, where)
    if not health.sick:
        _check_thin(fit, bench, options, where)
    sick = (f"{health.sick}; {health.numbers}",) if health.sick else ()
    warnings = (*_plain(fit.best.plan.structure), *sick)
    return Decided(best=fit.best, fit=fit, layers=layers, warnings=warnings)


def _fitted(
    bench: Bench, space: Open, found: list[Candidate], content: Content, *, patient: bool
) -> tuple[Fit, Health]:
    """The best network; where the usual ones fail, with less caution, and with vectors laid out the other way.

    Without patience only the usual ones are tried: another reading of the layers is likelier than an unusual network.
    """
    fit = Fitting(bench, space, content.modules).run(found)
    health = health_of(fit.best, bench, content.stated)
    hopeless = health.error >= _HOPELESS * health.mean_sample
    # An unusual layout is unusual enough: the rest of such a network is as usual as any other's.
    ways = (([] if hopeless else found, _BOLD), (_channels_last(found), 1.0))
    for starts, caution in ways if patient else ():
        if not health.sick or health.signs or not starts:
            continue
        bolder = Fitting(bench, space, content.modules, caution=caution).run(starts)
        second = health_of(bolder.best, bench, content.stated)
        fit, health = (fit, health) if second.sick else (bolder, second)
    return fit, health


def _channels_last(found: list[Candidate]) -> list[Candidate]:
    """The same where maps become vectors with their channels innermost; none where no map becomes a vector."""
    kinds = {link.layer.kind for one in found for link in (*one.plan.structure.encoder, *one.plan.structure.decoder)}
    if kinds != {"linear", "conv"}:
        return []
    choices = [
        replace(
            one.choices,
            encoder=replace(one.choices.encoder, channels_last=True),
            decoder=replace(one.choices.decoder, channels_last=True),
        )
        for one in found
    ]
    return [replace(one, choices=other) for one, other in zip(found, choices, strict=True)]


def _structured(
    tensors: dict[str, Tensor], layers: Layers, options: LoadOptions
) -> tuple[tuple[Structure, ...], Layers]:
    """Orders of the layers, and the layers that they are of: without what lies beside the autoencoder, if anything.

    Modules that names call a classifier or a discriminator are left out first: with them some way might be found
    through what has nothing to do with encoding and decoding.
    """
    kept, others = without_others(tensors)
    blocks = any(layer.block is not None for layer in layers.chain)
    fewer = replace((with_blocks(kept) if blocks else None) or layers_of(kept), beside=others)
    for some in (fewer, layers) if others else (layers,):
        found = _structures(some, options)
        rest = without_prior(some, found[0]) if found else some
        if found and not rest.odd:
            return found, rest
    return (), layers


def _structures(layers: Layers, options: LoadOptions) -> tuple[Structure, ...]:
    """Orders of the layers: such as take the person's data, else any, so that a refusal can say what is missing."""
    table = table_in(layers.chain)
    own = options.evidence.shape if options.evidence is not None else None
    fitting = None if own is None else partial(takes, own)
    for data in dict.fromkeys((fitting, None)):
        for path, chain in ((table, without_table(layers.chain, table)), (None, layers.chain)):
            extras = classes_of(options, path)
            found = Search(chain=chain, extras=extras, data=data, embedding=path.path if path else "").run()
            if found and (data is not None or own is None or found[0].cost < _FORCED):
                return found
            if table is None:
                break
    return ()


def _candidates(
    structures: tuple[Structure, ...], layers: Layers, content: Content, options: LoadOptions
) -> list[Candidate]:
    own = options.evidence.shape if options.evidence is not None else None
    found: list[Candidate] = []
    for structure in structures:
        classes = 0
        if structure.extra:
            table = next((x for x in layers.chain if x.path == structure.embedding), None)
            classes = table.shape[0] if table is not None else structure.extra
        plan = Plan.of(structure, layers.attached, content.modules, classes)
        found += candidates(plan, shapes_for(structure, own), content.modules)
    found.sort(key=lambda candidate: candidate.start)
    return found[:_MOST_CANDIDATES]


def _no_geometry(structure: Structure, options: LoadOptions, where: str) -> CheckpointError:
    entry = structure.encoder[0]
    wants = f"{entry.enters - entry.extra} {'channels' if entry.layer.kind == 'conv' else 'numbers'}"
    if options.evidence is None:
        return CheckpointError(
            f"{where}: no usual strides and paddings lead an image of a usual size through the layers and back",
            hint="name the data with --data, or the model's class with --model FILE.py:CLASS",
        )
    shape = "x".join(str(size) for size in options.evidence.shape)
    data = f"samples of {shape} in {printable(options.evidence.name, limit=200)}"
    if enters(structure, options.evidence.shape):
        return CheckpointError(
            f"{where}: {data} fit both ends of the network, but no usual strides and paddings of its layers lead from "
            f"{shape} through the code back to {shape}: it has unusual ones, or does more than its layers, such as "
            "trimming what comes out",
            hint="name the model's class with --model FILE.py:CLASS: its code says what names and shapes do not; "
            "or give data of the size that it was trained on",
        )
    return CheckpointError(
        f"{where}: expected data that enter as {wants} (layer {printable(entry.layer.path)}), found {data}",
        hint="give the data that the model was trained on, or name its class with --model FILE.py:CLASS",
    )


def _check_labels(structure: Structure, options: LoadOptions, where: str) -> None:
    evidence = options.evidence
    if not structure.extra or evidence is None or evidence.labels is not None:
        return
    raise CheckpointError(
        f"{where}: a conditional model, whose input is {structure.extra} numbers longer for a label, "
        f"and {printable(evidence.name, limit=200)} has no labels",
        hint="give labelled data with --data",
    )


def _undecided(best: Candidate, content: Content, layers: Layers, options: LoadOptions, where: str) -> Candidate:
    """The usual choices, where the person accepts a guess without data.

    Raises:
        CheckpointError: They do not.
    """
    from vae_analyze.loading.rebuild.announce import assumptions

    space = open_to(content, layers, best.plan.structure, options)
    best = begun(best, space)
    guessed = [one for one in assumptions(best, layers, None, options) if one.guess]
    if options.accept_guess or not guessed:
        return best
    listed = "; ".join(f"{one.what}: {one.value}" for one in guessed)
    raise CheckpointError(
        f"{where}: names and shapes leave open what only data can decide. It would be assumed: {listed}",
        hint="name the data it was trained on with --data, or go on with these guesses with --accept-guess",
    )


def _check_rivals(fit: Fit, options: LoadOptions, where: str) -> None:
    """Refuse where two different orders of the layers do equally well."""
    from vae_analyze.loading.rebuild.announce import path_of

    here = fit.best.plan.structure.spoken
    close = [
        other
        for other in fit.others
        if other.candidate.plan.structure.spoken != here and other.error < _CLOSE * fit.error
    ]
    if close and not options.accept_guess:
        raise CheckpointError(
            f"{where}: two orders of the layers do equally well: {path_of(fit.best.plan.structure)} with an error of "
            f"{fit.error:.4g} and {path_of(close[0].candidate.plan.structure)} with {close[0].error:.4g}",
            hint="name the model's class with --model FILE.py:CLASS, or go on with the first with --accept-guess",
        )


def _check_thin(fit: Fit, bench: Bench, options: LoadOptions, where: str) -> None:
    """Refuse where another reading with other numbers does as well."""
    found = "" if options.accept_guess else thin(fit, bench)
    if found:
        raise CheckpointError(
            f"{where}: the data do not tell how the network is to be read: {found}",
            hint="name the model's class with --model FILE.py:CLASS, which needs no guess, or go on with the first "
            "with --accept-guess",
        )


def _plain(structure: Structure) -> tuple[str, ...]:
    if structure.event != "single":
        return ()
    return ("a plain autoencoder, not a VAE: it has no posterior variances",)
