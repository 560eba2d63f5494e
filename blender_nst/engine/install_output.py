"""Reads what the installation's commands print: how far the downloads are, and why a command failed.

The standard library alone, and no Blender.
"""

from __future__ import annotations

import re

# What pip and uv print where the network is the cause, and what that means; the first that is found counts.
_NETWORK_CAUSES = (
    (
        re.compile(r"CERTIFICATE_VERIFY_FAILED|invalid peer certificate"),
        "the package index's certificate is not trusted; where a proxy replaces certificates, name its own by"
        " SSL_CERT_FILE",
    ),
    (
        re.compile(r"ProxyError|tunnel error|Proxy Authentication Required", re.IGNORECASE),
        "the proxy refuses or cannot be reached; check HTTPS_PROXY, or install from a folder of wheels",
    ),
    (
        re.compile(
            r"NewConnectionError|NameResolutionError|Temporary failure|ConnectTimeout"
            r"|dns error|client error \(Connect\)|operation timed out"
        ),
        "the package index cannot be reached; check the network, or install from a folder of wheels",
    ),
)
_DOWNLOADING = re.compile(r"Downloading (\S+) \(([\d.]+)([KMG]?)i?B\)")
_DOWNLOADED = re.compile(r"Downloaded (\S+)")
_PREPARED = re.compile(r"Prepared \d+ packages?")
_MIB = {"": 2.0**-20, "K": 2.0**-10, "M": 1.0, "G": 2.0**10}

# MiB of PyTorch's build for the CPU, the least that is fetched: small packages, which are announced and there
# before it, must not count as nearly all.
_LEAST_DOWNLOAD = 200.0


class InstallOutput:
    """The lines of one command, given one by one.

    Attributes:
        share: how much of the command's work is done, 0 to 1, as far as it prints that; never decreases.
        status: what it does just now, one line.
        errors: the lines that say why it failed.
    """

    def __init__(self) -> None:
        self.share = 0.0
        self.status = ""
        self.errors: list[str] = []
        self._lines: list[str] = []
        self._sizes: dict[str, float] = {}  # MiB, in the order of the announcements
        self._finished: set[str] = set()

    def read(self, line: str) -> None:
        """Takes one line of the output."""
        line = line.strip()
        if not line:
            return
        if not line.startswith("WARNING:"):
            self.status = line
        self._lines.append(line)
        self._read_progress(line)
        if "ensurepip is not" in line:
            self.errors.append("this Python cannot make environments; install the system's python3-venv")
        elif line.lower().startswith(("error", "cause: ")) or "Error:" in line:
            self.errors.append(line.removeprefix("cause: "))

    def reason(self, code: int) -> str:
        """Why the command failed with this exit code, one line."""
        printed = "\n".join(self._lines)
        for pattern, meaning in _NETWORK_CAUSES:
            if pattern.search(printed):
                return meaning
        if not self.errors:
            return f"the command ended with exit code {code}"
        # uv names what failed first, and then why; pip says both in one line.
        return ": ".join(self.errors[:2]) if self.errors[0].startswith("error: ") else self.errors[0]

    def _read_progress(self, line: str) -> None:
        if announced := _DOWNLOADING.match(line):
            self._sizes[announced[1]] = float(announced[2]) * _MIB[announced[3]]
        elif finished := _DOWNLOADED.match(line):
            self._finished.add(finished[1])
        elif _PREPARED.match(line):
            self._finished.update(self._sizes)
        else:
            return
        total = max(_LEAST_DOWNLOAD, sum(self._sizes.values()))
        missing = {name: size for name, size in self._sizes.items() if name not in self._finished}
        self.share = max(self.share, (sum(self._sizes.values()) - sum(missing.values())) / total)
        if missing:
            largest = max(missing, key=lambda name: missing[name])
            self.status = f"Downloading {largest} ({missing[largest]:.0f} MiB)"
            if len(missing) > 1:
                self.status += f" and {len(missing) - 1} more"
