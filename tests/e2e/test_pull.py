"""`fletcher pull` and `fletcher models` against a stand-in hub with faults."""

from __future__ import annotations

import hashlib
import os
import pathlib
import random
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from fake_hub import LISTING, FakeHub, git_sha1

MODEL_ERROR = 4
WEIGHTS = "model.safetensors"
NAME = "acme/tiny-embed"
CONTENT = random.Random(7).randbytes(3_000_000)
FILES = {
    "README.md": b"# tiny",
    "config.json": b'{"architectures":["BertModel"]}',
    "tokenizer.json": b'{"model":{"type":"WordPiece"}}',
    "vocab.txt": b"[PAD]\n",
    "modules.json": b"[]",
    "1_Pooling/config.json": b"{}",
    "empty.txt": b"",
    WEIGHTS: CONTENT,
    "pytorch_model.bin": b"never",
    "onnx/model.onnx": b"never",
    "onnx/config.json": b"never",
}
WANTED = {k for k, v in FILES.items() if v != b"never" and k != "README.md"}


@pytest.fixture
def hub():
    with FakeHub() as server:
        server.add(NAME, FILES, revisions=("main", "v1.0", "refs/pr/1"))
        yield server


@pytest.fixture
def pull(run, hub, clean_env, tmp_path):
    """pull("org/name") with fast retries and caches below tmp_path."""
    clean_env |= {
        "HF_ENDPOINT": hub.url,
        "FLETCHER_CACHE": str(tmp_path / "cache"),
        "HF_HUB_CACHE": str(tmp_path / "hf"),
        "FLETCHER_HUB_RETRY_DELAY_MS": "10",
        "FLETCHER_HUB_STALL_TIMEOUT_MS": "1000",
    }
    return lambda name=NAME, **env: run("pull", name, env=env)


@pytest.fixture
def folder(tmp_path) -> pathlib.Path:
    return tmp_path / "cache" / "models" / "acme--tiny-embed" / "main"


