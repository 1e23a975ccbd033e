"""Trust: the system's certificates and an own authority beside them; checking cannot be switched off (L-4)."""

from __future__ import annotations

import hashlib
import ssl
from pathlib import Path
from typing import Final

from clarity_desktop.domain.errors import InputError

__all__ = ["fingerprint_of", "fingerprint_of_file", "tls_context"]

_BEGIN: Final = "-----BEGIN CERTIFICATE-----"
_END: Final = "-----END CERTIFICATE-----"


def fingerprint_of(certificate: bytes) -> str:
    """SHA-256 of a certificate in DER form, in hex."""
    return hashlib.sha256(certificate).hexdigest()


def fingerprint_of_file(path: Path) -> str:
    """SHA-256 of the first certificate of a PEM file, in hex; raises :class:`InputError` (``cloud.ca_file``)."""
    try:
        text = path.read_text("ascii")
        begin, end = text.index(_BEGIN), text.index(_END) + len(_END)
        return fingerprint_of(ssl.PEM_cert_to_DER_cert(text[begin:end]))
    except (OSError, ValueError) as error:
        raise _no_certificate(error) from error


def _no_certificate(error: Exception) -> InputError:
    return InputError(
        "cloud.ca_file",
        "This file holds no certificate of an authority.",
        remedy="Choose a PEM file that begins with BEGIN CERTIFICATE.",
        detail=type(error).__name__,
    )


def tls_context(ca_file: Path | None = None) -> ssl.SSLContext:
    """A context that trusts what the system trusts, needs TLS 1.2, and checks names.

    Parameters
    ----------
    ca_file:
        PEM file of an own authority.

    Raises
    ------
    InputError
        ``cloud.ca_file`` when the file holds no certificate.
    """
    import truststore

    context: ssl.SSLContext = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=str(ca_file))
        except (OSError, ssl.SSLError) as error:
            raise _no_certificate(error) from error
    return context
