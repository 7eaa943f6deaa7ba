"""Images and compose file, as far as they can be checked without a Docker engine: nothing is built here."""

import fnmatch
import importlib.metadata
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

import app.settings
import catalog.settings
import engine.install.distribution
import etl.settings
import loadtest.settings
import models.photos.settings
import models.settings

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILES = ("Dockerfile", "docker/etl.Dockerfile", "docker/loadtest.Dockerfile")
COMPOSE_FILES = ("docker-compose.yml", "docker/compose.gpu.yml")
SETTINGS = (
    app.settings.ApiSettings,
    catalog.settings.CatalogSettings,
    etl.settings.EtlSettings,
    loadtest.settings.LoadtestSettings,
    models.photos.settings.PhotoSettings,
    models.settings.ModelSettings,
)
KNOWN = {name.upper() for settings in SETTINGS for name in settings.model_fields}
# What an image runs beside its entrypoint.
RUN = {
    "Dockerfile": ("app.wsgi", "app.gunicorn_conf", "gunicorn.app.wsgiapp", "catalog.__main__"),
    "docker/etl.Dockerfile": (
        "etl.__main__",
        "catalog.__main__",
        "catalog.feeds.readers.parquet",
        "catalog.feeds.readers.merchant_xml",
    ),
    "docker/loadtest.Dockerfile": ("locust", "loadtest.__main__", "loadtest.locustfile"),
}


@dataclass
class Image:
    """What the tests ask about a Dockerfile."""

    path: str
    copies: list[str] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)
    user: str = ""
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    healthcheck: str = ""
    locks: list[str] = field(default_factory=list)
    exposed: str = ""


def read(path: str) -> Image:
    text = re.sub(r"^\s*#.*\n", "", (ROOT / path).read_text(), flags=re.M).replace("\\\n", " ")
    image = Image(path)
    for line in filter(None, map(str.strip, text.splitlines())):
        word, _, rest = line.partition(" ")
        if word == "COPY" and not rest.startswith("--from="):
            image.copies += shlex.split(rest)[:-1]
        elif word == "ENV":
            image.env |= dict(part.split("=", 1) for part in shlex.split(rest))
        elif word == "USER":
            image.user = rest
        elif word == "EXPOSE":
            image.exposed = rest
        elif word in ("ENTRYPOINT", "CMD"):
            setattr(image, {"ENTRYPOINT": "entrypoint", "CMD": "command"}[word], json.loads(rest))
        elif word == "HEALTHCHECK":
            image.healthcheck = rest
        elif word == "RUN":
            image.locks += re.findall(r"-r /tmp/(\S+)", rest)
    return image


NGINX = (ROOT / "docker/nginx.conf").read_text()
IMAGES = {path: read(path) for path in DOCKERFILES}
images = pytest.mark.parametrize("image", IMAGES.values(), ids=IMAGES)


def compose(path: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / path).read_text())
    return loaded


SERVICES: dict[str, dict[str, Any]] = compose("docker-compose.yml")["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}


def dockerfile_of(service: dict[str, Any]) -> str:
    build = service["build"]
    return "Dockerfile" if build == "." else str(build["dockerfile"])


def ignored(source: str) -> bool:
    """Whether .dockerignore keeps a file or folder of the root out; the last line that matches decides."""
    out = False
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.strip()
        if not pattern or pattern.startswith("#"):
            continue
        kept = pattern.startswith("!")
        if fnmatch.fnmatch(source, pattern.removeprefix("!")):
            out = not kept
    return out


@pytest.fixture(params=IMAGES.values(), ids=IMAGES)
def unpacked(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Image, Path]:
    """A folder that holds what the image copies and nothing else."""
    image: Image = request.param
    for source in image.copies:
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, tmp_path / source, ignore=shutil.ignore_patterns("__pycache__"))
    return image, tmp_path