def files_of(folder: pathlib.Path) -> dict[str, bytes]:
    found = {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    found.pop(".commit", None)
    return found


def assert_pulled(result: subprocess.CompletedProcess, folder: pathlib.Path) -> None:
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == str(folder)
    assert files_of(folder) == {k: FILES[k] for k in WANTED}
    assert not folder.with_name(folder.name + ".incomplete").exists()


def assert_refused(result: subprocess.CompletedProcess, *words: str, folder: pathlib.Path) -> None:
    assert result.returncode == MODEL_ERROR, (result.returncode, result.stderr)
    assert result.stdout == ""
    for word in words:
        assert word in result.stderr, result.stderr
    assert not folder.exists()


def test_pulls_what_an_engine_needs(pull, hub, folder):
    assert_pulled(pull(), folder)
    assert all("onnx" not in p and ".bin" not in p and "README" not in p for p in hub.paths())


def test_pulls_nothing_twice(pull, hub, folder):
    assert_pulled(pull(), folder)
    before = len(hub.of_file(WEIGHTS, "cdn"))
    assert_pulled(pull(), folder)
    assert len(hub.of_file(WEIGHTS, "cdn")) == before == 1


def test_lists_what_is_cached(pull, run, folder):
    assert_pulled(pull(), folder)
    result = run("models")
    assert result.returncode == 0, result.stderr
    assert NAME in result.stdout


@pytest.mark.parametrize("revision", ["v1.0", "refs/pr/1"])
def test_pulls_a_revision(pull, folder, revision):
    result = pull(f"{NAME}@{revision}")
    assert_pulled(result, folder.with_name(revision.replace("/", "%2F")))


def test_a_pulled_commit_needs_no_network(pull, hub, folder):
    commit = hub.models[NAME].commit
    assert_pulled(pull(f"{NAME}@{commit}"), folder.with_name(commit))
    before = len(hub.paths())
    assert_pulled(pull(f"{NAME}@{commit}"), folder.with_name(commit))
    assert len(hub.paths()) == before


def test_follows_a_branch_that_moved(pull, hub, folder):
    assert_pulled(pull(), folder)
    hub.add(NAME, FILES | {"config.json": b'{"new":1}'})
    result = pull()
    assert result.returncode == 0, result.stderr
    assert (folder / "config.json").read_bytes() == b'{"new":1}'
    assert sorted(p.name for p in folder.parent.iterdir()) == ["main", "main.lock"]


def test_works_without_sizes_in_the_listing(pull, hub, folder):
    hub.blobs = False
    assert_pulled(pull(), folder)


def test_pulls_shards_and_their_index(pull, hub, folder):
    shards = {f"model-0000{i}-of-00002.safetensors": b"shard %d" % i for i in (1, 2)}
    index = {"model.safetensors.index.json": b'{"weight_map":{}}', "config.json": b"{}"}
    hub.add("acme/sharded", index | shards | {"pytorch_model-00001-of-00002.bin": b"never"})
    result = pull("acme/sharded")
    assert result.returncode == 0, result.stderr
    assert files_of(pathlib.Path(result.stdout.strip())) == index | shards


def test_bare_name_is_sentence_transformers(pull, hub, folder):
    hub.add("sentence-transformers/mini", FILES)
    assert_pulled(pull("mini"), folder.parents[1] / "sentence-transformers--mini" / "main")


# Broken transfers.


@pytest.mark.parametrize("after", [0, 1, 1_000_000, 2_999_999])
def test_resumes_a_cut_connection(pull, hub, folder, after):
    hub.fault(WEIGHTS, "cut", after=after)
    assert_pulled(pull(), folder)
    ranges = [r.headers.get("range") for r in hub.of_file(WEIGHTS, "cdn")]
    assert ranges == [None, f"bytes={after}-" if after else None]


def test_resumes_in_a_second_run(pull, hub, folder):
    hub.fault(WEIGHTS, "cut", after=2_000_000, times=1)
    assert_refused(pull(FLETCHER_HUB_RETRIES="0"), "bytes", folder=folder)
    assert_pulled(pull(), folder)
    assert hub.of_file(WEIGHTS, "cdn")[-1].headers["range"] == "bytes=2000000-"
    assert len(hub.of_file("config.json")) == 2  # the top one and 1_Pooling's, each once


def test_resumes_after_a_kill(pull, hub, folder, fletcher, clean_env):
    hub.fault(WEIGHTS, "stall", after=1_500_000, seconds=20)
    process = subprocess.Popen([fletcher, "pull", NAME], env=clean_env | {"FLETCHER_HUB_STALL_TIMEOUT_MS": "60000"},
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    partial = folder.with_name("main.incomplete") / (WEIGHTS + ".incomplete")
    deadline = time.monotonic() + 20
    while not (partial.exists() and partial.stat().st_size == 1_500_000) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=20)
    assert not folder.exists()
    assert_pulled(pull(), folder)
    assert hub.of_file(WEIGHTS, "cdn")[-1].headers["range"] == "bytes=1500000-"


def test_does_not_mix_commits(pull, hub, folder):
    hub.fault(WEIGHTS, "cut", after=2_000_000)
    assert_refused(pull(FLETCHER_HUB_RETRIES="0"), folder=folder)
    hub.add(NAME, FILES | {WEIGHTS: CONTENT[::-1]})
    result = pull()
    assert result.returncode == 0, result.stderr
    assert (folder / WEIGHTS).read_bytes() == CONTENT[::-1]
    assert "range" not in hub.of_file(WEIGHTS, "cdn")[-1].headers


@pytest.mark.parametrize("kind", ["ignore_range", "refuse_range", "bad_range"])
def test_restarts_when_the_range_is_not_honoured(pull, hub, folder, kind):
    hub.fault(WEIGHTS, "cut", after=1_000_000)
    hub.fault(WEIGHTS, kind)
    assert_pulled(pull(), folder)


def test_retries_a_stalled_transfer(pull, hub, folder):
    hub.fault(WEIGHTS, "stall", after=500_000, seconds=8)
    began = time.monotonic()
    assert_pulled(pull(), folder)
    assert time.monotonic() - began < 6


def test_gives_up_on_a_hub_that_never_answers(pull, hub, folder):
    hub.fault(LISTING, "stall", seconds=8)
    began = time.monotonic()
    assert_refused(pull(FLETCHER_HUB_RETRIES="0"), "stalled", folder=folder)
    assert time.monotonic() - began < 6


def test_gives_up_after_the_last_try(pull, hub, folder):
    hub.fault(WEIGHTS, "cut", after=0, times=99)
    assert_refused(pull(FLETCHER_HUB_RETRIES="2"), "tried 3 times", folder=folder)
    assert len(hub.of_file(WEIGHTS, "cdn")) == 3


def test_many_cuts_are_fine_while_there_is_progress(pull, hub, folder):
    hub.fault(WEIGHTS, "cut", after=1_100_000, times=2)
    assert_pulled(pull(FLETCHER_HUB_RETRIES="1"), folder)


@pytest.mark.parametrize("file", [LISTING, "config.json"])
@pytest.mark.parametrize("status", [500, 503, 429])
def test_retries_a_busy_hub(pull, hub, folder, file, status):
    hub.fault(file, "status", status=status, times=2)
    assert_pulled(pull(), folder)


def test_honours_retry_after(pull, hub, folder):
    hub.fault(LISTING, "status", status=429, headers={"Retry-After": "2"})
    began = time.monotonic()
    assert_pulled(pull(), folder)
    assert time.monotonic() - began >= 2


def test_does_not_wait_an_hour(pull, hub, folder):
    hub.fault(LISTING, "status", status=429, times=99, headers={"Retry-After": "3600"})
    assert_refused(pull(), "429", "3600 s", folder=folder)
    assert len(hub.paths()) == 1


def test_retries_an_error_of_the_cdn(pull, hub, folder):
    hub.fault(WEIGHTS, "cdn_status", status=502)
    assert_pulled(pull(), folder)


def test_names_a_hub_that_is_not_there(pull, folder):
    result = pull(HF_ENDPOINT="http://127.0.0.1:9", FLETCHER_HUB_RETRIES="1")
    assert_refused(result, "127.0.0.1:9", "tried 2 times", folder=folder)


# Wrong content.


@pytest.mark.parametrize("blobs", [True, False])
@pytest.mark.parametrize(("file", "algorithm"), [(WEIGHTS, "SHA-256"), ("config.json", "git SHA-1")])
def test_refuses_a_wrong_checksum(pull, hub, folder, file, algorithm, blobs):
    hub.blobs = blobs
    hub.fault(file, "flip", times=99)
    assert_refused(pull(), file, algorithm, folder=folder)
    assert_refused(pull(), file, algorithm, folder=folder)


@pytest.mark.parametrize("file", [WEIGHTS, "config.json"])
def test_downloads_again_after_a_wrong_checksum(pull, hub, folder, file):
    hub.fault(file, "flip")
    assert_pulled(pull(), folder)


def test_checks_the_bytes_of_an_earlier_run_too(pull, hub, folder):
    hub.fault(WEIGHTS, "flip")
    hub.fault(WEIGHTS, "cut", after=1_000_000)
    assert_pulled(pull(), folder)
    assert len(hub.of_file(WEIGHTS, "cdn")) == 3


def test_a_body_shorter_than_its_length_is_no_success(pull, hub, folder):
    hub.fault("config.json", "wrong_length", times=99)
    hub.blobs = False
    assert_refused(pull(FLETCHER_HUB_RETRIES="1"), "config.json", "tried 2 times", folder=folder)


def test_a_size_that_is_never_reached_is_no_success(pull, hub, folder):
    hub.fault(WEIGHTS, "wrong_linked_size", times=99)
    assert_refused(pull(), WEIGHTS, folder=folder)


def test_refuses_a_revision_that_moves(pull, hub, folder):
    hub.fault(WEIGHTS, "moved", times=99)
    assert_refused(pull(), "moved", folder=folder)


@pytest.mark.parametrize(
    "name",
    ["../evil.json", "/etc/evil.json", "1_Pooling/../../evil.json", "a\\b.json", "a\nb.json", "x//y.json", "./a.json"],
)
def test_refuses_file_names_that_leave_the_folder(pull, hub, folder, tmp_path, name):
    hub.add(NAME, FILES | {name: b"{}"})
    assert_refused(pull(), "refused", folder=folder)
    assert not list(tmp_path.rglob("*evil*"))
    assert not [p for p in hub.paths() if "resolve" in p]


def test_refuses_a_model_without_safetensors(pull, hub, folder):
    hub.add(NAME, {"config.json": b"{}", "pytorch_model.bin": b"pickle"})
    assert_refused(pull(), "pytorch_model.bin", "safetensors", folder=folder)


# Access.


def test_sends_the_token_to_the_hub_alone(pull, hub, folder):
    hub.models[NAME].private = True
    result = pull(HF_TOKEN="hf_secret")
    assert_pulled(result, folder)
    assert {r.headers.get("authorization") for r in hub.requests if r.server == "hub"} == {"Bearer hf_secret"}
    assert {r.headers.get("authorization") for r in hub.requests if r.server == "cdn"} == {None}
    assert "hf_secret" not in result.stderr


def test_keeps_the_token_from_a_redirect_elsewhere(pull, hub, folder):
    hub.fault("config.json", "redirect", location=f"{hub.cdn_url}/{NAME}/config.json", times=99)
    assert_pulled(pull(HF_TOKEN="hf_secret"), folder)
    assert [r.headers.get("authorization") for r in hub.of_file("config.json", "cdn")] == [None]


def test_follows_a_redirect_of_a_renamed_model_with_the_token(pull, hub, folder):
    hub.models[NAME].private = True
    hub.fault("vocab.txt", "redirect", location=f"/{NAME}/resolve/main/vocab.txt")
    assert_pulled(pull(HF_TOKEN="hf_secret"), folder)


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://127.0.0.1/x"])
def test_refuses_a_redirect_to_another_protocol(pull, hub, folder, location):
    hub.fault("config.json", "redirect", location=location, times=99)
    assert_refused(pull(), "redirects", folder=folder)


def test_ends_a_redirect_loop(pull, hub, folder):
    hub.fault("config.json", "redirect", location=f"/{NAME}/resolve/main/config.json", times=99)
    assert_refused(pull(), "10 times", folder=folder)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory) -> str:
    """A PEM file with the key and self-signed certificate of 127.0.0.1."""
    folder = tmp_path_factory.mktemp("tls")
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test"
    files = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"]
    subprocess.run([*command.split(), *files], check=True, capture_output=True)
    both = folder / "both.pem"
    both.write_text((folder / "key.pem").read_text() + (folder / "cert.pem").read_text())
    return str(both)


