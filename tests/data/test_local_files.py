import hashlib
import http.client
from pathlib import Path

import pytest

from verified_dynamics.data import FOLDER_VARIABLE, DataMissing, data_folder
from verified_dynamics.data.local_files import PublicFile, find_local, obtain

CONTENT = b"some bytes" * 1000


def public(address, digest=None):
    return PublicFile("file.bin", (address,), digest or "sha256:" + hashlib.sha256(CONTENT).hexdigest())


def leftovers(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_the_folder_is_the_argument_then_the_variable_then_a_cache(monkeypatch, tmp_path):
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "variable"))
    assert data_folder(tmp_path) == tmp_path
    assert data_folder(None) == tmp_path / "variable"
    monkeypatch.delenv(FOLDER_VARIABLE)
    assert data_folder(None) == Path.home() / ".cache" / "verified-dynamics"


def test_a_file_is_downloaded_checked_and_then_local(served, tmp_path):
    folder, address = served
    (folder / "file.bin").write_bytes(CONTENT)
    path = obtain(public(address + "file.bin"), data_set="set", root=tmp_path)
    assert path == tmp_path / "set" / "file.bin"
    assert path.read_bytes() == CONTENT
    (folder / "file.bin").unlink()
    assert obtain(public(address + "file.bin"), data_set="set", root=tmp_path) == path
    assert leftovers(tmp_path) == ["file.bin"]


def test_the_second_address_serves_when_the_first_does_not(served, tmp_path):
    folder, address = served
    (folder / "there").write_bytes(CONTENT)
    file = PublicFile("file.bin", (address + "missing", address + "there"), public("").digest)
    assert obtain(file, data_set="set", root=tmp_path).read_bytes() == CONTENT


def test_a_wrong_checksum_leaves_nothing_behind(served, tmp_path):
    folder, address = served
    (folder / "file.bin").write_bytes(CONTENT[:-1])
    with pytest.raises(DataMissing, match="expected checksum"):
        obtain(public(address + "file.bin"), data_set="set", root=tmp_path)
    assert leftovers(tmp_path) == []


def test_md5_digests_are_checked_too(served, tmp_path):
    folder, address = served
    (folder / "file.bin").write_bytes(CONTENT)
    good = "md5:" + hashlib.md5(CONTENT).hexdigest()
    assert obtain(public(address + "file.bin", good), data_set="set", root=tmp_path).is_file()
    with pytest.raises(DataMissing):
        obtain(public(address + "file.bin", "md5:" + "0" * 32), data_set="other", root=tmp_path / "x")


def test_a_broken_transfer_leaves_nothing_behind(monkeypatch, tmp_path):
    class Broken:
        def __enter__(self):
            return self

        def __exit__(self, *arguments):
            return False

        def read(self, size):
            raise http.client.IncompleteRead(b"half")

    monkeypatch.setattr("urllib.request.urlopen", lambda *arguments, **options: Broken())
    with pytest.raises(DataMissing, match="IncompleteRead"):
        obtain(public("http://somewhere/file.bin"), data_set="set", root=tmp_path)
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/file.bin", "nonsense", "file:///nowhere/file.bin"])
def test_every_failure_is_one_sentence_that_names_file_folder_and_variable(address, tmp_path):
    with pytest.raises(DataMissing) as caught:
        obtain(public(address), data_set="set", root=tmp_path, accepted=("file.txt",))
    message = str(caught.value)
    assert "\n" not in message
    for part in ("set is missing", "file.bin or file.txt", str(tmp_path / "set"), FOLDER_VARIABLE, address):
        assert part in message


def test_a_folder_that_is_a_file_is_reported_the_same_way(served, tmp_path):
    folder, address = served
    (folder / "file.bin").write_bytes(CONTENT)
    (tmp_path / "plain").write_text("not a folder")
    with pytest.raises(DataMissing, match="set is missing"):
        obtain(public(address + "file.bin"), data_set="set", root=tmp_path / "plain")


def test_the_data_set_folder_comes_before_the_root(tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / "b").touch()
    assert find_local(tmp_path, "set", ("a", "b")) == tmp_path / "b"
    (tmp_path / "set" / "b").touch()
    assert find_local(tmp_path, "set", ("a", "b")) == tmp_path / "set" / "b"
    assert find_local(tmp_path, "set", ("c",)) is None
