"""Where the value of an option comes from: command line, environment, file, default, in this order."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

from vae_analyze.analyzers.option import OptionSpec, specs
from vae_analyze.errors import UsageError
from vae_analyze.names import nearest
from vae_analyze.runs.run import OptionValue

if TYPE_CHECKING:
    from vae_analyze.analyzers.base import Analyzer

PREFIX = "VAE_ANALYZE"
FILE = "vae-analyze.toml"
PROJECT = "pyproject.toml"
OUT = "out"


@final
@dataclass(frozen=True, slots=True)
class Layer:
    """Values of a configuration file: for the run, and by analyzer."""

    origin: str
    run: Mapping[str, Any]
    analyzers: Mapping[str, Mapping[str, Any]]


@final
@dataclass(frozen=True, slots=True)
class Resolved:
    """Every option's value and origin.

    Args:
        run: Values of run options that differ from the default, by name.
        out: The output place, "auto" unless chosen.
        analyzers: One instance per analyzer asked for.
        origins: For the record.
    """

    run: dict[str, Any]
    out: str
    analyzers: tuple[Analyzer, ...]
    origins: tuple[OptionValue, ...]


def resolve(
    analyzers: Sequence[type[Analyzer]],
    *,
    given: Mapping[str, Any],
    given_analyzers: Mapping[str, Mapping[str, Any]],
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Resolved:
    """Settle every option.

    Args:
        analyzers: The analyzers asked for.
        given: Run options from the command line; None where not given.
        given_analyzers: Options of analyzers from the command line, by analyzer.
        environment: By default the process's.
        folder: Where the configuration file is looked for; by default the working directory.

    Raises:
        UsageError: A bad value or an unknown key, naming where it stands.
    """
    from vae_analyze.engine.options import RunOptions, flag

    variables = os.environ if environment is None else environment
    layer = read_file(Path() if folder is None else folder, [analyzer.name for analyzer in analyzers])
    _check_variables(variables, analyzers)
    origins: list[OptionValue] = []
    run: dict[str, Any] = {}
    for spec in (*specs(RunOptions), _OUT):
        variable = f"{PREFIX}_{spec.name.upper()}"
        found = _settle(spec, given.get(spec.name), flag(spec.name), variable, variables, layer.run, layer.origin)
        origins.append(OptionValue(name=spec.name, value=found[0], origin=found[1]))
        if found[1] != "default":
            run[spec.name] = found[0]
    made = []
    for analyzer in analyzers:
        values = {}
        for spec in specs(analyzer):
            variable = f"{_prefix(analyzer.name)}_{spec.name.upper()}"
            option = given_analyzers.get(analyzer.name, {}).get(spec.name)
            keys = layer.analyzers.get(analyzer.name, {})
            values[spec.name], origin = _settle(spec, option, flag(spec.name), variable, variables, keys, layer.origin)
            origins.append(OptionValue(name=f"{analyzer.name}.{spec.name}", value=values[spec.name], origin=origin))
        made.append(analyzer(**values))
    return Resolved(run, run.pop(OUT, "auto"), tuple(made), tuple(o for o in origins if o.name != OUT))


def read_file(folder: Path, analyzers: Sequence[str]) -> Layer:
    """The configuration file of a folder: ``vae-analyze.toml``, else ``[tool.vae-analyze]`` of ``pyproject.toml``.

    Raises:
        UsageError: Not TOML, or a key that is no option.
    """
    own, project = folder / FILE, folder / PROJECT
    if own.is_file():
        return _layer(_toml(own), FILE, analyzers)
    if project.is_file():
        origin = f"{PROJECT} [tool.vae-analyze]"
        tools = _toml(project).get("tool", {})
        table = tools.get("vae-analyze", {}) if isinstance(tools, dict) else {}
        if not isinstance(table, dict):
            raise UsageError(f"{origin}: expected a table, found {table!r}")
        return _layer(table, origin, analyzers)
    return Layer("", {}, {})


_OUT = OptionSpec(name=OUT, kind=str, many=False, default="auto", help="folder of the run")


def _settle(
    spec: OptionSpec,
    given: Any,
    flag: str,
    variable: str,
    environment: Mapping[str, str],
    keys: Mapping[str, Any],
    file: str,
) -> tuple[Any, str]:
    if given is not None:
        return spec.parse(given, where=flag), "command line"
    if variable in environment:
        return spec.parse(environment[variable], where=variable), f"environment {variable}"
    if spec.name in keys:
        return spec.parse(keys[spec.name], where=f"{file}: {spec.name}"), file
    return spec.default, "default"


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path.name} is not TOML: {error}") from error
    except OSError as error:
        raise UsageError(f"{path.name} cannot be read: {error.strerror or error}") from error


def _layer(table: Mapping[str, Any], origin: str, analyzers: Sequence[str]) -> Layer:
    from vae_analyze.analyzers.registry import entries
    from vae_analyze.engine.options import CONSENT, RunOptions

    run_names = {spec.name for spec in specs(RunOptions)} | {OUT}
    run: dict[str, Any] = {}
    tables: dict[str, Mapping[str, Any]] = {}
    for key, value in table.items():
        name = key.replace("-", "_")
        if isinstance(value, dict):
            tables[key] = {inner.replace("-", "_"): item for inner, item in value.items()}
            if key not in entries():
                raise UsageError(f"{origin}: no analyzer called {key!r}", hint=nearest(key, entries()))
        elif name in CONSENT:
            raise _consent(f"{origin}: {key}", name)
        elif name in run_names:
            run[name] = value
        else:
            raise UsageError(f"{origin}: no option called {key!r}", hint=nearest(name, run_names))
    _check_keys({name: tables[name] for name in analyzers if name in tables}, origin)
    return Layer(origin, run, tables)


def _check_variables(variables: Mapping[str, str], analyzers: Sequence[type[Analyzer]]) -> None:
    """Refuse a variable that looks like an option and is none: it would be ignored without a word."""
    from vae_analyze.analyzers.registry import entries
    from vae_analyze.engine.options import CONSENT, RunOptions

    known = {f"{PREFIX}_{spec.name.upper()}" for spec in (*specs(RunOptions), _OUT)}
    for analyzer in analyzers:
        known |= {f"{_prefix(analyzer.name)}_{spec.name.upper()}" for spec in specs(analyzer)}
    asked = {analyzer.name for analyzer in analyzers}
    others = tuple(f"{_prefix(name)}_" for name in entries() if name not in asked)
    for name in CONSENT:
        if f"{PREFIX}_{name.upper()}" in variables:
            raise _consent(f"environment: {PREFIX}_{name.upper()}", name)
    for variable in variables:
        if variable.startswith(f"{PREFIX}_") and variable not in known and not variable.startswith(others):
            raise UsageError(f"environment: no option called {variable}", hint=nearest(variable, known))


def _consent(where: str, name: str) -> UsageError:
    return UsageError(
        f"{where}: consent to run code can only be given on the command line or in Python",
        hint=f"write --{name} where you mean it; a file that lies in a folder must not decide it",
    )


def _prefix(analyzer: str) -> str:
    return f"{PREFIX}_{analyzer.upper().replace('-', '_').replace('/', '_')}"


def _check_keys(tables: Mapping[str, Mapping[str, Any]], origin: str) -> None:
    from vae_analyze.analyzers.registry import get

    for analyzer, values in tables.items():
        known = {spec.name for spec in specs(get(analyzer))}
        for name in values:
            if name not in known:
                raise UsageError(f"{origin}: {analyzer} has no option {name!r}", hint=nearest(name, known))
