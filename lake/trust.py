"""The certificates this machine trusts, in the form Java reads.

A packaged Java brings the public authorities only; a company's own proxy or registry is trusted
through the machine's bundle, as every other tool there does.
"""

from __future__ import annotations

import os
import re
import ssl
import warnings
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, pkcs12

VARIABLES = ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


def trusted_certificates() -> list[x509.Certificate]:
    """Every certificate of the machine's bundles and of those named in the environment, once."""
    named = [os.environ.get(variable, "") for variable in VARIABLES]
    places = (*named, ssl.get_default_verify_paths().cafile, *BUNDLES)
    files = [Path(place) for place in places if place]
    blocks = {b: None for file in files if file.is_file() for b in PEM.findall(file.read_bytes())}
    read = (_certificate(block) for block in blocks)
    return list({c.public_bytes(Encoding.DER): c for c in read if c is not None}.values())


def write_trust_store(path: Path) -> bool:
    """Replaces Java's `cacerts` at `path` by the machine's certificates; False when it has none."""
    certificates = trusted_certificates()
    if not certificates:
        return False
    entries = [
        pkcs12.PKCS12Certificate(certificate, f"machine-{number}".encode())
        for number, certificate in enumerate(certificates)
    ]
    # Without a password, as Java's own: certificates are public and need no secret.
    path.write_bytes(pkcs12.serialize_java_truststore(entries, NoEncryption()))
    return True


def _certificate(block: bytes) -> x509.Certificate | None:
    try:
        # A bundle may hold old certificates that break today's rules: no matter for a trust store.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return x509.load_pem_x509_certificate(block)
    except ValueError:
        return None
