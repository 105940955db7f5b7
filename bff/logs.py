"""Logs as lines of JSON, for production; development keeps lines for people."""

import logging
import sys
from datetime import UTC, datetime
from typing import Any

import orjson

from bff.telemetry import current_trace


class JsonFormatter(logging.Formatter):
    """One object a line: `time`, `level`, `logger`, `message`, and `traceId` and `exception` where there is one.

    Whatever is logged during an operation or a job has its trace id.
    """

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        trace = current_trace()
        trace_id = getattr(record, "trace_id", None) or (trace and trace.id)
        if trace_id is not None:
            line["traceId"] = trace_id
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return orjson.dumps(line, default=str).decode()


def log_as_json(level: int = logging.INFO) -> None:
    """To standard error, in place of whatever the process logged to."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
