"""From a chart's definition to its columns, its query and the filters that narrow it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Literal

import duckdb
from sqlglot import exp

from dashboards import query
from dashboards.catalog import MARTS, Catalog, did_you_mean
from dashboards.catalog import Column as MartColumn
from dashboards.columns import Draft, Part, is_measure, name_of, order, parts, quotient_format
from dashboards.compiled import (
    DATES,
    NUMBERS,
    CompiledChart,
    Field,
    Path,
    Problem,
    Wire,
    humanized,
    literal,
)
from dashboards.definition import (
    AnyChart,
    Combo,
    Dashboard,
    Funnel,
    Pie,
    Pivot,
    Scalar,
    StaticDate,
    StaticNumber,
    StaticText,
    Table,
)
from dashboards.names import code_names
from dashboards.people import compared_with_people, counts_people, noted, renamed


class ChartCompiler:
    """Compiles the charts of a dashboard. What is wrong is added to `problems`; `used` are the
    filters that do something in a chart."""

    def __init__(
        self, key: str, definition: Dashboard, catalog: Catalog, problems: list[Problem]
    ) -> None:
        self.key, self.definition, self.catalog = key, definition, catalog
        self.problems = problems
        self.used: set[str] = set()

    def _problem(self, path: Path, message: str) -> None:
        self.problems.append(Problem(path, message))

    def compile(self, chart: AnyChart, path: Path) -> CompiledChart | None:
        """None if something is wrong with it."""
        before = len(self.problems)
        if chart.model is not None and (unknown := self.catalog.unknown_model(chart.model)):
            self._problem((*path, "model"), unknown)
            return None
        template, drafts = self._shape(chart, path)
        if len(self.problems) > before:
            return None
        try:
            answer = {column.name: column for column in self.catalog.answer(self._bare(template))}
        except duckdb.Error as error:
            self._problem((*path, "sql" if chart.sql else "model"), _said(error))
            return None
        fields = [self._resolved(draft, answer, chart, path) for draft in drafts]
        by_role = {
            role: tuple(
                one for one, draft in zip(fields, drafts, strict=True) if draft.role == role
            )
            for role in ("dimension", "measure", "goal")
        }
        compiled = CompiledChart(
            key=f"{self.key}.{chart.key}",
            path=path,
            definition=chart,
            template=template,
            fields=tuple(fields),
            dimensions=by_role["dimension"],
            measures=by_role["measure"],
            goal=next(iter(by_role["goal"]), None),
            wires=tuple(self._wires(template, chart.unfiltered)),
            variables=tuple(query.slots_in(template, query.VARIABLE)),
            marts=tuple(query.marts_in(template)),
        )
        if self.catalog.people.are_hidden_on(self.key):
            compiled = self._without_people(compiled)
        self.used |= compiled.filters
        self._check_filters(compiled, path)
        self._check_locked(compiled, path)
        self._check_kinds(compiled, path)
        self._check_goal(compiled, path)
        return compiled if len(self.problems) == before else None

    def _without_people(self, chart: CompiledChart) -> CompiledChart:
        """A chart whose answer has pseudonyms instead of people."""
        people = self.catalog.people
        for said in renamed(chart.template) if chart.definition.sql is not None else ():
            self._problem(
                (*chart.path, "sql"),
                f"people are hidden on this dashboard, and {said} in the query",
            )
        for name in compared_with_people(chart.template, query.VARIABLE):
            if isinstance(self.definition.filters[name], StaticText):
                self._problem(
                    (*chart.path, "sql"),
                    f"{name} is compared with people, who are hidden on this dashboard: with it, "
                    "everybody could be looked up",
                )
        # A funnel of measures has a column for the order of its steps, and a query may answer with
        # more than is shown.
        answer = self.catalog.answer(self._bare(chart.template))
        columns = [column.name for column in answer]
        texts = {column.name for column in answer if column.kind == "text"}
        template, lists_people = people.masked(chart.template, columns, texts)

        def shown(one: Field) -> Field:
            if one.sql is None or one.name not in texts:
                return one
            return replace(one, sql=people.pseudonym(one.sql, one.name))

        definition = chart.definition
        counts = definition.model is not None and counts_people(chart.template)
        if isinstance(definition, Pivot) and (lists_people or counts):
            # Metabase's pivot adds up rows itself: it could not know how many people they are, and
            # to count people it has a row for each.
            does = "lists" if lists_people else "counts"
            self._problem(
                chart.path, f"a pivot {does} people, who are hidden on this dashboard: use a table"
            )
        if lists_people:
            definition = noted(definition, people.note())
        return replace(
            chart,
            definition=definition,
            template=template,
            fields=tuple(map(shown, chart.fields)),
            dimensions=tuple(map(shown, chart.dimensions)),
            measures=tuple(map(shown, chart.measures)),
            lists_hidden_people=lists_people,
            counts_hidden_people=counts,
        )

    def _bare(self, template: str) -> str:
        """A template in DuckDB's SQL with no filter set and static ones at their defaults."""
        return query.render(template, "duckdb", MARTS, lambda _mart: "true", self._default)

    def _default(self, name: str) -> str:
        definition = self.definition.filters[name]
        return literal(definition, definition.default)

    def _shape(self, chart: AnyChart, path: Path) -> tuple[str, list[Draft]]:
        """A chart's template and its columns, as far as the definition says what they are."""
        drafts = [self._draft(key, part, chart, (*path, key)) for key, part in parts(chart)]
        names = [draft.name for draft in drafts]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            self._problem(path, f"two columns are called {twice[0]}: give one a `label`")
        if chart.sql is not None:
            return self._sql(chart, path), drafts
        if chart.where:
            try:
                self._knows_columns(chart.where, chart.model or "")
            except query.QueryError as error:
                self._problem((*path, "where"), str(error))
        if isinstance(chart, Funnel) and chart.x is None:
            steps = [query.Output(draft.label, draft.sql or "", is_group=False) for draft in drafts]
            step = replace(drafts[0], role="dimension", name="step", label="Step", format=None)
            value = replace(drafts[0], name="value", label=chart.name)
            return query.steps_of_model(chart, steps, self._day(chart)), [step, value]
        outputs = [
            query.Output(draft.name, _answered(draft), is_group=draft.role == "dimension")
            for draft in drafts
        ]
        return query.of_model(chart, outputs, order(chart, drafts), self._day(chart)), drafts

    def _sql(self, chart: AnyChart, path: Path) -> str:
        try:
            template = query.of_sql(
                chart, {model.name: model.day for model in self.catalog.models.values()}
            )
            for name in query.slots_in(template, query.VARIABLE):
                definition = self.definition.filters.get(name)
                if not isinstance(definition, StaticDate | StaticNumber | StaticText):
                    said = f"there is no static filter {name} (date, number, text)"
                    if self.catalog.people.are_hidden_on(self.key):
                        said += "; people are hidden on this dashboard, and so filters by person"
                    raise query.QueryError(said)
                if definition.default is None:
                    raise query.QueryError(f"the filter {name} needs a `default`: a query uses it")
            query.parse(template)
        except query.QueryError as error:
            self._problem((*path, "sql"), str(error))
            return ""
        return template

    def _draft(self, key: str, part: Part, chart: AnyChart, path: Path) -> Draft:
        columns = self.catalog.models[chart.model].columns if chart.model else {}
        aggregates = is_measure(part, chart, columns)
        name, sql = part.value, None
        if chart.sql is not None:
            if getattr(part, "grain", None):
                self._problem(path, "with `sql` the query groups by the period itself")
        else:
            name = name_of(part, chart)
            try:
                self._knows_columns(part.value, chart.model or "")
                if aggregates:
                    sql = query.measure(part.value, self._ratios(chart.model or ""))
                else:
                    sql = query.dimension(part.value, getattr(part, "grain", None))
            except query.QueryError as error:
                self._problem(path, str(error))
        role: Literal["dimension", "measure", "goal"] = "measure" if aggregates else "dimension"
        return Draft(
            key=key,
            role="goal" if key == "goal" else role,
            name=name,
            label=part.label or humanized(name),
            format=part.format,
            decimals=getattr(part, "decimals", None),
            sql=sql,
        )

    def _knows_columns(self, sql: str, model: str) -> None:
        """Raises QueryError if an expression has a column that the model has not."""
        for found in query.parse(sql).find_all(exp.Column):
            if unknown := self.catalog.unknown_column(model, found.name):
                is_compared = isinstance(found.parent, exp.Predicate) and found.arg_key != "this"
                hint = f"; a text is in single quotes: '{found.name}'" if is_compared else ""
                raise query.QueryError(unknown + hint)

    def _day(self, chart: AnyChart) -> str | None:
        return self.catalog.models[chart.model or ""].day

    def _ratios(self, model: str) -> list[str]:
        columns = self.catalog.models[model].columns.values()
        return [column.name for column in columns if column.is_ratio]

    def _resolved(
        self, draft: Draft, answer: dict[str, MartColumn], chart: AnyChart, path: Path
    ) -> Field:
        """A column with the type that the query returns and the format that goes with it."""
        column = answer.get(draft.name)
        if column is None:
            self._problem(
                (*path, draft.key),
                f"the query returns no {draft.name}{did_you_mean(draft.name, answer)}",
            )
            column = MartColumn(draft.name, "text")
        known = self.catalog.models[chart.model].columns if chart.model else {}
        derived = None
        if draft.role == "dimension" and column.kind in NUMBERS:
            self._check_group(draft, known, (*path, draft.key))
        if draft.sql and draft.role != "dimension":
            derived = quotient_format(draft.sql, known)
        return Field(
            name=draft.name,
            label=draft.label,
            kind=column.kind,
            format=draft.format or derived or column.format,
            decimals=draft.decimals,
            sql=draft.sql,
            names=_names(draft),
        )

    def _check_group(self, draft: Draft, known: dict[str, MartColumn], path: Path) -> None:
        """A number that rows are grouped by is a place in an order, never a quantity."""
        for found in query.parse(draft.sql or "null").find_all(exp.Column):
            if found.name in known and known[found.name].is_quantity:
                self._problem(
                    path,
                    f"rows cannot be grouped by {draft.sql}, which is a quantity: write "
                    f"sum({found.name}), or max({found.name}) if each row of the mart stands "
                    f"alone; to group by ranges of it, name them: case when … then '0 to 9' … end",
                )
                return

    def _narrowed(self, name: str, mart: str) -> str | None:
        """The mart's column that a filter narrows: the one bound, or one of the same name."""
        bound = [text.partition(".")[::2] for text in self.definition.filters[name].column]
        for model, column in bound:
            if model == mart:
                return column
        columns = self.catalog.models[mart].columns
        return next((column for _, column in bound if column in columns), None)

    def _wires(self, template: str, unfiltered: Iterable[str]) -> Iterator[Wire]:
        tags: set[str] = set(query.slots_in(template, query.VARIABLE))
        for mart in query.slots_in(template, query.FILTERS):
            for name in self.definition.filters:
                column = None if name in unfiltered else self._narrowed(name, mart)
                if column is None:
                    continue
                tag, number = name, 2
                while tag in tags:
                    tag, number = f"{name}_{number}", number + 1
                tags.add(tag)
                yield Wire(name, mart, column, tag)

    @property
    def _locked(self) -> list[str]:
        return self.definition.embed.locked if self.definition.embed else []

    def _check_filters(self, chart: CompiledChart, path: Path) -> None:
        """With `sql`, a filter that could narrow a mart must be let in, in each place where the
        mart is read, or left out on purpose."""
        if chart.definition.sql is None:
            return
        reads = query.reads_to_narrow(chart.definition)
        open_ = sorted({mart for mart, is_narrowed in reads if not is_narrowed})
        for name in self.definition.filters:
            if name in (*chart.definition.unfiltered, *chart.variables, *self._locked):
                continue
            for mart in open_:
                if column := self._narrowed(name, mart):
                    self._problem(
                        (*path, "sql"),
                        f"the filter {name} is left out, and {mart} has {column}: write `where "
                        f"{{{{ filters('{mart}') }}}}`, without `or`, in each select that reads "
                        f"{mart}, and give {mart} no alias there, list {name} in `unfiltered`, or "
                        f"write `{{{{ ref('{mart}', unfiltered=true) }}}}` if what it is joined to "
                        "is narrowed",
                    )

    def _check_locked(self, chart: CompiledChart, path: Path) -> None:
        """Every chart of a dashboard that is shown elsewhere is narrowed by what is locked, in each
        place where it reads a mart: one that is not would show the viewer what is other people's.
        """
        reads = query.reads(chart.template)
        for name in self._locked:
            columns = {mart: self._narrowed(name, mart) for mart, _ in reads}
            if name in chart.definition.unfiltered or not any(columns.values()):
                self._problem(
                    path,
                    f"{chart.definition.name} is not narrowed by {name}, which is locked where the "
                    f"dashboard is shown: ask a mart that has its column, or leave the chart out",
                )
                continue
            where = (*path, "sql" if chart.definition.sql else "where")
            for mart, is_narrowed in dict.fromkeys(reads):
                said = f"{chart.definition.name} reads {mart}, and {name} is locked where the "
                if columns[mart] is None:
                    said += f"dashboard is shown: {mart} has no column for it, so leave {mart} out"
                elif not is_narrowed:
                    said += (
                        f"dashboard is shown: write `where {{{{ filters('{mart}') }}}}`, without "
                        f"`or`, in each select that reads {mart}, and give {mart} no alias there"
                    )
                else:
                    continue
                self._problem(where, said)

    def _check_kinds(self, chart: CompiledChart, path: Path) -> None:
        """Columns of a kind that the type of chart can draw."""
        definition = chart.definition
        for one in chart.measures:
            is_drawable = one.kind in NUMBERS or isinstance(definition, Table)
            if not is_drawable and not (isinstance(definition, Scalar) and one.kind in DATES):
                self._problem(path, f"{one.name} is {one.kind}: a {definition.type} needs a number")
        if (
            isinstance(definition, Scalar)
            and definition.x
            and chart.dimensions[0].kind not in DATES
        ):
            self._problem((*path, "x"), "the trend of a scalar is over a date: `day by month`")
        if isinstance(definition, Pie) and definition.limit:
            self._problem((*path, "limit"), "a pie shows a whole, which `limit` would cut")
        if isinstance(definition, Table) and definition.sort:
            wanted = definition.sort.lstrip("-")
            shown = {name for one in chart.fields for name in (one.label, one.name)}
            if definition.sql is not None:
                self._problem((*path, "sort"), "with `sql` the query sorts itself: use `order by`")
            elif wanted not in shown:
                self._problem(
                    (*path, "sort"), f"no column is called {wanted}{did_you_mean(wanted, shown)}"
                )

    def _check_goal(self, chart: CompiledChart, path: Path) -> None:
        """A goal is a number of the kind that it is drawn beside."""
        definition = chart.definition
        if getattr(definition, "goal", None) is None:
            return
        beside = chart.measures
        if isinstance(definition, Combo):
            pairs = zip(chart.measures, definition.y, strict=True)
            beside = tuple(one for one, y in pairs if y.axis == "left")
        said = None
        if getattr(definition, "stack", None) == "percent":
            said = "shares reach to 100 %, whatever the goal: leave out `goal` or `stack: percent`"
        elif not beside:
            said = "a goal stands at the left axis, and no measure does: move one, or leave it out"
        elif len(kinds := dict.fromkeys(one.format for one in beside)) > 1:
            said = f"a goal is of one kind, and these are {' and '.join(kinds)}: use two charts"
        elif chart.goal and chart.goal.kind not in NUMBERS:
            said = f"{chart.goal.name} is {chart.goal.kind}: a goal is a number"
        elif chart.goal and chart.goal.format not in kinds:
            said = (
                f"{chart.goal.label} is {chart.goal.format} and {beside[0].label} is "
                f"{beside[0].format}: a goal has the kind of what it is for, or give it a `format`"
            )
        if said:
            self._problem((*path, "goal"), said)


def _names(draft: Draft) -> Mapping[str, str]:
    """The names for the codes of a column that rows are grouped by."""
    if draft.role != "dimension" or not draft.sql:
        return {}
    return code_names().get(query.coded(draft.sql), {})


def _answered(draft: Draft) -> str:
    """The SQL of a column in a chart's query."""
    return query.named(draft.sql or "") if _names(draft) else draft.sql or ""


def _said(error: duckdb.Error) -> str:
    """DuckDB's message without the copy of the query."""
    return "\n".join(str(error).split("\n\nLINE")[0].splitlines()).strip()
