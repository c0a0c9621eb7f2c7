"""Who was active on a day in the Enterprise organization: `/analytics/users`."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from random import Random
from typing import Any, Final

from starlette.requests import Request

from sandbox.anthropic.errors import bad_request
from sandbox.anthropic.paging import by_page
from sandbox.anthropic.parameters import check_parameters, day_of
from sandbox.anthropic.state import State
from sandbox.company import Person

ANALYTICS_SINCE: Final = date(2026, 1, 1)


def users(state: State, organization: str, request: Request) -> dict[str, Any]:
    """`/analytics/users`: what each active person did on one day."""
    check_parameters(request, ("date", "limit", "page"))
    day = day_of(request, "date")
    _check_available(state, day)
    rows = [
        _activity(state, person, day, products)
        for person, products in _active(state, organization, day)
        if not person.account_deleted
    ]
    return by_page(request, 100, rows)


def _check_available(state: State, day: date) -> None:
    newest = state.sandbox.today - timedelta(days=1 + state.users_lag_days)
    if day < ANALYTICS_SINCE:
        raise bad_request(f"date: must not be before {ANALYTICS_SINCE}")
    if day > newest:
        raise bad_request(
            f"Data for {day} is not available yet. The most recent available date is {newest}."
        )


def _active(state: State, organization: str, day: date) -> list[tuple[Person, Counter[str]]]:
    """Who used what on that day: requests by product, people in order of their ids."""
    requests: dict[str, Counter[str]] = {}
    for entry in state.day(organization, day):
        if entry.actor and entry.actor[0] == "user_actor" and entry.product:
            requests.setdefault(entry.actor[1], Counter())[entry.product] += entry.requests
    people = state.sandbox.company.by_claude_user_id()
    return [(people[user], products) for user, products in sorted(requests.items())]


def _activity(state: State, person: Person, day: date, products: Counter[str]) -> dict[str, Any]:
    rng = Random(f"{state.sandbox.options.seed}-activity-{day}-{person.index}")
    chat, cowork = products["chat"], products["cowork"]
    code, office = products["claude_code"], products["office_agent"]

    def some(messages: int, maximum: int) -> int:
        return rng.randint(1, maximum) if messages else 0

    def tool() -> dict[str, int]:
        return {"accepted_count": some(code, 25), "rejected_count": some(code, 4)}

    def office_product(messages: int) -> dict[str, int]:
        return {
            "connectors_used_count": 0,
            "distinct_connectors_used_count": 0,
            "distinct_session_count": some(messages, 3),
            "distinct_skills_used_count": 0,
            "message_count": messages,
            "skills_used_count": 0,
        }

    return {
        "user": {"id": person.claude_user_id, "email_address": person.claude_email, "type": "user"},
        "last_activity_date": day.isoformat(),
        "distinct_user_count": None,
        "chat_metrics": {
            "connectors_used_count": some(chat, 3),
            "distinct_artifacts_created_count": some(chat, 2),
            "distinct_connectors_used_count": some(chat, 2),
            "distinct_conversation_count": some(chat, 6),
            "distinct_files_uploaded_count": some(chat, 3),
            "distinct_projects_created_count": 0,
            "distinct_projects_used_count": some(chat, 2),
            "distinct_shared_artifacts_viewed_count": 0,
            "distinct_skills_used_count": 0,
            "message_count": chat,
            "shared_conversations_viewed_count": 0,
            "thinking_message_count": chat // 3,
        },
        "claude_code_metrics": {
            "core_metrics": {
                "artifacts_created_count": 0,
                "commit_count": some(code, 6),
                "distinct_session_count": some(code, 5),
                "lines_of_code": {
                    "added_count": some(code, 600),
                    "removed_count": some(code, 300),
                },
                "pull_request_count": some(code, 2),
            },
            "tool_actions": {
                name: tool()
                for name in ("edit_tool", "multi_edit_tool", "notebook_edit_tool", "write_tool")
            },
        },
        "cowork_metrics": {
            "action_count": cowork * 3,
            "artifacts_created_count": some(cowork, 2),
            "connectors_used_count": some(cowork, 3),
            "dispatch_turn_count": cowork,
            "distinct_connectors_used_count": some(cowork, 2),
            "distinct_session_count": some(cowork, 4),
            "distinct_skills_used_count": 0,
            "message_count": cowork,
            "skills_used_count": 0,
        },
        "design_metrics": {
            "distinct_projects_created_count": 0,
            "distinct_projects_used_count": 0,
            "distinct_session_count": 0,
            "message_count": 0,
        },
        "office_metrics": {
            "excel": office_product(office - office // 3),
            "outlook": office_product(0),
            "powerpoint": office_product(0),
            "word": office_product(office // 3),
        },
        "science_metrics": {
            "delegation_count": 0,
            "distinct_session_count": 0,
            "message_count": 0,
            "remote_compute_job_count": 0,
            "skills_used_count": 0,
        },
        "web_search_count": some(chat, 5),
    }
