"""What each person did with Claude Code on a day, in the Console organization."""

from __future__ import annotations

from datetime import date
from random import Random
from typing import Any

from starlette.requests import Request

from sandbox.anthropic.ledger import Entry
from sandbox.anthropic.paging import by_page
from sandbox.anthropic.parameters import check_parameters, day_of
from sandbox.anthropic.state import State
from sandbox.money import ZERO, plain


def usage(state: State, organization: str, request: Request) -> dict[str, Any]:
    """`/usage_report/claude_code`: a row for each actor, terminal and place on one day."""
    check_parameters(request, ("starting_at", "limit", "page"))
    day = day_of(request, "starting_at")
    rows = state.claude_code_rows.get(
        (organization, day, state.version), lambda: _rows(state, organization, day)
    )
    page = by_page(request, 20, rows)
    has_more = page["next_page"] is not None
    return {"data": page["data"], "has_more": has_more, "next_page": page["next_page"]}


def _rows(state: State, organization: str, day: date) -> list[dict[str, Any]]:
    """One row per actor, terminal and place. The tokens and the list cost are those of the ledger;
    subscription rows are covered by a seat and appear nowhere else."""
    names = {key.id: key.name for key in state.sandbox.company.keys}
    people = state.sandbox.company.by_claude_user_id()
    sessions: dict[tuple[str, str, str, bool], list[Entry]] = {}
    for entry in state.day(organization, day):
        if entry.product != "claude_code" or entry.actor is None or entry.terminal is None:
            continue
        kind, identifier = entry.actor
        label = people[identifier].claude_email if kind == "user_actor" else names[identifier]
        sessions.setdefault((kind, label, entry.terminal, entry.is_remote), []).append(entry)
    rows = []
    for (kind, label, terminal, is_remote), entries in sorted(sessions.items(), key=lambda i: i[0]):
        models: dict[str, list[Entry]] = {}
        for entry in entries:
            models.setdefault(entry.model or "", []).append(entry)
        breakdown = [_model_breakdown(model, own) for model, own in models.items()]
        rows.append(_row(state, organization, day, kind, label, terminal, is_remote, breakdown))
    return rows + _subscription_rows(state, organization, day)


def _model_breakdown(model: str, entries: list[Entry]) -> dict[str, Any]:
    totals = [sum(column) for column in zip(*(e.tokens for e in entries), strict=True)]
    cents = sum((cost.list_amount for e in entries for cost in e.costs), ZERO)
    return {
        "model": model,
        "tokens": {
            "input": totals[0],
            "output": totals[4],
            "cache_read": totals[1],
            "cache_creation": totals[2] + totals[3],
        },
        "estimated_cost": {"currency": "USD", "amount": plain(cents)},
    }


def _subscription_rows(state: State, organization: str, day: date) -> list[dict[str, Any]]:
    if not state.day(organization, day):
        return []
    rows = []
    for person in state.sandbox.company.people:
        rng = Random(f"{state.sandbox.options.seed}-subscription-{day}-{person.index}")
        subscribed = person.in_console and person.index % 5 == 3
        if not subscribed or not person.present_on(day) or rng.random() > 0.5:
            continue
        breakdown = {
            "model": "claude-sonnet-5",
            "tokens": {
                "input": rng.randrange(1, 90_000),
                "output": rng.randrange(1, 9_000),
                "cache_read": rng.randrange(90_000),
                "cache_creation": rng.randrange(9_000),
            },
            "estimated_cost": {"currency": "USD", "amount": rng.randrange(1, 400)},
        }
        rows.append(
            _row(
                state, organization, day, "user_actor", person.claude_email, "vscode", False,
                [breakdown],
            )
            | {"customer_type": "subscription", "subscription_type": "team"}
        )  # fmt: skip
    return rows


def _row(
    state: State,
    organization: str,
    day: date,
    kind: str,
    label: str,
    terminal: str,
    is_remote: bool,
    breakdown: list[dict[str, Any]],
) -> dict[str, Any]:
    rng = Random(f"{state.sandbox.options.seed}-code-{day}-{label}-{terminal}-{is_remote}")
    tools = {
        tool: {"accepted": rng.randint(0, 30), "rejected": rng.randint(0, 4)}
        for tool in ("edit_tool", "multi_edit_tool", "write_tool", "notebook_edit_tool")
    }
    if rng.random() < 0.3:
        del tools["notebook_edit_tool"]
    field = "email_address" if kind == "user_actor" else "api_key_name"
    return {
        "date": f"{day.isoformat()}T00:00:00Z",
        "actor": {"type": kind, field: label},
        "organization_id": state.organization_id(organization),
        "customer_type": "api",
        "subscription_type": None,
        "terminal_type": terminal,
        "is_remote": is_remote,
        "core_metrics": {
            "num_sessions": rng.randint(1, 12),
            "lines_of_code": {"added": rng.randint(0, 900), "removed": rng.randint(0, 400)},
            "commits_by_claude_code": rng.randint(0, 8),
            "pull_requests_by_claude_code": rng.randint(0, 2),
        },
        "tool_actions": tools,
        "model_breakdown": breakdown,
    }
