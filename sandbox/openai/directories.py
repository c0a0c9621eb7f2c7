"""Who is in the organization: users, projects, keys, service accounts."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from starlette.datastructures import QueryParams

from sandbox.answers import Refusal
from sandbox.openai.errors import invalid, not_found
from sandbox.openai.ledger import Key, Project, user_id
from sandbox.openai.state import State

Row = dict[str, Any]
_DEFAULT_ENTRIES = 20
_MAX_ENTRIES = 100


def users(state: State, query: QueryParams) -> Row:
    return _page(
        [
            {
                "object": "organization.user",
                "id": user_id(person),
                "name": person.name,
                "email": person.email,
                "role": "owner" if number == 0 else "reader",
                "added_at": _seconds(person.start),
                "is_service_account": False,
            }
            for number, person in enumerate(state.ledger.users)
        ],
        query,
    )


def projects(state: State, query: QueryParams) -> Row:
    """Archived ones are hidden unless asked for."""
    asked = query.get("include_archived") == "true"
    return _page(
        [
            {
                "id": project.id,
                "object": "organization.project",
                "name": project.name,
                "created_at": _seconds(project.created),
                "archived_at": _seconds(project.archived)
                if _is_archived(state, project) and project.archived
                else None,
                "status": "archived" if _is_archived(state, project) else "active",
            }
            for project in state.ledger.projects
            if asked or not _is_archived(state, project)
        ],
        query,
    )


def api_keys(state: State, project_id: str, query: QueryParams) -> Row:
    """The entries do not name their project."""
    project = _project(state, project_id)
    return _page([_key(key) for key in state.listed_keys() if key.project == project], query)


def service_accounts(state: State, project_id: str, query: QueryParams) -> Row:
    project = _project(state, project_id)
    accounts = {
        key.account_id: {
            "object": "organization.project.service_account",
            "id": key.account_id,
            "name": key.account,
            "role": "member",
            "created_at": _seconds(key.created),
        }
        for key in state.ledger.keys
        if key.project == project and key.account
    }
    return _page(list(accounts.values()), query)


def _key(key: Key) -> Row:
    if key.owner:
        owner: Row = {
            "type": "user",
            "user": {"id": key.user_id, "name": key.owner.name, "email": key.owner.email},
        }
    else:
        owner = {
            "type": "service_account",
            "service_account": {"id": key.account_id, "name": key.account, "role": "member"},
        }
    return {
        "object": "organization.project.api_key",
        "redacted_value": f"sk-proj...{key.id[-3:]}",
        "name": key.name,
        "created_at": _seconds(key.created),
        "last_used_at": None,
        "expires_at": None,
        "id": key.id,
        "owner_project_access": "active",
        "owner": owner,
    }


def _project(state: State, project_id: str) -> Project:
    """The project. Of an archived one nothing is listed."""
    for project in state.ledger.projects:
        if project.id == project_id and not _is_archived(state, project):
            return project
    raise Refusal(404, not_found(f"/v1/organization/projects/{project_id}"))


def _is_archived(state: State, project: Project) -> bool:
    return project.archived is not None and project.archived <= state.sandbox.today


def _page(entries: list[Row], query: QueryParams) -> Row:
    limit = int(query.get("limit", _DEFAULT_ENTRIES))
    if not 1 <= limit <= _MAX_ENTRIES:
        raise invalid(f"limit must be between 1 and {_MAX_ENTRIES}.", "limit")
    after = query.get("after")
    begin = next((n + 1 for n, entry in enumerate(entries) if entry["id"] == after), 0)
    chosen = entries[begin : begin + limit]
    return {
        "object": "list",
        "data": chosen,
        "first_id": chosen[0]["id"] if chosen else None,
        "last_id": chosen[-1]["id"] if chosen else None,
        "has_more": begin + limit < len(entries),
    }


def _seconds(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
