"""Search over the catalogue: the protocol, and the engine that answers it within the process."""

from bff.stores.search.engine import SearchEngine
from bff.stores.search.title_index import TitleIndex

__all__ = ["SearchEngine", "TitleIndex"]
