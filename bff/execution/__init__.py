"""The compiled executor: operations become Python that answers as graphql-core does, only faster.

Knows GraphQL and Strawberry's fields, and nothing of what a schema is about.
"""

from bff.execution.batches import batched, gives_kept
from bff.execution.executor import CompiledExecutor, CompilingExecutor, PlanCache
from bff.execution.fragments import FragmentCache, KeptList
from bff.execution.models import shows
from bff.execution.plan import Uncompilable
from bff.execution.survey import READS
from bff.execution.writing import write_data, write_pieces

__all__ = [
    "READS",
    "CompiledExecutor",
    "CompilingExecutor",
    "FragmentCache",
    "KeptList",
    "PlanCache",
    "Uncompilable",
    "batched",
    "gives_kept",
    "shows",
    "write_data",
    "write_pieces",
]
