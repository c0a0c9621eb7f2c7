// A chart's SQL with the filters' values, written as conditions.py writes them.

function filledSql(chart, filters, values, today) {
  const byName = new Map(filters.map((filter) => [filter.name, filter]));
  const conditions = (mart) => chart.wires
    .filter(([name, of]) => of === mart && isSet(values[name]))
    .map(([name, of, column]) => condition(byName.get(name), `"${of}"."${column}"`, values[name], today));
  // The first period is x's, by which the chart may be shown otherwise.
  const grain = chart.show && chart.fields[0].grain;
  const sql = grain ? chart.sql.replace(/DATE_TRUNC\('\w+'/, `DATE_TRUNC('${grain}'`) : chart.sql;
  return sql.replace(/\{\{ (filters|variable)\('(\w+)'\) \}\}/g, (_, kind, name) =>
    (kind === "filters" ? conditions(name).join(" and ") || "true" : literal(byName.get(name), values[name] ?? byName.get(name).default)));
}

function condition(filter, column, value, today) {
  switch (filter.type) {
    case "date_range":
    case "relative_date": {
      const [first, last] = days(String(value), today);
      return `cast(${column} as date) between date '${first}' and date '${last}'`;
    }
    case "number_range": {
      const [low, high] = value.map((bound) => (bound === null ? null : String(bound)));
      if (low === null) return `${column} <= ${high}`;
      return high === null ? `${column} >= ${low}` : `${column} between ${low} and ${high}`;
    }
    case "date":
    case "number":
    case "text":
      if (filter.operator === "contains") return `lower(${column}) like concat('%', lower(${literal(filter, value)}), '%')`;
      return `${column} ${filter.operator} ${literal(filter, value)}`;
    default:
      return `${column} in (${[value].flat().map(quoted).join(", ")})`;
  }
}

const quoted = (text) => `'${String(text).replace(/'/g, "''")}'`;

function literal(filter, value) {
  if (filter.type === "date") return `date '${value}'`;
  return filter.type === "number" ? String(value) : quoted(value);
}
