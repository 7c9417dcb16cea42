"""Logs of other systems: read, mapped to commands, and replayed through the desk."""

from caseflow.logs.mapping import LogMapping, load_mapping
from caseflow.logs.replaying import replay
from caseflow.logs.summary import Summary, write_cards

__all__ = ["LogMapping", "Summary", "load_mapping", "replay", "write_cards"]
