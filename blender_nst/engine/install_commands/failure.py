"""Why an installation failed, from what pip and uv have printed, and what a person can do about it.

The standard library alone, and no Blender.
"""

from __future__ import annotations

import re
from enum import Enum

_WITHOUT_NETWORK = "or install from a folder of wheels"


class FailureCause(Enum):
    """A cause outside of the packages: a pattern of what pip and uv print, and one line for a person.

    The first that is found in the output counts: a refused certificate is printed as a failed connection too.
    """

    DISK_FULL = (
        r"No space left on device|os error 28\b|os error 112\b|Disk quota exceeded",
        "the disk is full; make room, then try again",
    )
    NO_CERTIFICATES = (
        r"Could not find a suitable TLS CA certificate bundle",
        "TLS: the file of trusted certificates is not where PIP_CERT, REQUESTS_CA_BUNDLE or pip's own"
        f" settings name it; correct that and start anew, {_WITHOUT_NETWORK}",
    )
    CERTIFICATE = (
        r"CERTIFICATE_VERIFY_FAILED|invalid peer certificate|SSLCertVerificationError",
        "TLS: the package index's certificate is not trusted, as where a proxy or a virus scanner puts its"
        " own in the place; name that one's file in the environment variables SSL_CERT_FILE and PIP_CERT and"
        f" start anew, {_WITHOUT_NETWORK}",
    )
    PROXY_LOGIN = (
        r"407 Proxy Authentication|proxy authorization required|Proxy Authentication Required",
        "the proxy asks for a name and a password: put them into HTTPS_PROXY"
        f" (http://name:password@host:port) and start anew, {_WITHOUT_NETWORK}",
    )
    PROXY = (
        r"ProxyError|tunnel error|unsuccessful tunnel",
        "the proxy cannot be reached or refuses: correct or remove HTTPS_PROXY and start anew,"
        f" {_WITHOUT_NETWORK}",
    )
    TLS = (
        r"SSLError|received fatal alert|InvalidContentType|WRONG_VERSION_NUMBER|corrupt message",
        "TLS: no secure connection to the package index comes about, as where a proxy or a firewall changes"
        f" it; try another network, {_WITHOUT_NETWORK}",
    )
    REFUSED = (
        r"HTTP status \w+ error \((?:401|403|407|429|5\d\d)|returned a (?:401|403|407|429|5\d\d) "
        r"|(?:401|403|429|5\d\d) (?:Client|Server) Error",
        f"the package index, or a proxy before it, refuses; try later or another network, {_WITHOUT_NETWORK}",
    )
    UNREACHABLE = (
        r"NewConnectionError|NameResolutionError|Temporary failure|ConnectTimeout"
        r"|dns error|client error \(Connect\)|Network is unreachable",
        f"the package index cannot be reached; check the network, {_WITHOUT_NETWORK}",
    )
    INTERRUPTED = (
        r"IncompleteRead|ReadTimeout|Read timed out|connection closed before|Connection reset"
        r"|error decoding response body|operation timed out|unexpected end of file|ConnectionResetError",
        "the connection was lost while something was fetched; try again: what is whole is kept",
    )

    def __init__(self, pattern: str, remedy: str) -> None:
        self.pattern = re.compile(pattern, re.IGNORECASE)
        self.remedy = remedy


def failure_cause(printed: str) -> FailureCause | None:
    """The cause that a command's output names; None where it is none of these."""
    return next((cause for cause in FailureCause if cause.pattern.search(printed)), None)
