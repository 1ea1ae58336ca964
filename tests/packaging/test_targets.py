"""The files of each target, checked as far as possible without what reads them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from textune.errors import RequestError
from textune.packaging.targets import TARGETS, Package, find_package_target

PACKAGE = Package("My run: 3 (final)", ("numpy==2.4.6",), pairs=False)
CONTAINERS = [name for name in TARGETS if name != "mlflow"]


@pytest.mark.parametrize("name", CONTAINERS)
def test_hadolint_finds_nothing_in_a_dockerfile_where_it_is_installed(name: str, tmp_path: Path) -> None:
    beside_python = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    hadolint = shutil.which("hadolint", path=beside_python)
    if hadolint is None:
        pytest.skip("hadolint is not installed")
    (tmp_path / "Dockerfile").write_text(TARGETS[name].files(PACKAGE)["Dockerfile"], encoding="utf-8")

    result = subprocess.run([hadolint, tmp_path / "Dockerfile"], capture_output=True, text=True, check=False)

    assert (result.returncode, result.stdout) == (0, "")


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_container_has_this_python_and_runs_as_nobody_of_importance(name: str) -> None:
    lines = TARGETS[name].files(PACKAGE)["Dockerfile"].splitlines()

    assert f"FROM python:{sys.version_info.major}.{sys.version_info.minor}-slim" in lines
    assert lines.index("USER 10001") < lines.index('ENTRYPOINT ["python", "start_server.py"]')


def test_kserve_gets_a_service_whose_name_kubernetes_allows() -> None:
    service = yaml.safe_load(TARGETS["kserve"].files(PACKAGE)["inferenceservice.yaml"])

    [container] = service["spec"]["predictor"]["containers"]
    assert (service["kind"], service["metadata"]["name"]) == ("InferenceService", "my-run-3-final")
    assert container["name"] == "kserve-container"
    assert container["readinessProbe"]["httpGet"] == {"path": "/ready", "port": 8080}


@pytest.mark.parametrize(
    ("name", "plain"),
    [("emotion", "emotion"), ("2024_Run.v1", "textune-2024-run-v1"), ("Übung", "bung"), ("---", "textune")],
)
def test_a_name_becomes_one_of_lowercase_letters_digits_and_hyphens(name: str, plain: str) -> None:
    package = Package(name, (), pairs=False)

    assert package.plain_name == plain
    assert re.fullmatch(r"[a-z]([-a-z0-9]*[a-z0-9])?", package.plain_name)


@pytest.mark.parametrize(("pairs", "names"), [(False, ["text"]), (True, ["text", "text_pair"])])
def test_mlflow_gets_yaml_that_names_the_loader_and_the_columns(pairs: bool, names: list[str]) -> None:
    files = TARGETS["mlflow"].files(Package("run", ("numpy==2.4.6",), pairs))

    model, conda, environment = (
        yaml.safe_load(files[name]) for name in ("MLmodel", "conda.yaml", "python_env.yaml")
    )
    flavor = model["flavors"]["python_function"]
    assert flavor["loader_module"] == "textune.packaging.mlflow_loader"
    assert (flavor["code"], flavor["data"]) == ("code", "export")
    assert [column["name"] for column in json.loads(model["signature"]["inputs"])] == names
    assert "numpy==2.4.6" in conda["dependencies"][-1]["pip"]
    assert environment["dependencies"] == ["-r requirements.txt"]


def test_another_target_is_refused_with_a_list_of_all() -> None:
    with pytest.raises(RequestError, match="docker, sagemaker, mlflow, kserve"):
        find_package_target("heroku")
