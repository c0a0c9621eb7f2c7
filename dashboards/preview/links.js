// From a bar, a slice or a row to the cost explorer, narrowed to it.

// The filter of the explorer for a field of a chart, and the value of it that a cell stands for;
// null if there is none.
function narrowing(field, value, explorer) {
  if (value === null || field.role !== "dimension") return null;
  const isDay = field.kind === "date" || field.kind === "datetime";
  const filter = explorer.filters.find((one) => (isDay ? one.type === "date_range" : one.column === field.column));
  if (!filter) return null;
  if (!isDay) return [filter.name, filter.type === "multi_select" ? [value] : value];
  const start = String(value).slice(0, 10);
  return [filter.name, `${start}~${field.grain ? plusDays(shifted(start, field.grain, 1), -1) : start}`];
}

// The values of the page's filters that the explorer has too.
function carried(chart, page, values) {
  const found = {};
  for (const [name, , column] of chart.wires) {
    const filter = page.filters.find((one) => one.name === name);
    if (!isSet(values[name])) continue;
    const isDay = filter.type === "date_range" || filter.type === "relative_date";
    const other = page.explorer.filters.find((one) => (isDay ? one.type === "date_range" : one.column === column));
    if (!other) continue;
    if (isDay) found[other.name] = days(values[name], page.today).join("~");
    else found[other.name] = other.type === "multi_select" ? [values[name]].flat() : values[name];
  }
  return found;
}

// The explorer's address for some cells of a chart, [[field, value], …]; null if it has no filter
// for any of them.
function explored(chart, page, values, cells) {
  if (!page.explorer) return null;
  const narrowed = cells.map(([field, value]) => narrowing(field, value, page.explorer)).filter(Boolean);
  if (!narrowed.length) return null;
  const wanted = { ...carried(chart, page, values), ...Object.fromEntries(narrowed) };
  const tab = page.key === page.explorer.key ? open : 1;
  return `${page.explorer.key}.html#${toAddress(page.explorer.filters, wanted, tab)}`;
}

// The cell of a table as a link, if the explorer can be narrowed to it.
function linked(chart, page, values, field, value, content) {
  const address = explored(chart, page, values, [[field, value]]);
  return address ? element("a", { href: address, title: `Show ${field.label} ${shown(value, field)} in the cost explorer` }, content) : content;
}

// What was clicked in a plot, as cells of its chart.
function clicked(chart, rows, point) {
  const fields = chart.fields.map((field, place) => withGrain(field, rows.map((row) => row[place])));
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
