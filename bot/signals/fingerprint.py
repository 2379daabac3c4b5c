"""Are two signals the same problem? They are when their fingerprints are equal."""

import hashlib


def fingerprint(*fields: str) -> str:
    """A stable 16-character hash of `fields`, each length-delimited so that ("ab","c") and ("a","bc") differ."""
    digest = hashlib.sha256()
    for field in fields:
        data = field.encode("utf-8", "surrogatepass")
        digest.update(f"{len(data)}:".encode())
        digest.update(data)
    return digest.hexdigest()[:16]
