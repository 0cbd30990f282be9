"""What is published agrees with what runs: the document, its examples, and the bytes of an answer."""

import json
from pathlib import Path
from typing import Any

import yaml

from app.api.render import Renderer
from app.api.schemas import BatchBody, PageBody, PresenceBody, ProblemBody
from app.main import build_api
from tests.support.answers import answer_about_max

ROOT = Path(__file__).parents[2]


def test_the_document_in_the_repository_is_the_one_the_application_serves() -> None:
    """`make openapi` writes it anew."""
    assert yaml.safe_load((ROOT / "openapi.yaml").read_text()) == build_api().openapi()


def test_every_example_in_the_document_is_valid() -> None:
    """A reader may trust them."""
    schemas: dict[str, Any] = build_api().openapi()["components"]["schemas"]
    for model in (PresenceBody, BatchBody, PageBody, ProblemBody):
        for example in schemas[model.__name__]["examples"]:
            model.model_validate_json(json.dumps(example), strict=True)


def test_the_bytes_of_an_answer_validate_against_the_published_model() -> None:
    """Answers are encoded without the model; this keeps the two the same."""
    members = Renderer(status_messages=False).members(answer_about_max())
    published = PresenceBody.model_validate_json(json.dumps(members), strict=True)
    assert list(members) == [info.alias for info in PresenceBody.model_fields.values()]
    assert published.display_name == "Max Muster"


def test_status_messages_are_shown_only_where_the_operator_wants_them() -> None:
    """Privacy by default."""
    answer = answer_about_max(status_message="At the dentist")
    assert Renderer(status_messages=False).members(answer)["statusMessage"] is None
    assert Renderer(status_messages=True).members(answer)["statusMessage"] == "At the dentist"
