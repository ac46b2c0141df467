"""What Ax's storage must know to save and load a LaMOO strategy."""

from __future__ import annotations

from collections.abc import Mapping

from ax.adapter.registry import (
    GENERATOR_KEY_TO_GENERATOR_SETUP,
    GeneratorRegistryBase,
    Generators,
    GeneratorSetup,
)
from ax.storage.json_store.encoders import pausing_criterion_to_dict
from ax.storage.json_store.registry import CORE_DECODER_REGISTRY, CORE_ENCODER_REGISTRY
from ax.storage.transform_registry import register_transform

from ax_lamoo.adapter import LaMOOAdapter
from ax_lamoo.early import EarlyStopping, decoded_strategy, encoded_strategy
from ax_lamoo.exhaustion import ConfigurationsLeft, StartFull
from ax_lamoo.generator import LaMOOGenerator
from ax_lamoo.prior import PriorKnowledge, encoded
from ax_lamoo.start import CenterNode, StartAdapter, StartGenerator
from ax_lamoo.stopping import StopWhenConverged, encoded_rule
from ax_lamoo.transforms import FiniteY, ManyIntegersToFloat

_BOTORCH = GENERATOR_KEY_TO_GENERATOR_SETUP[Generators.BOTORCH_MODULAR.value]
#: What each of our names stands for.
SETUPS = {
    "LaMOO": GeneratorSetup(
        adapter_class=LaMOOAdapter,
        generator_class=LaMOOGenerator,
        transforms=[FiniteY, ManyIntegersToFloat, *_BOTORCH.transforms],
    ),
    "LaMOO start": GeneratorSetup(
        adapter_class=StartAdapter,
        generator_class=StartGenerator,
        transforms=GENERATOR_KEY_TO_GENERATOR_SETUP[Generators.SOBOL.value].transforms,
    ),
}


class LaMOOGenerators(GeneratorRegistryBase):
    """Names LaMOO's generators, as ``ax.adapter.registry.Generators`` names Ax's."""

    LAMOO = "LaMOO"
    START = "LaMOO start"

    @property
    def GENERATOR_KEY_TO_GENERATOR_SETUP(self) -> Mapping[str, GeneratorSetup]:  # noqa: N802
        """What each name stands for."""
        return SETUPS


# Ax stores classes by their names, and all it says of a name that it does not know is the name
# itself. So the name says what to do.
for _class in (
    CenterNode,
    ConfigurationsLeft,
    EarlyStopping,
    LaMOOGenerators,
    FiniteY,
    ManyIntegersToFloat,
    PriorKnowledge,
    StartFull,
    StopWhenConverged,
):
    _class.__name__ += " (import ax_lamoo before loading)"
register_transform(FiniteY)
register_transform(ManyIntegersToFloat)
CORE_DECODER_REGISTRY[LaMOOGenerators.__name__] = LaMOOGenerators
CORE_DECODER_REGISTRY[CenterNode.__name__] = CenterNode
for _criterion in (ConfigurationsLeft, StartFull):
    CORE_DECODER_REGISTRY[_criterion.__name__] = _criterion
    CORE_ENCODER_REGISTRY[_criterion] = pausing_criterion_to_dict
CORE_DECODER_REGISTRY[PriorKnowledge.__name__] = PriorKnowledge
CORE_ENCODER_REGISTRY[PriorKnowledge] = encoded
CORE_DECODER_REGISTRY[StopWhenConverged.__name__] = StopWhenConverged
CORE_ENCODER_REGISTRY[StopWhenConverged] = encoded_rule
CORE_DECODER_REGISTRY[EarlyStopping.__name__] = decoded_strategy
CORE_ENCODER_REGISTRY[EarlyStopping] = encoded_strategy
