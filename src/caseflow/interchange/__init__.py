"""Ways into a store and out of it: exports, imports, logs that are replayed, tables that are taken over."""

from caseflow.interchange.log_mapping import LogMapping, load_mapping
from caseflow.interchange.log_replay import Summary, replay, write_cards

__all__ = ["LogMapping", "Summary", "load_mapping", "replay", "write_cards"]