def in_image(image: Image, folder: Path, command: list[str], **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command as the image would, but with this environment's packages."""
    declared = {name: value for name, value in image.env.items() if name in KNOWN}
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.defpath}",
        "PYTHONPATH": str(folder),
        **declared,
        **more,
    }
    found = [sys.executable, *command[1:]] if command[0] == "python" else command
    return subprocess.run(
        found, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


@images
def test_what_is_copied_exists_and_reaches_the_build(image: Image) -> None:
    assert image.copies
    for source in image.copies:
        assert (ROOT / source).exists(), source
        assert not ignored(source), f".dockerignore keeps {source} out"


@pytest.mark.parametrize("secret", [".git", ".venv", "var", "tests", ".env", "docker", "README.md"])
def test_nothing_else_reaches_the_build(secret: str) -> None:
    assert ignored(secret)


@images
def test_packages_come_from_a_lock_with_hashes_and_without_torch(image: Image) -> None:
    assert len(image.locks) == 1
    text = (ROOT / image.locks[0]).read_text()
    assert image.locks[0] in image.copies
    assert text.count("--hash=sha256:") > 20
    assert not re.search(r"^(torch|torchvision|triton|nvidia-\S+)==", text, flags=re.M)
    assert "--require-hashes" in (ROOT / image.path).read_text()


@images
def test_runs_as_nobody_in_particular(image: Image) -> None:
    assert image.user.isdigit()
    assert int(image.user) > 0


@images
def test_environment_names_are_settings(image: Image) -> None:
    python = {"PATH", "PYTHONPATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"}
    assert set(image.env) - python <= KNOWN


def test_the_apis_port_is_one_everywhere() -> None:
    image = IMAGES["Dockerfile"]
    port = image.env["API_PORT"]
    assert image.exposed == port == str(app.settings.ApiSettings().api_port)
    assert f"127.0.0.1:{port}/healthz" in image.healthcheck
    assert "ports" not in SERVICES["api"]  # the proxy's are the way in
    assert SERVICES["proxy"]["ports"] == [f"127.0.0.1:${{API_PORT:-{port}}}:8080"]
    assert f"server api:{port};" in NGINX and "listen 8080" in NGINX
    assert f"http://api:{port}" in IMAGES["docker/loadtest.Dockerfile"].command


def test_the_proxy_is_pinned_locked_down_and_buffers_what_the_api_takes() -> None:
    proxy = SERVICES["proxy"]
    assert re.fullmatch(r"nginxinc/nginx-unprivileged:\d+\.\d+\.\d+-\S+", proxy["image"])
    assert proxy["read_only"] is True and proxy["cap_drop"] == ["ALL"] and proxy["networks"] == ["front"]
    assert proxy["volumes"] == ["./docker/nginx.conf:/etc/nginx/nginx.conf:ro"]
    megabytes = re.search(r"client_max_body_size (\d+)m;", NGINX)
    assert megabytes is not None
    settings = app.settings.ApiSettings()
    assert int(megabytes[1]) << 20 >= settings.max_upload_length > int(megabytes[1]) - 1 << 20
    assert "proxy_request_buffering on;" in NGINX and "proxy_set_header Host $http_host;" in NGINX
    told = re.findall(r"return (\d+) '(.*)';", NGINX)
    assert {int(status) for status, _ in told} == {400, 404, 408, 413, 414, 429, 431, 503}
    for _, body in told:
        assert set(json.loads(body)) == {"code", "message", "detail"}


HIDE = """
import sys
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {hidden!r}:
            raise ModuleNotFoundError("No module named " + name, name=name)
sys.meta_path.insert(0, Hidden())
for name in {names!r}:
    __import__(name)
"""


def not_in(lock: str) -> set[str]:
    """Modules of this environment that an image with this lock does not have."""
    text = (ROOT / lock).read_text()
    locked = set(re.findall(r"^([a-z0-9.-]+)==", text, flags=re.M))
    return {
        module
        for module, found in importlib.metadata.packages_distributions().items()
        if not {re.sub(r"[-_.]+", "-", name).lower() for name in found} & locked
    }


def test_an_image_has_all_it_imports_and_its_lock_all_the_packages(unpacked: tuple[Image, Path]) -> None:
    image, folder = unpacked
    hidden = not_in(image.locks[0])
    assert {"torch", "hypothesis"} <= hidden
    done = in_image(image, folder, ["python", "-c", HIDE.format(hidden=hidden, names=RUN[image.path])])
    assert done.returncode == 0, done.stderr


def test_a_package_that_a_lock_lacks_would_be_seen(tmp_path: Path) -> None:
    code = HIDE.format(hidden=not_in("requirements.txt"), names=("locust",))
    done = in_image(IMAGES["Dockerfile"], tmp_path, ["python", "-c", code])
    assert "No module named locust" in done.stderr


def test_gunicorn_accepts_the_apis_entrypoint(tmp_path: Path) -> None:
    image = IMAGES["Dockerfile"]
    for source in ("app", "catalog", "models"):
        shutil.copytree(ROOT / source, tmp_path / source, ignore=shutil.ignore_patterns("__pycache__"))
    assert image.entrypoint[0] == "gunicorn"
    done = in_image(image, tmp_path, ["python", "-m", *image.entrypoint, "--check-config"])
    assert done.returncode == 0, done.stderr
    wrong = in_image(image, tmp_path, ["python", "-m", *image.entrypoint, "--check-config"], API_THREADS="many")
    assert wrong.returncode != 0


@pytest.mark.parametrize("path", [path for path in DOCKERFILES if path != "Dockerfile"])
def test_entrypoints_are_commands_with_these_options(path: str, tmp_path: Path) -> None:
    image = IMAGES[path]
    done = in_image(image, ROOT, [*image.entrypoint, *image.command, "--help"])
    assert done.returncode == 0, done.stderr
    assert "Usage" in done.stdout


@pytest.mark.parametrize("name", [name for name in OURS if name != "api"])
def test_services_run_commands_that_exist(name: str) -> None:
    service, image = OURS[name], IMAGES[dockerfile_of(OURS[name])]
    entrypoint = service.get("entrypoint", image.entrypoint)
    command = [*entrypoint, *service.get("command", image.command)]
    plain = [re.sub(r"\$\{\w+:-(.*)\}", r"\1", part) for part in command]
    done = in_image(image, ROOT, [*plain, "--help"])
    assert done.returncode == 0, done.stderr


def test_the_build_time_check_of_torch(tmp_path: Path) -> None:
    check = ROOT / "docker" / "check_torch.py"
    packages = tmp_path / "packages"
    (packages / "torch").mkdir(parents=True)
    (packages / "torch" / "__init__.py").touch()

    def run(*options: str, path: str = "") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, *options, str(check), str(packages)]
        environment = {"PATH": os.defpath, "PYTHONPATH": path}
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)

    assert run("-S").returncode == 0  # no torch at all: a small image for a CPU
    assert run().returncode == 0  # torch of the base, here of this environment
    own = run(path=str(packages))
    assert own.returncode == 1
    assert "must not hold it" in own.stderr


