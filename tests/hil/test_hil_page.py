"""The page of a hardware run: made from JUnit XML that pytest itself wrote, with passed, failed and skipped tests in it."""

from __future__ import annotations

import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hil_page import main, read_run, render

TESTS = '''
import pytest
def test_real_pulse(record_property):
    record_property("median, s", 0.0123)
def test_fails():
    assert 1 == 2, "the pulse <b>was</b> too long"
def test_hardware():
    pytest.skip("needs a Raspberry Pi & four wires")
@pytest.fixture
def broken():
    raise RuntimeError("no chip")
def test_error(broken): pass
'''


@pytest.fixture(scope="module")
def junit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("junit")
    (folder / "test_hil_pins.py").write_text(TESTS)
    subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "/dev/null", "--rootdir", str(folder),
                    f"--junitxml={folder / 'hil.xml'}", str(folder)], capture_output=True, check=False)
    return folder / "hil.xml"


def test_run_is_read(junit: Path) -> None:
    run = read_run(junit)
    assert {case.name: case.outcome for case in run.cases} == {
        "test_real_pulse": "passed", "test_fails": "failed", "test_hardware": "skipped", "test_error": "failed"}
    assert run.cases[0].figures == (("median, s", "0.0123"),) and not run.cases[0].simulated


def test_page_says_it_all(junit: Path) -> None:
    text = render(read_run(junit))
    for words in ("Pins over the four wires", "2 failed.", "0.0123", "needs a Raspberry Pi &amp; four wires", "&lt;b&gt;was&lt;/b&gt;",
                  "✗ FAILED"):
        assert words in text
    assert "http://" not in text and "https://" not in text

    open_tags: list[str] = []

    class Balance(HTMLParser):
        def handle_starttag(self, tag: str, attrs: object) -> None:
            if tag not in ("meta", "br", "img"):
                open_tags.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert open_tags.pop() == tag

    Balance().feed(text)
    assert open_tags == []


def test_nothing_on_hardware_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text('<testsuites><testsuite timestamp="2027-01-02T03:04:05.6" hostname="pi">'
                                    '<testcase classname="tests.hil.test_hil_pins" name="test_body[simulated-x]" time="0.1"/>'
                                    '<testcase classname="tests.hil.test_hil_soak" name="test_a_real_door" time="0.1"/>'
                                    "</testsuite></testsuites>")
    assert main([str(tmp_path / "a.xml"), str(tmp_path / "a.html")]) == 0
    text = (tmp_path / "a.html").read_text()
    assert "2027-01-02 03:04:05 on pi. Nothing ran on hardware" in text


@pytest.mark.parametrize("content", [None, "", "<a>", "<a/>"])
def test_bad_files_get_one_sentence(content: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if content is not None:
        (tmp_path / "a.xml").write_text(content)
    assert main([str(tmp_path / "a.xml"), str(tmp_path / "a.html")]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1 and not (tmp_path / "a.html").exists()
    assert main([]) == 2
