"""Keeping this process from calling home: the libraries read these switches from the environment when they are imported."""

import os
import sys

_SWITCHES = {
    "DO_NOT_TRACK": "1",
    "SCARF_NO_ANALYTICS": "true",
    "ANONYMIZED_TELEMETRY": "False",
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",  # its threads do not survive a fork
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
    "RAY_USAGE_STATS_ENABLED": "0",
    "NNCF_CI": "1",
    "GRPC_VERBOSITY": "NONE",  # it would mix its own lines into ours on stderr
}

_SHUT_OUT = ("openvino_telemetry",)
"""Packages that do nothing but report. Who imports them does without if they are not there, and they need not be."""


def go_offline() -> None:
    """Set every switch that the environment does not set already. Call it before anything else is imported."""
    for name, value in _SWITCHES.items():
        os.environ.setdefault(name, value)
    for name in _SHUT_OUT:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # Python's own way to say that there is none
