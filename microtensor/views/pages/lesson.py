"""What makes a lesson of a page: its title, an introduction, questions with a score, and links."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from ...errors import in_brief
from ..words import say
from .document import plain

SCHEMES = ("", "http", "https", "file")


def lesson(who: str, title: Any, text: Any, questions: Any, links: Any) -> dict[str, str]:
    """The HTML of a lesson's parts, by the template's fields; TypeError for what is no lesson.

    `questions` is a dict of questions and their answers: a text, which opens on a click, or an
    answer that is checked and a text that explains it. Such an answer is a number, or a list of
    choices, the right one first. `links` is a dict of texts and where they lead.
    """
    for what, given in (("title", "" if title is None else title), ("text", text)):
        if not isinstance(given, str):
            raise TypeError(f"{who}: {what} is text, got {in_brief(given)}")
    questions, links = questions or {}, links or {}
    for what, given in (("questions", questions), ("links", links)):
        if not isinstance(given, Mapping):
            kind = "them and answers" if what == "questions" else "texts and addresses"
            raise TypeError(f"{who}: {what} is a dict of {kind}, got {in_brief(given)}")
    nav = _links(who, links)
    asked = "".join(_question(who, i, *item) for i, item in enumerate(questions.items()))
    parts = {
        "intro": "".join(f"<p>{plain(p)}</p>" for p in text.split("\n\n") if p.strip()),
        "nav": f'<nav aria-label="{_said("lesson.links")}">{nav}</nav>' if nav else "",
        "questions": _questions(asked, f"<footer>{nav}</footer>" if nav else ""),
    }
    return parts | ({"title": plain(title)} if title and title.strip() else {})


def _said(key: str) -> str:
    return html.escape(say(key))


def _links(who: str, links: Mapping[Any, Any]) -> str:
    for text, address in links.items():
        if not isinstance(text, str) or not isinstance(address, str):
            given = in_brief(address if isinstance(text, str) else text)
            raise TypeError(f"{who}: links is a dict of texts and addresses, got {given}")
        try:
            known = bool(text.strip() and address.strip()) and urlsplit(address).scheme in SCHEMES
        except ValueError:
            known = False
        if not known:
            raise ValueError(
                f"{who}: the link {in_brief(text)} leads to {in_brief(address)}; a link has a "
                "text, and an address such as 'next.html', seen from this page"
            )
    return "".join(f'<a href="{plain(link)}">{plain(text)}</a> ' for text, link in links.items())


def _questions(asked: str, footer: str) -> str:
    """The section of the questions."""
    if not asked:
        return footer
    score = '<p class="score" role="status"></p>' if "<form" in asked else ""
    heading = _said("lesson.questions")
    return (
        f'<section class="questions measure" aria-labelledby="questions">'
        f'<h2 id="questions">{heading}</h2>{asked}{score}{footer}</section>'
    )


def _question(who: str, number: int, question: Any, answer: Any) -> str:
    """One that is checked where its answer is; else one whose answer opens on a click."""
    if not isinstance(question, str) or not question.strip():
        raise TypeError(f"{who}: each question is text, got {in_brief(question)}")
    if isinstance(answer, str):
        return (
            f'<details class="question"><summary>{plain(question)}</summary>'
            f"<p>{plain(answer)}</p></details>"
        )
    try:
        wanted, why = answer
        checked = isinstance(why, str)
    except (TypeError, ValueError):
        checked = False
    if not checked or not (field := _field(number, wanted)):
        raise TypeError(
            f"{who}: the answer to {in_brief(question)} is a text, or (answer, why): a number, or "
            f"choices with the right one first, and a text; got {in_brief(answer)}"
        )
    return (
        f'<form class="question" autocomplete="off"><fieldset><legend>{plain(question)}</legend>'
        f'{field} <button type="submit">{_said("page.check")}</button></fieldset>'
        f'<p class="verdict" role="status"></p><details class="why"><summary>'
        f"{_said('lesson.answer')}</summary><p>{plain(why)}</p></details></form>"
    )


def _field(number: int, wanted: Any) -> str:
    """Where an answer is given: choices in the order of the alphabet, or a number; '': neither."""
    if isinstance(wanted, list | tuple):
        seen = {choice.strip() for choice in wanted if isinstance(choice, str)} - {""}
        if len(seen) < max(2, len(wanted)):
            return ""
        return "".join(
            f'<label class="choice"><input type="radio" name="question-{number}"'
            f"{' data-right' if choice == wanted[0] else ''}> {plain(choice)}</label>"
            for choice in sorted(wanted)
        )
    try:
        right = float(wanted)
    except (TypeError, ValueError, OverflowError):
        return ""
    if isinstance(wanted, bool | np.bool) or np.ndim(wanted) or not math.isfinite(right):
        return ""
    return f'<input type="text" data-right="{right!r}" aria-label="{_said("lesson.answer")}">'
