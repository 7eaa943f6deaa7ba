"""Fetching photos from files and from a host with every bad habit."""

import hashlib
import os
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.photos import Fetcher, PhotoError, PhotoSettings, Reason
from models.photos.fetching.connections import PlainConnection
from models.photos.fetching.http import parse_address, parse_retry_after
from tests.image_server import ImageServer, image_server, photo

PASSING = frozenset({"unreadable", "timeout", "unreachable", "interrupted", "rate_limited", "server_error"})


@pytest.fixture(scope="module")
def server() -> Iterator[ImageServer]:
    with image_server() as running:
        yield running


@pytest.fixture(scope="module")
def fetcher(server: ImageServer) -> Iterator[Fetcher]:
    with fetching(server, 60) as made:
        yield made


def fetching(server: ImageServer, timeout: float) -> Fetcher:
    """Makes a fetcher with `timeout` seconds for a photo; 60 never run out, however busy the machine is."""
    return Fetcher(
        PhotoSettings(image_allowed_hosts=(server.host,), image_max_bytes=1_000_000, image_timeout=timeout)
    )


def failure(fetcher: Fetcher, url: str) -> PhotoError:
    with pytest.raises(PhotoError) as caught:
        fetcher.fetch(url)
    assert caught.value.message
    assert caught.value.permanent == (caught.value.reason not in PASSING)
    return caught.value


def test_a_photo_comes_with_its_hash_and_etag(server: ImageServer, fetcher: Fetcher) -> None:
    got = fetcher.fetch(server.url("/red.jpg"))
    assert got.data == server.photos["/red.jpg"]
    assert got.sha256 == hashlib.sha256(got.data).hexdigest()
    assert got.etag == '"v1"'


def test_a_photo_that_is_still_the_same_is_not_sent_again(server: ImageServer, fetcher: Fetcher) -> None:
    url = server.url("/red.jpg")
    before = server.unmodified["/red.jpg"]
    assert fetcher.refetch(url, '"v1"') is None
    assert fetcher.refetch(url, '"older"') == fetcher.fetch(url), "the connection is in order after an answer 304"
    assert fetcher.refetch(url, '"v1"') is None
    assert server.unmodified["/red.jpg"] == before + 2
    assert failure(fetcher, server.url("/304.jpg")).reason == "http_error", "nobody asked for it"


@pytest.mark.parametrize(
    ("path", "reason", "permanent"),
    [
        ("/nothing-there.jpg", "not_found", True),
        ("/gone.jpg", "not_found", True),
        ("/forbidden.jpg", "http_error", True),
        ("/500.jpg", "server_error", False),
        ("/busy.jpg", "rate_limited", False),
        ("/cut.jpg", "interrupted", False),
        ("/vanish.jpg", "interrupted", False),
        ("/nonsense.jpg", "interrupted", False),
        ("/announced-huge.jpg", "too_large", True),
        ("/endless.jpg", "too_large", True),
        ("/gzip-bomb.jpg", "too_large", True),
        ("/gzip-bomb-chunked.jpg", "too_large", True),
        ("/gzip-broken.jpg", "not_an_image", True),
        ("/loop.jpg", "too_many_redirects", True),
        ("/moved-nowhere.jpg", "http_error", True),
        ("/to-metadata.jpg", "blocked_address", True),
        ("/to-file.jpg", "bad_address", True),
        ("/to-ftp.jpg", "bad_address", True),
        ("/to-secret.jpg", "bad_address", True),
    ],
)
def test_bad_habits(server: ImageServer, fetcher: Fetcher, path: str, reason: str, permanent: bool) -> None:
    error = failure(fetcher, server.url(path))
    assert (error.reason, error.permanent) == (reason, permanent)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("path", ["/hang.jpg", "/drip-body.jpg", "/drip-endless.jpg", "/drip-headers.jpg"])
def test_one_deadline_ends_a_host_that_never_finishes(server: ImageServer, path: str) -> None:
    """These hosts go on for ever, a byte at a time: only a deadline over the whole photo ends them."""
    with fetching(server, 1) as fetcher:
        error = failure(fetcher, server.url(path))
    assert (error.reason, error.permanent) == ("timeout", False)


def test_what_the_host_asks_for_is_kept(server: ImageServer, fetcher: Fetcher) -> None:
    assert failure(fetcher, server.url("/busy.jpg")).retry_after == 7
    assert failure(fetcher, server.url("/503.jpg")).retry_after == 120


