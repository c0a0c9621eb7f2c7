// From a bar, a slice or a row to the cost explorer, narrowed to it.

const CHOICES = ["dropdown", "multi_select", "search"];
// What monthly marts say where the explorer's mart has no department, which no filter can find.
const NO_DEPARTMENT = "no department";

// The explorer's filter of a column for one of these types of filter.
const filterOf = (explorer, types, column) =>
  explorer.filters.find((one) => types.includes(one.type) && (types === PERIODS || one.column === column));

const hasNoDepartment = (column, value) => column === "department" && [value].flat().includes(NO_DEPARTMENT);

// A value for the explorer's filter of a column.
function chosen(explorer, column, value) {
  const filter = filterOf(explorer, CHOICES, column);
  return filter ? { [filter.name]: filter.type === "multi_select" ? [value].flat() : value } : {};
}

// The days from one to another that are in a period too.
function within(period, start, end) {
  const [since, until] = period?.split("~") ?? [start, end];
  return `${start > since ? start : since}~${end < until ? end : until}`;
}

// The values of the page's filters that the explorer has too; null if it cannot have one of them.
function carried(chart, page, values) {
  const { explorer } = page;
  const found = {};
  for (const [name, , column] of chart.wires) {
    const { type } = page.filters.find((one) => one.name === name);
    const value = values[name];
    if (!isSet(value)) continue;
    if (hasNoDepartment(column, value)) return null;
    const filter = filterOf(explorer, PERIODS.includes(type) ? PERIODS : [type], column);
    if (CHOICES.includes(type)) Object.assign(found, chosen(explorer, column, value));
    else if (filter && PERIODS.includes(type)) found[filter.name] = within(found[filter.name], ...days(value, page.today));
    else if (filter && type === "number_range") found[filter.name] = value;
  }
  return found;
}

// The explorer's filters for a cell of a chart, beside those carried; none if it has none for that
// field.
function narrowing(explorer, field, value, found) {
  if (value === null || value === field.nothing || field.role !== "dimension") return {};
  if (hasNoDepartment(field.column, value)) return {};
  if (field.kind !== "date" && field.kind !== "datetime") return chosen(explorer, field.column, value);
  const start = String(value).slice(0, 10);
  const end = field.grain ? plusDays(shifted(start, field.grain, 1), -1) : start;
  const filter = filterOf(explorer, PERIODS);
  return filter ? { [filter.name]: within(found[filter.name], start, end) } : {};
}

// The explorer's address for some cells of a chart, [[field, value], …]; null if it has no filter
// for any of them.
function explored(chart, page, values, cells) {
  const { explorer } = page;
  if (!explorer) return null;
  const found = carried(chart, page, values);
  if (!found) return null;
  const narrowed = Object.assign({}, ...cells.map(([field, value]) => narrowing(explorer, field, value, found)));
  if (!Object.keys(narrowed).length) return null;
  const tab = page.key === explorer.key ? open : 1;
  return `${explorer.key}.html#${toAddress(explorer.filters, { ...found, ...narrowed }, tab)}`;
}

// The cell of a table as a link, if the explorer can be narrowed to it.
function linked(chart, page, values, field, value, content) {
  const address = explored(chart, page, values, [[field, value]]);
  return address ? element("a", { href: address, title: `Show ${field.label} ${shown(value, field)} in the cost explorer` }, content) : content;
}

// What was clicked in a plot, as cells of its chart.
function clicked(chart, rows, point) {
  const fields = fieldsOf(chart, rows);
  if (chart.type === "pie") {
    const row = rows.find((one) => name(one[0], fields[0]) === point.data.meta?.[point.pointNumber]);
    return row ? [[fields[0], row[0]]] : [];
  }
  const isOfThings = ["line", "bar", "area", "row", "combo", "scatter"].includes(chart.type);
  if (!isOfThings) return [];
  const keys = chart.type === "scatter" ? rows.filter((row) => row[1] !== null && row[2] !== null).map((row) => row[0]) : [...new Set(rows.map((row) => row[0]))];
  const cells = [[fields[0], keys[point.pointNumber] ?? null]];
  const series = chart.hasSeries && rows.find((row) => name(row[1], fields[1]) === point.data.meta);
  return series ? [...cells, [fields[1], series[1]]] : cells;
}
