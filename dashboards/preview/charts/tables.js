// Tables and pivots, which are HTML.

const MOST_SHOWN = 300;

function drawTable(chart, rows, body, look, _notes, page, values) {
  const fields = chart.fields.map((field, place) => {
    const values = rows.slice(0, 500).map((row) => row[place]);
    const isBroken = field.format === "decimal" && values.some((value) => value !== null && !Number.isInteger(value));
    return withGrain(isBroken ? { ...field, decimals: field.decimals ?? 2 } : field, values);
  });
  const columns = chart.columns ?? [];
  const state = (chart.sorting ??= { place: null, isDescending: false, most: MOST_SHOWN });
  const isNumber = (place) => ["number", "money", "count"].includes(fields[place].kind);
  const hasSentences = fields.map((field, place) => rows.some((row) => shown(row[place], field).length > 60));
  const largest = fields.map((_, place) => rows.reduce((most, row) => Math.max(most, Math.abs(Number(row[place]) || 0)), 0));
  const order = state.place === null ? rows : sorted(rows, [[state.place, state.isDescending]]);
  const redraw = (focus) => {
    drawTable(chart, rows, body, look, _notes, page, values);
    if (focus !== undefined) body.querySelectorAll("th button")[focus]?.focus();
  };
  const heads = fields.map((field, place) => {
    const direction = state.place !== place ? "none" : state.isDescending ? "descending" : "ascending";
    const sort = () => {
      const isFirst = state.place !== place;
      Object.assign(state, { place, isDescending: isFirst ? isNumber(place) : !state.isDescending });
      redraw(place);
    };
    const mark = { none: "", ascending: " ▲", descending: " ▼" }[direction];
    return element("th", { scope: "col", "aria-sort": direction, class: isNumber(place) ? "right" : "" },
      element("button", { type: "button", class: "plain", onclick: sort }, field.label, element("span", { "aria-hidden": "true" }, mark)));
  });
  const lines = order.slice(0, state.most).map((row) => element("tr", {}, ...row.map((value, place) => {
    const { bar, highlight } = columns[place] ?? {};
    const text = shown(value, fields[place]);
    const meaning = highlight?.[String(value)];
    const content = meaning ? element("span", { class: `pill ${meaning}` }, text) : linked(chart, page, values, fields[place], value, text);
    const made = element("td", { class: isNumber(place) ? "right" : hasSentences[place] ? "sentence" : "", title: text.length > 40 ? text : null }, content);
    if (bar && largest[place] && typeof value === "number") {
      made.classList.add("bar", ...(value < 0 ? ["below"] : []));
      made.style.setProperty("--share", `${(100 * Math.abs(value)) / largest[place]}%`);
    }
    return made;
  })));
  const more = rows.length > state.most
    ? element("button", { type: "button", class: "more", onclick: () => { state.most *= 4; redraw(); } }, `Show more: ${grouped(state.most, 0)} of ${grouped(rows.length, 0)} rows are shown`)
    : null;
  scrolling(body, chart, element("table", {}, element("thead", {}, element("tr", {}, ...heads)), element("tbody", {}, ...lines)), more);
}

// What is wider or longer than its tile scrolls, by keyboard too.
function scrolling(body, chart, ...content) {
  const before = body.querySelector(":scope > .scroll");
  const holder = element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `${chart.name}, table` }, ...content.filter(Boolean));
  const [top, left] = [before?.scrollTop ?? 0, before?.scrollLeft ?? 0];
  body.replaceChildren(holder);
  Object.assign(holder, { scrollTop: top, scrollLeft: left });
}

const MOST_PIVOTED = 40;

