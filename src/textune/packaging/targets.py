"""What a classifier is packaged for, and which files that takes besides the export and the code.

Knows how the files read, and not where the export comes from.
"""

from __future__ import annotations

import json
import platform
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from textune.errors import RequestError

_DOCKERFILE = """\
# A server for the classifier in this folder. Build and run it here:
#
#     docker build -t {name} .
#     docker run --rm -p 127.0.0.1:8080:8080 -e TEXTUNE_API_KEY=... {name}{argument}

FROM python:{python}-slim
WORKDIR /opt/textune
COPY requirements.txt ./
RUN pip install --no-cache-dir --disable-pip-version-check -r requirements.txt
COPY . .
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin textune
USER 10001
ENV HF_HUB_OFFLINE=1 \\
    PYTHONDONTWRITEBYTECODE=1 \\
    PYTHONUNBUFFERED=1
EXPOSE 8080
ENTRYPOINT ["python", "start_server.py"]
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s \\
    CMD ["python", "start_server.py", "--check-health"]
# SIGTERM drains: give it the time that a request may take (docker stop --time 15).
STOPSIGNAL SIGTERM
"""

_KSERVE = """\
# Build the image from the Dockerfile, push it, put its name here, and: kubectl apply -f {file}
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  name: {name}
spec:
  predictor:
    containers:
      - name: kserve-container
        image: REGISTRY/{name}:latest
        ports:
          - containerPort: 8080
            protocol: TCP
        readinessProbe:
          httpGet:
            path: /ready
            port: 8080
        resources:
          requests:
            cpu: "1"
            memory: 1Gi
"""


@dataclass(frozen=True)
class Package:
    """What the files of a target tell of: a classifier's name, its requirements, and how it takes texts."""

    name: str
    requirements: tuple[str, ...]
    pairs: bool

    @property
    def plain_name(self) -> str:
        """The name in the letters that Docker and Kubernetes allow."""
        plain = re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")[:50].strip("-")
        return plain if plain[:1].isalpha() else f"textune-{plain}".strip("-")


@dataclass(frozen=True)
class Target:
    """Something that a classifier is packaged for.

    Attributes:
        title: Its name in a sentence.
        extra: The extra of textune that runs there, if any.
        serve: Options of `textune serve` there.
        starts: The command that starts it in the folder.
        files: Returns the contents of its own files by name.
    """

    title: str
    extra: str
    serve: tuple[str, ...]
    starts: str
    files: Callable[[Package], Mapping[str, str]]


def find_package_target(name: str) -> Target:
    """Return a target by its name, or raise a `RequestError` that lists all."""
    if name not in TARGETS:
        raise RequestError(
            f"A classifier cannot be packaged for '{name}'.", f"Give one of: {', '.join(TARGETS)}."
        )
    return TARGETS[name]


def _container(package: Package, *, argument: str = "") -> dict[str, str]:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    name = package.plain_name
    return {
        "Dockerfile": _DOCKERFILE.format(name=name, python=version, argument=argument),
        ".dockerignore": "**/__pycache__\n",
    }


def _sagemaker(package: Package) -> dict[str, str]:
    return _container(package, argument=" serve")


def _kserve(package: Package) -> dict[str, str]:
    file = "inferenceservice.yaml"
    return {**_container(package), file: _KSERVE.format(name=package.plain_name, file=file)}


def _mlflow(package: Package) -> dict[str, str]:
    """Return the files of MLflow's format of models: JSON is YAML as well, and needs no library."""
    fields = ("text", "text_pair") if package.pairs else ("text",)
    inputs = [{"type": "string", "name": name, "required": True} for name in fields]
    python = platform.python_version()
    model = {
        "flavors": {
            "python_function": {
                "loader_module": "textune.packaging.mlflow_loader",
                "code": "code",
                "data": "export",
                "env": {"conda": "conda.yaml", "virtualenv": "python_env.yaml"},
                "python_version": python,
            }
        },
        "signature": {"inputs": json.dumps(inputs), "outputs": None, "params": None},
        "utc_time_created": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f}",
    }
    pip = ["mlflow", *package.requirements]
    conda = {"channels": ["conda-forge"], "dependencies": [f"python={python}", "pip", {"pip": pip}]}
    environment = {"python": python, "dependencies": ["-r requirements.txt"]}
    return {
        "MLmodel": _yaml(model),
        "conda.yaml": _yaml({**conda, "name": "mlflow-env"}),
        "python_env.yaml": _yaml(environment),
    }


def _yaml(value: Any) -> str:
    return json.dumps(value, indent=2) + "\n"


_PORT = ("--port", "8080")
_START = "python start_server.py"
TARGETS = {
    "docker": Target("Docker", "serve", _PORT, _START, _container),
    "sagemaker": Target("SageMaker", "serve", ("--protocols", "sagemaker"), f"{_START} serve", _sagemaker),
    "mlflow": Target("MLflow", "", (), "mlflow models serve -m .", _mlflow),
    "kserve": Target("KServe", "serve", (*_PORT, "--protocols", "kserve,oip"), _START, _kserve),
}