def pull_over_tls(pull, certificate: str, tls: tuple[str, ...], **env) -> tuple[subprocess.CompletedProcess, FakeHub]:
    with FakeHub(certificate=certificate, tls=tls) as server:
        server.add(NAME, FILES)
        return pull(HF_ENDPOINT=server.url, HF_TOKEN="hf_secret", FLETCHER_HUB_RETRIES="0", **env), server


def test_trusts_the_given_authority(pull, certificate, folder):
    result, _ = pull_over_tls(pull, certificate, ("hub", "cdn"), CURL_CA_BUNDLE=certificate)
    assert_pulled(result, folder)


def test_trusts_no_other_certificate(pull, certificate, folder):
    system = {"CURL_CA_BUNDLE": "", "SSL_CERT_FILE": ""}
    result, server = pull_over_tls(pull, certificate, ("hub", "cdn"), **system)
    assert_refused(result, "certificate", folder=folder)
    assert server.requests == []


def test_refuses_a_redirect_to_plain_http(pull, certificate, folder):
    result, server = pull_over_tls(pull, certificate, ("hub",), CURL_CA_BUNDLE=certificate)
    assert_refused(result, "https to http", folder=folder)
    assert server.paths("cdn") == []


def test_private_model_without_token(pull, hub, folder):
    hub.models[NAME].private = True
    result = pull()
    assert_refused(result, "401", "HF_TOKEN", folder=folder)


