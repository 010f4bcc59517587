"""A packaged Java trusts what the machine trusts."""

import datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12

from lake import trust
from lake.trust import trusted_certificates, write_trust_store


def authority(name: str) -> bytes:
    """A self-signed certificate in PEM form."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(datetime.datetime(2017, 1, 1))
        .not_valid_after(datetime.datetime(2027, 1, 1))
        .sign(key, hashes.SHA256())
    )
    return built.public_bytes(serialization.Encoding.PEM)


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without any bundle."""
    for variable in trust.VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    # The interpreter's own default is asked through the same variable.
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    monkeypatch.setattr(trust, "BUNDLES", ())


def test_bundles_of_machine_and_environment_are_joined_once(
    bare: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    one, two = authority("one"), authority("two")
    (tmp_path / "machine.pem").write_bytes(one + b"# a comment\n" + two)
    (tmp_path / "company.pem").write_bytes(two)
    monkeypatch.setattr(trust, "BUNDLES", (str(tmp_path / "machine.pem"),))
    monkeypatch.setenv("PIP_CERT", str(tmp_path / "company.pem"))
    names = sorted(c.subject.rfc4514_string() for c in trusted_certificates())
    assert names == ["CN=one", "CN=two"]


def test_what_is_no_certificate_is_left_out(
    bare: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    (tmp_path / "company.pem").write_bytes(broken + authority("one"))
    monkeypatch.setenv("PIP_CERT", str(tmp_path / "company.pem"))
    assert len(trusted_certificates()) == 1


def test_the_store_holds_the_certificates_without_a_password(
    bare: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "company.pem").write_bytes(authority("one"))
    monkeypatch.setenv("PIP_CERT", str(tmp_path / "company.pem"))
    assert write_trust_store(tmp_path / "cacerts")
    stored = pkcs12.load_pkcs12((tmp_path / "cacerts").read_bytes(), None)
    assert [c.certificate.subject.rfc4514_string() for c in stored.additional_certs] == ["CN=one"]


def test_without_a_bundle_javas_own_store_stays(bare: None, tmp_path: Path) -> None:
    (tmp_path / "cacerts").write_bytes(b"java's own")
    assert not write_trust_store(tmp_path / "cacerts")
    assert (tmp_path / "cacerts").read_bytes() == b"java's own"
