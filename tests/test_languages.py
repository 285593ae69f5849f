"""The languages: each says all that English says, in the language that a door is asked for."""

import re
import string

import pytest

from microtensor.lexicon import ROWS
from microtensor.views.languages import languages
from microtensor.views.languages.en import SENTENCES as ENGLISH

OTHERS = [code for code in languages() if code != "en"]
NOTATION = {  # functions and signs in what a row sends, the same in every language
    *"abs cos cosh ddof det exp inv log max mean min ord outer sign sin sinh solve sum".split(),
}


def catalogue(code):
    return __import__(f"microtensor.views.languages.{code}", fromlist=["SENTENCES"])


def fields(text):
    return sorted(f for _, f, _, _ in string.Formatter().parse(text) if f is not None)


def worded(text):
    """Whether a template has words, beside its fields and the names of functions."""
    return set(re.findall(r"[a-z]{2,}", re.sub(r"\{\w+\}", "", text))) - NOTATION


def told():
    """Every text of the lexicon's rows that has words."""
    for row in ROWS.values():
        for case in ({}, *row.cases.values()):
            some = row._replace(**case)
            yield from some.why
            yield from filter(worded, (*some.locals, *some.sends))


@pytest.mark.parametrize("code", OTHERS)
def test_a_language_says_all_that_english_says(code):
    own = catalogue(code).SENTENCES
    assert set(own) == set(ENGLISH)
    for key, text in ENGLISH.items():
        plural = {"count", "number"} if re.search(r"\.(one|many)$", key) else set()
        assert set(fields(own[key])) | plural == set(fields(text)) | plural, key
        assert bool(own[key].strip()) == bool(text.strip()), key
        assert [len(t) - len(t.strip()) for t in (own[key], text)].count(0) in (0, 2), key


@pytest.mark.parametrize("code", OTHERS)
def test_a_language_tells_every_reason(code):
    own = catalogue(code).LEXICON
    assert set(own) == set(told())
    for text, other in own.items():
        assert set(fields(other)) == set(fields(text)), text
