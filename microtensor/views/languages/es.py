"""Español."""

from __future__ import annotations

SENTENCES: dict[str, str] = {}
LEXICON: dict[str, str] = {}
