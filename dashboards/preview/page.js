// The page: reads its data, sets the filters up, draws the tiles of the tab that is open.

const page = JSON.parse(document.getElementById("data").textContent);
const tiles = [...document.querySelectorAll("[data-chart]")];
const tabs = [...document.querySelectorAll("[role=tab]")];
const panels = [...document.querySelectorAll("main > .grid")];
let values = {};
let open = 1;

// --- tiles

// What draws a chart's rows into its tile, by the type of chart.
const DRAWN = {
  scalar: drawScalar, line: drawAxes, bar: drawAxes, area: drawAxes, row: drawAxes, pie: drawPie, gauge: drawGauge,
  combo: drawCombo, scatter: drawScatter, funnel: drawFunnel, waterfall: drawWaterfall, pivot: drawPivot, table: drawTable,
};

// The filters that the viewer has changed but that the chart's data cannot apply.
function withoutEffect(chart) {
  if (!chart.source || chart.source.cube !== undefined) return [];
  const changed = page.filters.filter((filter) => !same(values[filter.name], filter.default));
  const missing = changed.filter((filter) => (chart.source.missing ?? []).includes(filter.name));
  const partly = changed.filter((filter) => filter.name in chart.source.filters && isSet(filter.default));
  return [
    ...missing.map((filter) => `${filter.label} is not in the preview.`),
    ...partly.map((filter) => `${filter.label}: only what its default lets through is in the preview.`),
  ];
}

function draw(tile) {
  const chart = page.charts[tile.dataset.chart];
  const body = tile.querySelector(".body");
  const notes = [...chart.notes];
  const foot = tile.querySelector(".foot");
  if (chart.error) {
    body.replaceChildren(element("p", { class: "error", role: "alert" }, `The query failed: ${chart.error}`));
    tile.querySelector(".notes").replaceChildren();
    foot.textContent = "";
    tile.dataset.drawn = "error";
    return;
  }
  const rows = answered(chart, page, values);
  notes.push(...withoutEffect(chart));
  const measures = chart.fields.map((_, place) => place).filter((place) => chart.fields[place].role === "measure");
  const isNull = measures.length > 0 && rows.length > 0 && rows.every((row) => measures.every((place) => row[place] === null));
  const previous = tile.dataset.drawn;
  if (!rows.length || (isNull && chart.type !== "table" && chart.type !== "pivot")) {
    tile.querySelector(".legend")?.remove();
    body.replaceChildren(element("p", { class: "empty" }, rows.length ? "Every value is null" : "No rows"));
    tile.dataset.drawn = "empty";
  } else {
    if (previous === "empty" || previous === "error") body.replaceChildren();
    DRAWN[chart.type](chart, rows, body, theme(), notes, page, values);
    describe(chart, rows, body);
    tile.dataset.drawn = "yes";
  }
  if (isNull) notes.push("Every value is null.");
  const height = body.clientHeight;
  tile.querySelector(".notes").replaceChildren(...notes.map((note) => element("li", { title: note }, note)));
  foot.textContent = `${grouped(rows.length, 0)} row${rows.length === 1 ? "" : "s"} · ${time(chart.seconds)}${chart.partial ? ` · ${chart.partial}` : ""}`;
  foot.title = "Rows of the answer, and the time that the warehouse took for it";
  chart.allNotes = notes;
  // What is above and below the plot takes room from it.
  if (tile.dataset.drawn === "yes" && body.clientHeight !== height) {
    DRAWN[chart.type](chart, rows, body, theme(), [], page, values);
  }
}

function time(seconds) {
  return seconds < 1 ? `${Math.max(1, Math.round(seconds * 1000))} ms` : `${seconds.toFixed(1)} s`;
}

function redraw() {
  for (const tile of tiles) {
    if (panels[open - 1].contains(tile)) draw(tile);
  }
}

// --- filters

function buildFilters() {
  const form = document.getElementById("filters");
  form.hidden = !page.filters.length;
  const controls = page.filters.map((filter) =>
    control(filter, values[filter.name], page.today, (value, how = {}) => set(filter, value, how)));
  const reset = element("button", { type: "button", class: "reset", onclick: resetAll }, "Reset");
  form.replaceChildren(...controls, reset);
  markChanged();
}

function markChanged() {
  const form = document.getElementById("filters");
  const isChanged = (filter) => !same(values[filter.name], filter.default);
  for (const filter of page.filters) {
    form.querySelector(`[data-filter="${filter.name}"]`).classList.toggle("changed", isChanged(filter));
  }
  form.querySelector(".reset").disabled = !page.filters.some(isChanged);
}

// `keep` leaves the controls as they are: a list stays open while its boxes are checked.
function set(filter, value, { keep = false } = {}) {
  values[filter.name] = value;
  remember();
  if (keep) markChanged();
  else rebuild();
  redraw();
}

function resetAll() {
  values = defaults(page.filters);
  remember();
  buildFilters();
  redraw();
  document.querySelector("#filters input, #filters select, #filters button")?.focus();
}