def test_gated_model(pull, hub, folder):
    hub.models[NAME].gated = True
    assert_refused(pull(HF_TOKEN="hf_secret"), "gated", f"{hub.url}/{NAME}", folder=folder)


def test_token_with_a_line_break_is_refused_unseen(pull, hub, folder):
    result = pull(HF_TOKEN="hf_a\r\nX-Evil: 1")
    assert_refused(result, "HF_TOKEN", folder=folder)
    assert "Evil" not in result.stderr
    assert hub.paths() == []


def test_missing_model(pull, hub, folder):
    assert_refused(pull("acme/nothing"), "acme/nothing", "401", folder=folder)
    assert not (folder.parents[1] / "acme--nothing").exists()


def test_missing_revision(pull, folder):
    assert_refused(pull(f"{NAME}@v9"), "v9", folder=folder)


def test_missing_file(pull, hub, folder):
    hub.fault("vocab.txt", "status", status=404, times=99)
    assert_refused(pull(), "vocab.txt", "404", folder=folder)


@pytest.mark.parametrize("name", ["a/b/c", "../up", "acme/", "a b", "acme/x@", "acme/x@../y", "-x/y", "a--b/c"])
def test_refuses_names_that_no_model_has(pull, hub, name):
    result = pull(name)
    assert result.returncode in (2, MODEL_ERROR), result.stderr
    assert hub.paths() == []


