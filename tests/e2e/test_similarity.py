"""`fletcher similarity`: numbers, pictures."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import xml.etree.ElementTree as ET

import numpy as np

TEXTS = ["the ferry leaves", "a <clock> & more", "the ferry leaves"]


def test_json_holds_the_cosines(run, bert):
    vectors = [json.loads(line)["embedding"] for line in run("embed", "--model", bert, *TEXTS).stdout.splitlines()]
    got = json.loads(run("similarity", "--model", bert, "--json", *TEXTS).stdout)
    assert got["texts"] == TEXTS
    np.testing.assert_allclose(got["similarity"], np.array(vectors) @ np.array(vectors).T, atol=1e-6)


def test_a_pipe_gets_numbers_without_colours(run, bert):
    out = run("similarity", "--model", bert, *TEXTS).stdout
    assert "\x1b" not in out
    assert out.splitlines()[:3] == [f"{n + 1}  {text}" for n, text in enumerate(TEXTS)]
    assert out.splitlines()[5].split()[1] == "1.00"


def in_terminal(fletcher: str, args: list[str], env: dict[str, str]) -> str:
    """What the program prints on a terminal of its own."""
    outer, inner = pty.openpty()
    process = subprocess.Popen([fletcher, *args], stdin=subprocess.DEVNULL, stdout=inner, stderr=subprocess.PIPE, env=env)
    os.close(inner)
    out = b""
    try:
        while chunk := os.read(outer, 65536):
            out += chunk
    except OSError:  # Linux reports the closed terminal so
        pass
    os.close(outer)
    assert process.wait(timeout=30) == 0
    return out.decode()


def test_a_terminal_gets_colours_unless_no_color_is_set(fletcher, clean_env, bert):
    args = ["similarity", "--model", bert, *TEXTS]
    env = {k: v for k, v in clean_env.items() if k not in ("NO_COLOR", "COLORTERM")} | {"TERM": "xterm"}
    assert "\x1b[30;48;5;" in in_terminal(fletcher, args, env)
    assert ";48;2;" in in_terminal(fletcher, args, env | {"COLORTERM": "truecolor"})
    assert "\x1b" not in in_terminal(fletcher, args, env | {"NO_COLOR": "1"})


def test_embed_draws_a_table_on_a_terminal(fletcher, clean_env, bert):
    out = in_terminal(fletcher, ["embed", "--model", bert, "hello"], clean_env)
    assert "hello" in out and "‖1.000‖" in out and "{" not in out


def test_writes_an_image(run, bert, tmp_path):
    target = tmp_path / "image.svg"
    result = run("similarity", "--model", bert, "--output", str(target), *TEXTS)
    assert (result.returncode, result.stdout) == (0, ""), result.stderr
    root = ET.parse(target).getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert len(root.findall(".//{*}rect")) == len(TEXTS) ** 2 + 1
    assert any("a <clock> & more" in (text.text or "") for text in root.findall(".//{*}text"))
    assert list(tmp_path.iterdir()) == [target]


def test_refuses_another_kind_of_image(run, bert, tmp_path):
    result = run("similarity", "--model", bert, "--output", str(tmp_path / "image.gif"), *TEXTS)
    assert result.returncode == 2
    assert ".svg" in result.stderr