def test_compressed_and_redirected_photos_arrive(server: ImageServer, fetcher: Fetcher) -> None:
    assert fetcher.fetch(server.url("/gzip.jpg")).data == photo()
    for status in (301, 302, 303, 307, 308):
        assert fetcher.fetch(server.url(f"/moved-{status}.jpg")).data == server.photos["/red.jpg"]


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://localhost/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://169.254.169.254/latest/meta-data",
    ],
)
def test_private_addresses_in_any_spelling(fetcher: Fetcher, url: str) -> None:
    error = failure(fetcher, url)
    assert error.reason == Reason.BLOCKED_ADDRESS
    assert error.code == "blocked_address"
    assert "IMAGE_ALLOWED_HOSTS" in error.message


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.org/a.jpg",
        "gopher://example.org/",
        "data:image/png;base64,xx",
        "a.jpg",
        "",
        "http://",
        "http:///a.jpg",
        "https://user:pass@example.org/a.jpg",
        "http://example.org:99999/",
        "http://exa mple.org/",
        "http://" + "a" * 300 + ".example/",
        "file:relative.jpg",
        "file://elsewhere/a.jpg",
        "file://[/a.jpg",
        "file:///a%00.jpg",
    ],
)
def test_what_is_no_address(fetcher: Fetcher, url: str) -> None:
    assert failure(fetcher, url).reason in (Reason.BAD_ADDRESS, Reason.UNREACHABLE)


def test_the_name_is_resolved_once_and_that_address_is_used(server: ImageServer) -> None:
    """A DNS that answers with a public address first and a private one next (rebinding) gains nothing."""
    asked: list[str] = []

    def rebinding(host: str, port: int) -> list[tuple[socket.AddressFamily, str]]:
        asked.append(host)
        return [(socket.AF_INET, "127.0.0.1" if len(asked) > 1 else "192.88.99.77"), (socket.AF_INET, "10.0.0.1")]

    with Fetcher(PhotoSettings(image_timeout=1.0), rebinding) as fetcher:
        error = failure(fetcher, f"http://shop.example:{server.server_address[1]}/red.jpg")
    assert error.reason == Reason.BLOCKED_ADDRESS
    assert asked == ["shop.example"]


def test_proxies_of_the_environment_have_no_say(
    server: ImageServer, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    assert fetcher.fetch(server.url("/blue.png")).data == server.photos["/blue.png"]


def test_a_host_that_is_down_and_one_that_does_not_exist() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]

    def nowhere(host: str, port: int) -> list[tuple[socket.AddressFamily, str]]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with Fetcher(PhotoSettings(image_allowed_hosts=("127.0.0.1",))) as fetcher:
        assert failure(fetcher, f"http://127.0.0.1:{free}/a.jpg").reason == Reason.UNREACHABLE
    with Fetcher(PhotoSettings(), nowhere) as fetcher:
        assert failure(fetcher, "http://no-such-host.example/a.jpg").reason == Reason.UNREACHABLE


def test_a_resolver_that_hangs_is_a_timeout() -> None:
    release = threading.Event()

    def hanging(host: str, port: int) -> list[tuple[socket.AddressFamily, str]]:
        release.wait(10)
        return []

    with Fetcher(PhotoSettings(image_timeout=0.2), hanging) as fetcher:
        assert failure(fetcher, "http://slow-dns.example/a.jpg").reason == Reason.TIMEOUT
        release.set()


def test_a_connection_is_used_again_and_replaced_when_the_host_closed_it(server: ImageServer) -> None:
    with Fetcher(PhotoSettings(image_allowed_hosts=(server.host,))) as fetcher:
        for _ in range(3):
            assert fetcher.fetch(server.url("/red.jpg")).etag == '"v1"'
        pool = fetcher._http._pools.connection_from_url(server.url("/"))
        assert pool.num_connections == 1
        kept = pool._get_conn()
        assert isinstance(kept, PlainConnection)
        assert kept.sock is not None
        kept.sock.shutdown(socket.SHUT_RDWR)
        pool._put_conn(kept)
        assert fetcher.fetch(server.url("/red.jpg")).etag == '"v1"'


def test_a_kept_connection_that_ends_under_a_request_is_replaced_and_a_new_one_is_not(server: ImageServer) -> None:
    """A host may close a connection just as the next request is on its way; only then it is asked once more."""
    with Fetcher(PhotoSettings(image_allowed_hosts=(server.host,))) as fetcher:
        for requests in (1, 3):  # the second time, /red.jpg leaves a connection that is kept
            assert failure(fetcher, server.url("/vanish.jpg?again")).reason == Reason.INTERRUPTED
            assert server.seen["/vanish.jpg?again"] == requests
            assert fetcher.fetch(server.url("/red.jpg")).etag == '"v1"'


