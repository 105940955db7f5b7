"""What metrics look at of how operations are executed."""

from bff.execution import CompilingExecutor
from bff.http.comparison import Shadow
from bff.http.metrics import Metrics


def watch_executor(metrics: Metrics, executor: type[CompilingExecutor]) -> None:
    """What the endpoint's executor keeps, where it keeps anything; plans may be given up while it serves."""
    plans, fragments = executor.plans, executor.fragment_cache
    if plans is not None:
        metrics.watch(
            "bff_compiling",
            "Processes that compile: not those whose self-check failed",
            lambda: int(executor.plans is not None),
        )
        metrics.watch("bff_plans", "Compiled plans that are kept", lambda: len(plans))
        metrics.watch_counts(
            "bff_executions", "Executions: compiled, or by graphql-core and why", "by", lambda: plans.counts
        )
    if fragments is not None:
        metrics.watch("bff_fragment_bytes", "What kept fragments take", lambda: fragments.size)
        metrics.watch_counts(
            "bff_fragment_lookups",
            "Fragments found and not",
            "outcome",
            lambda: {"hit": fragments.hits, "miss": fragments.misses},
        )


def watch_shadow(metrics: Metrics, shadow: Shadow) -> None:
    metrics.watch_counts("bff_shadow", "Answers that graphql-core made as well", "outcome", lambda: shadow.counts)