function drawPivot(chart, rows, body, look, notes, page, values) {
  const dimensions = chart.fields.filter((field) => field.role === "dimension").length;
  const fields = chart.fields.map((field, place) => (place < dimensions ? withGrain(field, rows.map((row) => row[place])) : field));
  const [down, across] = [chart.rowDimensions, dimensions - chart.rowDimensions];
  const measures = fields.slice(dimensions);
  const keyOf = (row, from, count) => JSON.stringify(row.slice(from, from + count));
  const distinct = (from, count) => {
    const found = new Map(rows.map((row) => [keyOf(row, from, count), row.slice(from, from + count)]));
    return sorted([...found.values()], Array.from({ length: count }, (_, place) => [place, false]));
  };
  const lines = distinct(0, down);
  let columns = across ? distinct(down, across) : [[]];
  if (columns.length > MOST_PIVOTED) {
    notes.push(`${columns.length} columns: the last ${MOST_PIVOTED} are shown; the totals have all.`);
    columns = columns.slice(-MOST_PIVOTED);
  }
  const wanted = (kept) => new Map(totals(chart, page, values, kept).map((row) => [JSON.stringify(row.slice(0, kept.length)), row.slice(kept.length)]));
  const places = (from, count) => Array.from({ length: count }, (_, place) => from + place);
  const cells = new Map(rows.map((row) => [JSON.stringify(row.slice(0, dimensions)), row.slice(dimensions)]));
  const hasRight = chart.totals && across > 0;
  const ofLine = hasRight ? wanted(places(0, down)) : new Map();
  const ofColumn = chart.totals ? wanted(places(down, across)) : new Map();
  const ofAll = chart.totals ? (wanted([]).get("[]") ?? []) : [];
  const largest = measures.map((_, place) => Math.max(0, ...[...cells.values()].map((found) => Number(found[place]) || 0)));
  const heated = (found) => numbers(found).map((made, place) => {
    const value = Number(found?.[place]) || 0;
    if (chart.heat && value > 0) {
      made.classList.add("heat");
      made.style.setProperty("--share", `${Math.round((35 * value) / largest[place])}%`);
    }
    return made;
  });
  const numbers = (found, className = "") => measures.map((field, place) => element("td", { class: `right ${className}` }, shown(found?.[place] ?? null, field)));
  const title = (key, from) => key.map((value, place) => shown(value, fields[from + place])).join(" · ");
  const several = measures.length > 1;
  const head = element("tr", {},
    ...fields.slice(0, down).map((field) => element("th", { scope: "col", rowspan: several ? 2 : 1 }, field.label)),
    ...(across ? columns.map((key) => element("th", { scope: "colgroup", class: "right", colspan: measures.length }, title(key, down)))
      : several ? [] : measures.map((field) => element("th", { scope: "col", class: "right" }, field.label))),
    ...(!across && several ? [element("th", { colspan: measures.length })] : []),
    ...(hasRight ? [element("th", { scope: "colgroup", class: "right total", colspan: measures.length }, "Total")] : []));
  const under = several
    ? element("tr", {}, ...[...columns, ...(hasRight ? [null] : [])].flatMap((key) => measures.map((field) => element("th", { scope: "col", class: `right${key ? "" : " total"}` }, field.label))))
    : null;
  const body_ = lines.map((line) => element("tr", {},
    ...line.map((value, place) => element("th", { scope: "row" }, linked(chart, page, values, fields[place], value, shown(value, fields[place])))),
    ...columns.flatMap((key) => heated(cells.get(JSON.stringify([...line, ...key])))),
    ...(hasRight ? numbers(ofLine.get(JSON.stringify(line)), "total") : [])));
  const foot = chart.totals
    ? element("tr", { class: "total" }, element("th", { scope: "row", colspan: down }, "Total"),
      ...columns.flatMap((key) => numbers(ofColumn.get(JSON.stringify(key)))), ...(hasRight ? numbers(ofAll) : []))
    : null;
  scrolling(body, chart, element("table", { class: "pivot" }, element("thead", {}, head, under),
    element("tbody", {}, ...body_), ...(foot ? [element("tfoot", {}, foot)] : [])));
}