def test_many_threads_share_a_fetcher(server: ImageServer, fetcher: Fetcher) -> None:
    got: list[int] = []
    threads = [
        threading.Thread(target=lambda: got.append(len(fetcher.fetch(server.url("/red.jpg")).data)))
        for _ in range(40)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [len(server.photos["/red.jpg"])] * 40


# -- TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("openssl") is None:
        pytest.skip("needs the openssl command to make a certificate")
    path = tmp_path_factory.mktemp("tls") / "shop.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=shop.example"]
    subprocess.run(
        [*command, "-addext", "subjectAltName=DNS:shop.example", "-keyout", path, "-out", f"{path}.crt"],
        check=True,
        capture_output=True,
    )
    path.write_text(path.read_text() + Path(f"{path}.crt").read_text())
    return path


@pytest.fixture
def tls_server(certificate: Path) -> Iterator[ImageServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with image_server() as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        yield server


@pytest.mark.parametrize(("host", "reason"), [("shop.example", None), ("other.example", Reason.UNREACHABLE)])
def test_tls_verifies_the_name_though_the_address_is_ours(
    tls_server: ImageServer, certificate: Path, monkeypatch: pytest.MonkeyPatch, host: str, reason: Reason | None
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", f"{certificate}.crt")
    settings = PhotoSettings(image_allowed_hosts=(host,), image_timeout=3.0)
    with Fetcher(settings, lambda *_: [(socket.AF_INET, "127.0.0.1")]) as fetcher:
        url = f"https://{host}:{tls_server.server_address[1]}/red.jpg"
        if reason is None:
            assert fetcher.fetch(url).data == fetcher.fetch(url).data == tls_server.photos["/red.jpg"]
            drip = url.replace("/red.jpg", "/drip-body.jpg")
            assert failure(fetcher, drip).reason == Reason.TIMEOUT
        else:
            assert failure(fetcher, url).reason == reason


# -- files


def test_files_are_read_below_the_roots_only(tmp_path: Path) -> None:
    root, outside = tmp_path / "photos", tmp_path / "secret.jpg"
    root.mkdir()
    (root / "a b.jpg").write_bytes(photo())
    outside.write_bytes(b"secret")
    (root / "link.jpg").symlink_to(outside)
    (root / "inner.jpg").symlink_to(root / "a b.jpg")
    (tmp_path / "photos-too").mkdir()
    (tmp_path / "photos-too" / "c.jpg").write_bytes(b"x")
    os.mkfifo(root / "pipe.jpg")
    with Fetcher(PhotoSettings(image_roots=(root,), image_max_bytes=100_000)) as fetcher:
        assert fetcher.fetch((root / "a b.jpg").as_uri()).data == photo()
        assert fetcher.fetch(f"file:{root}/inner.jpg").data == photo()
        assert failure(fetcher, f"file://{root}/link.jpg").reason == Reason.OUTSIDE_IMAGE_ROOTS
        assert failure(fetcher, f"file://{root}/../secret.jpg").reason == Reason.OUTSIDE_IMAGE_ROOTS
        assert failure(fetcher, f"file://{root}/%2e%2e/secret.jpg").reason == Reason.OUTSIDE_IMAGE_ROOTS
        assert failure(fetcher, f"file://{tmp_path}/photos-too/c.jpg").reason == Reason.OUTSIDE_IMAGE_ROOTS
        assert failure(fetcher, f"file://{root}/missing.jpg").reason == Reason.NOT_FOUND
        assert failure(fetcher, f"file://{root}/a%20b.jpg/deeper.jpg").reason == Reason.NOT_FOUND
        assert failure(fetcher, root.as_uri()).reason == Reason.NOT_AN_IMAGE
        assert failure(fetcher, f"file://{root}/pipe.jpg").reason == Reason.NOT_AN_IMAGE
        (root / "big.jpg").write_bytes(bytes(100_001))
        assert failure(fetcher, f"file://{root}/big.jpg").reason == Reason.TOO_LARGE


def swap(folder: Path, elsewhere: Path) -> None:
    """Put a link to `elsewhere` in the place of `folder`, or the folder back."""
    aside = folder.with_name("aside")
    if folder.is_symlink():
        folder.unlink()
        aside.rename(folder)
    else:
        folder.rename(aside)
        folder.symlink_to(elsewhere)


@pytest.fixture
def swapped(tmp_path: Path) -> tuple[Path, Path]:
    """A folder in a folder below a root, and one outside, each with a photo of the same name."""
    inside, outside = tmp_path / "photos" / "deep" / "red", tmp_path / "outside"
    for folder, content in ((inside, b"ours"), (outside, b"secret")):
        folder.mkdir(parents=True)
        (folder / "1.jpg").write_bytes(content)
    return inside, outside


def test_a_link_put_in_a_folders_place_after_the_check_is_not_followed(
    swapped: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside, outside = swapped
    resolve = os.path.realpath

    def and_then_swap(path: str) -> str:
        found = resolve(path)
        if found.endswith("1.jpg"):
            swap(inside, outside)
        return found

    monkeypatch.setattr(os.path, "realpath", and_then_swap)
    with Fetcher(PhotoSettings(image_roots=(tmp_path / "photos",))) as fetcher:
        error = failure(fetcher, (inside / "1.jpg").as_uri())
        assert (error.reason, error.permanent) == (Reason.UNREADABLE, False)
        monkeypatch.setattr(os.path, "realpath", resolve)
        assert failure(fetcher, (inside / "1.jpg").as_uri()).reason == Reason.OUTSIDE_IMAGE_ROOTS
        swap(inside, outside)
        assert fetcher.fetch((inside / "1.jpg").as_uri()).data == b"ours"


def test_swapping_a_folder_for_a_link_all_the_time_reads_nothing_outside(
    swapped: tuple[Path, Path], tmp_path: Path
) -> None:
    inside, outside = swapped
    done = threading.Event()

    def keep_swapping() -> None:
        while not done.is_set():
            swap(inside, outside)

    swapper = threading.Thread(target=keep_swapping)
    swapper.start()
    seen = set()
    try:
        with Fetcher(PhotoSettings(image_roots=(tmp_path / "photos",))) as fetcher:
            for _ in range(3_000):
                try:
                    seen.add(fetcher.fetch((inside / "1.jpg").as_uri()).data)
                except PhotoError as error:
                    seen.add(str(error.reason).encode())
    finally:
        done.set()
        swapper.join()
    assert b"secret" not in seen  # what else is seen depends on who is quicker
    if inside.is_symlink():
        swap(inside, outside)
    with Fetcher(PhotoSettings(image_roots=(tmp_path / "photos",))) as fetcher:
        assert fetcher.fetch((inside / "1.jpg").as_uri()).data == b"ours"


@pytest.mark.parametrize("control", ["\r\n", "\n", "\t", "\0", "\x1b[2J", "\x7f", "\x85", "\u2028"])
@pytest.mark.parametrize("start", ["http://shop.example/a", "https://shop.example/a", "file:///photos/a"])
def test_control_characters_are_no_address(fetcher: Fetcher, start: str, control: str) -> None:
    error = failure(fetcher, f"{start}{control}X-Header: 1.jpg")
    assert error.reason == Reason.BAD_ADDRESS
    assert control not in error.message


def test_without_roots_no_file_is_read_and_the_error_says_what_to_set(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(photo())
    with Fetcher(PhotoSettings()) as fetcher:
        error = failure(fetcher, (tmp_path / "a.jpg").as_uri())
    assert error.reason == Reason.OUTSIDE_IMAGE_ROOTS
    assert "IMAGE_ROOTS" in error.message


# -- pieces


def test_retry_after_takes_seconds_and_dates() -> None:
    from datetime import UTC, datetime

    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert parse_retry_after("30") == 30
    assert parse_retry_after("Thu, 01 Jan 2026 00:01:00 GMT", now) == 60
    assert parse_retry_after("Wed, 31 Dec 2025 00:00:00 GMT", now) == 0
    assert parse_retry_after("9" * 30) == 7 * 86_400
    assert [parse_retry_after(text) for text in ("soon", "", None, "-5")] == [None] * 4


def test_addresses_are_normalized() -> None:
    parts = parse_address("HTTPS://Shop.Example/a b.jpg?x=ü#part")
    assert (parts.scheme, parts.host, parts.port) == ("https", "shop.example", None)
    assert parts.request_uri == "/a%20b.jpg?x=%C3%BC"
    assert parse_address("http://[2606:4700::1]:8080/").host == "[2606:4700::1]"


def test_settings_come_from_the_environment_and_a_wrong_one_is_named() -> None:
    settings = PhotoSettings.load(
        {"IMAGE_ROOTS": "/a:/b, /c", "IMAGE_ALLOWED_HOSTS": "CDN.local, 127.0.0.1:9", "IMAGE_TIMEOUT": "3"}
    )
    assert settings.image_roots == (Path("/a"), Path("/b"), Path("/c"))
    assert settings.image_allowed_hosts == ("cdn.local", "127.0.0.1:9")
    assert settings.image_timeout == 3
    from catalog.errors import InvalidInput

    with pytest.raises(InvalidInput, match="IMAGE_MAX_BYTES"):
        PhotoSettings.load({"IMAGE_MAX_BYTES": "-1"})
