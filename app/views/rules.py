"""Merchandising rules: reading, keeping, deleting; the search follows within two seconds."""

from apiflask import APIBlueprint
from flask import Response

from app.context import context
from app.http.access import needs
from app.http.jsons import respond
from app.schemas.params import NoParams
from app.schemas.rules import EXAMPLES, RuleBody, RuleDeleted, RulesAnswer
from catalog.domain.merchandising_rules import Rule, document
from catalog.errors import RuleNotFound

bp = APIBlueprint("rules", __name__, url_prefix="/v1", tag="rules")


@bp.get("/rules")
@bp.input(NoParams, location="query")
@bp.output(RulesAnswer)
@bp.doc(operation_id="listRules", responses=[422, 503])
def rules(query_data: NoParams) -> Response:
    """All merchandising rules, those in force and those that are not"""
    return respond({"rules": [document(rule) for rule in context().index.rules.read_all()]})


@bp.put("/rules/<rule_id>")
@needs("admin")
@bp.input(RuleBody, location="json", examples=EXAMPLES)
@bp.output(Rule)
@bp.doc(operation_id="putRule", responses=[400, 413, 415, 422, 503])
def put_rule(rule_id: str, json_data: RuleBody) -> Response:
    """Keep a merchandising rule, in the place of the one with its id

    Rules act on similar products. `hide` wins over `pin`; a pin shows a product only if it passes the filters of the
    question; a boost adds to the cosine that ranks the 200 best, and `score` stays the cosine. With `explain` an
    answer says which rules acted on a hit.
    """
    rule = json_data.rule(rule_id)
    context().index.rules.put(rule)
    return respond(document(rule))


@bp.delete("/rules/<rule_id>")
@needs("admin")
@bp.input(NoParams, location="query")
@bp.output(RuleDeleted)
@bp.doc(operation_id="deleteRule", responses=[404, 422, 503])
def delete_rule(rule_id: str, query_data: NoParams) -> Response:
    """Delete a merchandising rule"""
    if not context().index.rules.delete(rule_id):
        raise RuleNotFound(f"there is no rule '{rule_id}'", id=rule_id)
    return respond({"deleted": rule_id})