# Caches.


def test_offline_without_a_copy(pull, hub, folder, tmp_path):
    searched = [str(tmp_path / "cache"), str(tmp_path / "hf")]
    assert_refused(pull(HF_HUB_OFFLINE="1"), *searched, "HF_HUB_OFFLINE", folder=folder)
    assert hub.paths() == []


def test_offline_with_a_copy(pull, hub, folder):
    assert_pulled(pull(), folder)
    before = len(hub.paths())
    assert_pulled(pull(HF_HUB_OFFLINE="true"), folder)
    assert len(hub.paths()) == before


def test_offline_finds_hugging_faces_copy(pull, run, tmp_path):
    commit = hashlib.sha1(b"x").hexdigest()
    repo = tmp_path / "hf" / "models--acme--theirs"
    snapshot = repo / "snapshots" / commit
    snapshot.mkdir(parents=True)
    (repo / "refs").mkdir()
    (repo / "refs" / "main").write_text(commit)
    (repo / "blobs").mkdir()
    for name in ("config.json", WEIGHTS):
        (repo / "blobs" / git_sha1(FILES[name])).write_bytes(FILES[name])
        os.symlink(f"../../blobs/{git_sha1(FILES[name])}", snapshot / name)
    result = pull("acme/theirs", HF_HUB_OFFLINE="1")
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == str(snapshot)
    assert "acme/theirs" in run("models").stdout


def test_concurrent_pulls_share_one_download(pull, hub, folder):
    hub.fault(LISTING, "stall", seconds=0.3, times=2)
    with ThreadPoolExecutor(4) as pool:
        results = [future.result() for future in [pool.submit(pull) for _ in range(4)]]
    for result in results:
        assert_pulled(result, folder)
    assert len(hub.of_file(WEIGHTS, "cdn")) == 1