// Redraw the controls, keeping the focus where it was.
function rebuild() {
  const focused = document.activeElement?.closest("#filters") ? document.activeElement : null;
  const of = focused?.closest("[data-filter]")?.dataset.filter;
  const inputs = (name) => [...document.querySelectorAll(`[data-filter="${name}"] :is(input, select, button)`)];
  const place = of ? inputs(of).indexOf(focused) : -1;
  buildFilters();
  if (place >= 0) inputs(of)[place]?.focus();
}

function remember() {
  const address = toAddress(page.filters, values, open);
  history.replaceState(null, "", address ? `#${address}` : location.pathname + location.search);
}

// --- tabs

function show(number, { focus = false } = {}) {
  open = Math.min(Math.max(number, 1), panels.length);
  panels.forEach((panel, place) => (panel.hidden = place !== open - 1));
  tabs.forEach((tab, place) => {
    tab.setAttribute("aria-selected", String(place === open - 1));
    tab.tabIndex = place === open - 1 ? 0 : -1;
  });
  if (focus) tabs[open - 1].focus();
  redraw();
}

tabs.forEach((tab, place) => {
  tab.addEventListener("click", () => { show(place + 1); remember(); });
  tab.addEventListener("keydown", (event) => {
    const to = { ArrowRight: (place + 1) % tabs.length, ArrowLeft: (place - 1 + tabs.length) % tabs.length, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    show(to + 1, { focus: true });
    remember();
  });
});

// --- about a chart: its SQL, its data, its notes

const dialog = document.getElementById("about");

function about(chart) {
  document.getElementById("about-name").textContent = chart.name;
  const rows = answered(chart, page, values);
  const copied = element("span", { role: "status" });
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(chart.sql);
    } catch {
      getSelection().selectAllChildren(dialog.querySelector("pre"));
      document.execCommand("copy");
    }
    copied.textContent = "Copied";
  };
  const most = 100;
  const fields = chart.fields.map((field, place) => withGrain(field, rows.map((row) => row[place])));
  const cells = rows.slice(0, most).map((row) => element("tr", {}, ...row.map((value, place) =>
    element("td", { class: typeof value === "number" ? "right" : "" }, shown(value, fields[place])))));
  document.getElementById("about-body").replaceChildren(
    ...(chart.description ? [element("p", {}, chart.description)] : []),
    ...(chart.error ? [element("p", { class: "error" }, chart.error)] : []),
    ...(chart.allNotes?.length ? [element("ul", { class: "notes" }, ...chart.allNotes.map((note) => element("li", {}, note)))] : []),
    element("p", { class: "said" }, `${grouped(rows.length, 0)} rows here; the warehouse took ${time(chart.seconds)}. The SQL is that of the filters as they are at first.`),
    element("p", {}, element("button", { type: "button", onclick: copy }, "Copy SQL"), " ", copied),
    element("pre", { tabindex: "0", "aria-label": "SQL" }, chart.sql),
    element("h3", {}, rows.length > most ? `Data: the first ${most} rows` : "Data"),
    element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Data" },
      element("table", {}, element("thead", {}, element("tr", {}, ...fields.map((field) => element("th", { scope: "col" }, field.label)))), element("tbody", {}, ...cells))),
  );
  dialog.showModal();
}

for (const tile of tiles) {
  tile.querySelector(".about").addEventListener("click", () => about(page.charts[tile.dataset.chart]));
}
document.getElementById("about-close").addEventListener("click", () => dialog.close());
dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });

// --- light and dark, sizes, the address

document.getElementById("theme").addEventListener("click", () => {
  const now = document.documentElement.dataset.theme
    ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  document.documentElement.dataset.theme = now === "dark" ? "light" : "dark";
  try {
    localStorage.setItem("theme", document.documentElement.dataset.theme);
  } catch { /* a browser without storage for files */ }
  redraw();
});
try {
  const kept = localStorage.getItem("theme");
  if (kept === "dark" || kept === "light") document.documentElement.dataset.theme = kept;
} catch { /* the same */ }
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);

let width = innerWidth;
let waiting = 0;
addEventListener("resize", () => {
  if (innerWidth === width) return;
  width = innerWidth;
  clearTimeout(waiting);
  waiting = setTimeout(redraw, 150);
});

function start() {
  const found = fromAddress(page.filters, location.hash);
  values = found.values;
  buildFilters();
  // By its number, or by its name.
  const named = tabs.findIndex((tab) => tab.dataset.name === found.tab);
  show(named < 0 ? Number(found.tab) || 1 : named + 1);
}
addEventListener("hashchange", start);
document.getElementById("filters").addEventListener("submit", (event) => event.preventDefault());

for (const { fields, source } of Object.values(page.charts)) {
  fields.forEach((field, place) => (field.isSum = Boolean(source?.additive?.[place])));
}
assignColors(Object.values(page.charts), page);
document.getElementById("no-plotly").hidden = "Plotly" in window;
start();

// For tests, and for curious readers.
window.preview = {
  page,
  data: (key) => answered(page.charts[key], page, values),
  set: (name, value) => set(page.filters.find((filter) => filter.name === name), value),
  reset: resetAll,
  values: () => values,
  days: (value, today) => days(value, today),
};
