"""Shapes of merchandising rules; what a rule may say stands in `catalog.domain.merchandising_rules`."""

from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict, Field

from app.schemas.answers import Answer
from catalog.domain.merchandising_rules import Rule, RuleContent, parse
from catalog.domain.product import Moment
from catalog.errors import InvalidRule

EXAMPLES = {
    "pin": {
        "summary": "Two dresses first wherever a dress is looked at, in one week",
        "value": {
            "action": "pin",
            "when": {"filter": {"category": ["dress"]}},
            "target": {"ids": ["p-7", "p-9"]},
            "position": 1,
            "valid_from": "2027-06-01T00:00:00Z",
            "valid_until": "2027-06-08T00:00:00Z",
        },
    },
    "hide": {
        "summary": "A brand nobody shall see",
        "value": {"action": "hide", "target": {"filter": {"brand": ["Acme"]}}, "note": "licence ended"},
    },
    "boost": {
        "summary": "What is in stock a little higher",
        "value": {"action": "boost", "target": {"filter": {"available": True}}, "amount": 0.05},
    },
}


class RuleBody(RuleContent):
    """A rule to keep; one that was read can be sent back as it is."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    id: str | None = Field(None, description="that of the path; may be left out")
    updated_at: Moment | None = Field(None, description="not looked at: the server sets it")

    def rule(self, rule_id: str) -> Rule:
        """Returns the rule as of now; raises InvalidRule for an id that is none, or another than `rule_id`."""
        if self.id not in (None, rule_id):
            raise InvalidRule(f"id: the path says '{rule_id}' and the body '{self.id}'", field="id")
        content = {name: getattr(self, name) for name in RuleContent.model_fields}
        return parse({**content, "id": rule_id, "updated_at": datetime.now(UTC)})


class RulesAnswer(Answer):
    """All rules by id, those in force and those that are not."""

    rules: list[Rule]


class RuleDeleted(BaseModel):
    deleted: str = Field(description="id of the rule that is gone")