@pytest.mark.parametrize("path", COMPOSE_FILES)
def test_compose_files_keep_the_schema(path: str) -> None:
    schema = json.loads(Path(__file__).with_name("packaging").joinpath("compose-spec.json").read_text())
    jsonschema.Draft7Validator(schema).validate(compose(path))


def test_a_wrong_compose_file_would_be_seen() -> None:
    schema = json.loads(Path(__file__).with_name("packaging").joinpath("compose-spec.json").read_text())
    wrong = compose("docker-compose.yml")
    wrong["services"]["api"]["prots"] = []
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft7Validator(schema).validate(wrong)


@pytest.mark.parametrize(("name", "service"), SERVICES.items(), ids=SERVICES)
def test_services_refer_to_what_is_declared(name: str, service: dict[str, Any]) -> None:
    whole = compose("docker-compose.yml")
    assert set(service["networks"]) <= set(whole["networks"])
    for volume in service.get("volumes", []):
        source = volume.split(":")[0] if not volume.startswith("$") else "./"
        assert source.startswith("./") or source in whole["volumes"]
    for other, waiting in service.get("depends_on", {}).items():
        image = IMAGES[dockerfile_of(SERVICES[other])] if other in OURS else None
        checked = "healthcheck" in SERVICES[other] or bool(image and image.healthcheck)
        assert waiting["condition"] != "service_healthy" or checked


@pytest.mark.parametrize(("name", "service"), OURS.items(), ids=OURS)
def test_our_services_are_built_here_locked_down_and_set_by_known_names(name: str, service: dict[str, Any]) -> None:
    assert (ROOT / dockerfile_of(service)).is_file()
    assert set(service["environment"]) <= KNOWN
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["environment"]["ELASTICSEARCH_URL"] == "http://elasticsearch:9200"


def test_elasticsearch_is_the_pinned_one_and_nobody_outside_reaches_it() -> None:
    service = SERVICES["elasticsearch"]
    assert service["image"] == f"docker.elastic.co/elasticsearch/elasticsearch:{engine.install.distribution.VERSION}"
    assert "ports" not in service
    assert service["networks"] == ["store"]
    assert compose("docker-compose.yml")["networks"]["store"] == {"internal": True}


def test_the_api_answers_the_names_it_is_called_by() -> None:
    default = re.sub(r"\$\{\w+:-(.*)\}", r"\1", SERVICES["api"]["environment"]["TRUSTED_HOSTS"])
    assert {"api", "127.0.0.1", "localhost"} <= set(default.split(","))


@pytest.mark.parametrize("path", DOCKERFILES)
def test_hadolint(path: str) -> None:
    hadolint = shutil.which("hadolint", path=f"{Path(sys.executable).parent}:{os.defpath}")
    if hadolint is None:
        pytest.skip("hadolint is not installed")
    done = subprocess.run([hadolint, str(ROOT / path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("files", [COMPOSE_FILES[:1], COMPOSE_FILES])
def test_docker_compose_can_read_the_files(files: tuple[str, ...]) -> None:
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("the docker client or its compose plugin is not installed")
    chosen = [part for path in files for part in ("-f", str(ROOT / path))]
    command = [docker, "compose", *chosen, "--profile", "jobs", "config", "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr


def test_an_installed_package_has_every_file_it_needs() -> None:
    setup = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    rooms = [pattern.rstrip("*") for pattern in setup["packages"]["find"]["include"]]
    tracked = subprocess.run(["git", "ls-files", *rooms], cwd=ROOT, capture_output=True, text=True, check=True)
    for file in map(Path, tracked.stdout.split()):
        room, *_ = file.parts
        if file.suffix == ".py":
            assert (ROOT / file.parent / "__init__.py").exists(), file
        elif not file.is_relative_to("benchmarks/results"):
            assert any((ROOT / file) in (ROOT / room).glob(pattern) for pattern in setup["package-data"][room]), file
