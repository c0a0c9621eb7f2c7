// The page: reads its data, sets the filters up, draws the tiles of the tab that is open.

let page;
const tiles = [...document.querySelectorAll("[data-chart]")];
const tabs = [...document.querySelectorAll("[role=tab]")];
const panels = [...document.querySelectorAll("main > .grid")];
let values = {};
// `compare` is whether the period before is drawn; under the key of a chart is its period.
let views = {};
let open = 1;

// --- tiles

// What draws a chart's rows into its tile, by the type of chart.
const DRAWN = {
  scalar: drawScalar, line: drawAxes, bar: drawAxes, area: drawAxes, row: drawAxes, pie: drawPie, gauge: drawGauge,
  combo: drawCombo, scatter: drawScatter, funnel: drawFunnel, waterfall: drawWaterfall, pivot: drawPivot, table: drawTable,
};

// The filters that change something on the open tab. The others are not shown there.
const offered = () => page.filters.filter(({ name }) => page.tabs[open - 1].includes(name));

const isChanged = (filter) => !same(values[filter.name], filter.default);

// The changed filters that a chart's data cannot apply: any number would be wrong.
function notBy(chart) {
  const { source } = chart;
  if (!source) return [];
  const isPartial = ({ name, default: first }) => source.cube === undefined && name in source.filters && isSet(first);
  return page.filters.filter((filter) => isChanged(filter) && (source.missing?.includes(filter.name) || isPartial(filter)));
}

// The filters that have a value and change nothing in a chart.
const notFiltered = (chart) => page.filters.filter(({ name }) => isSet(values[name]) && chart.unfiltered.includes(name));

const labels = (filters) => filters.map((filter) => filter.label).join(", ");

function draw(tile) {
  const chart = page.charts[tile.dataset.chart];
  const body = tile.querySelector(".body");
  const notes = [...chart.notes];
  const foot = tile.querySelector(".foot");
  const say = (kind, text, ...attributes) => {
    tile.querySelector(".legend")?.remove();
    body.replaceChildren(element("p", { class: kind, ...Object.assign({}, ...attributes) }, text));
    tile.querySelector(".notes").replaceChildren();
    foot.textContent = "";
    tile.dataset.drawn = kind;
  };
  if (chart.error) return say("error", `The query failed: ${chart.error}`, { role: "alert" });
  const without = notBy(chart);
  if (without.length) return say("empty", `Not by ${labels(without)} on this page. Its SQL has the filter.`);
  const rows = answered(chart, page, values);
  const measures = chart.fields.map((_, place) => place).filter((place) => chart.fields[place].role === "measure");
  const isNull = measures.length > 0 && rows.length > 0 && rows.every((row) => measures.every((place) => row[place] === null));
  const isNarrowed = page.filters.some(isChanged);
  const drawRows = (said) => {
    const [shape, lines] = views.compare ? withBefore(chart, rows, page, values, said) : [chart, rows];
    DRAWN[chart.type](shape, lines, body, theme(), said, page, values);
    return [shape, lines];
  };
  const previous = tile.dataset.drawn;
  if (!rows.length || (isNull && chart.type !== "table" && chart.type !== "pivot")) {
    say("empty", isNarrowed ? "Nothing with these filters" : rows.length ? "Every value is null" : "No rows");
  } else {
    if (previous === "empty" || previous === "error") body.replaceChildren();
    describe(...drawRows(notes), body);
    tile.dataset.drawn = "yes";
    leadToExplorer(chart, rows, body);
  }
  if (isNull && !isNarrowed) notes.push("Every value is null.");
  const height = body.clientHeight;
  const unfiltered = notFiltered(chart);
  tile.querySelector(".notes").replaceChildren(
    ...notes.map((note) => element("li", { title: note }, note)),
    ...(unfiltered.length ? [element("li", { class: "unfiltered" }, `Not filtered by ${labels(unfiltered)}.`)] : []),
  );
  foot.textContent = chart.partial ?? "";
  chart.allNotes = notes;
  // What is above and below the plot takes room from it.
  if (tile.dataset.drawn === "yes" && body.clientHeight !== height) {
    drawRows([]);
  }
}

// A click on a bar, a slice or a point shows it in the explorer.
function leadToExplorer(chart, rows, body) {
  const holder = body.querySelector(":scope > .plot");
  if (!holder?.on) return;
  holder.removeAllListeners("plotly_click");
  holder.on("plotly_click", ({ points: [point] }) => {
    const address = explored(chart, page, values, clicked(chart, rows, point));
    if (address) location.href = address;
  });
}

function redraw() {
  for (const tile of tiles) {
    if (panels[open - 1].contains(tile)) draw(tile);
  }
}

// --- filters

function buildFilters() {
  const form = document.getElementById("filters");
  const shown = offered();
  form.hidden = !shown.length;
  const controls = shown.map((filter) =>
    control(filter, values[filter.name], page.today, (value, how = {}) => set(filter, value, how)));
  const reset = element("button", { type: "button", class: "reset", onclick: resetAll }, "Reset");
  const link = element("button", { type: "button", title: "Everything that is chosen is in the address" }, "Copy link");
  link.addEventListener("click", async () => { await copied(location.href); link.textContent = "Copied"; });
  form.replaceChildren(...controls, ...comparison(), reset, link);
  markChanged();
}

// A box to draw the period before, where a chart of the tab can show it.
function comparison() {
  const charts = tiles.filter((tile) => panels[open - 1].contains(tile)).map((tile) => page.charts[tile.dataset.chart]);
  if (!charts.some((chart) => comparable(chart, page, values))) return [];
  const box = element("input", { type: "checkbox", checked: Boolean(views.compare) });
  box.addEventListener("change", () => {
    if (box.checked) views.compare = "1";
    else delete views.compare;
    remember();
    redraw();
  });
  return [element("label", { class: "compare" }, box, "Compare with before")];
}

// The periods by which each chart over time can be shown.
function buildGrains(tile) {
  const key = tile.dataset.chart;
  const chart = page.charts[key];
  const grains = grainsOf(chart, page);
  if (!grains.length) return;
  const first = chart.usualGrain = chart.fields[0].grain;
  const choice = element("select", { class: "grain", "aria-label": `Show ${chart.name} by` }, ...options(grains.map((grain) => [grain, `by ${grain}`]), first));
  choice.addEventListener("change", () => {
    if (choice.value === first) delete views[key];
    else views[key] = choice.value;
    remember();
    setGrain(chart, choice.value);
    draw(tile);
  });
  chart.show = (grain) => {
    setGrain(chart, grains.includes(grain) ? grain : first);
    choice.value = chart.fields[0].grain;
  };
  tile.querySelector(".tile-controls").prepend(choice);
}

function markChanged() {
  const form = document.getElementById("filters");
  for (const filter of offered()) {
    form.querySelector(`[data-filter="${filter.name}"]`).classList.toggle("changed", isChanged(filter));
  }
  form.querySelector(".reset").disabled = !page.filters.some(isChanged) && !Object.keys(views).length;
}

// `keep` leaves the controls as they are: a list stays open while its boxes are checked.
function set(filter, value, { keep = false } = {}) {
  values[filter.name] = value;
  remember(keep ? filter.name : null);
  if (keep) markChanged();
  else rebuild();
  redraw();
}

function resetAll() {
  values = defaults(page.filters);
  views = {};
  for (const chart of Object.values(page.charts)) chart.show?.();
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

// Each change is a step that Back goes back; ticking several boxes of a list is one.
function remember(list = null) {
  const address = toAddress(page.filters, values, open, views);
  const url = address ? `#${address}` : location.pathname + location.search;
  const isSame = list !== null && history.state?.list === list;
  history[isSame ? "replaceState" : "pushState"]({ list }, "", url);
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
  buildFilters();
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

const fileName = (chart) => chart.name.toLowerCase().replace(/[^a-z0-9]+/g, "_");

// All rows of a chart with the filters as they are, beyond its limit too; none if a filter that was
// changed cannot be applied.
const everything = (chart) => (notBy(chart).length ? [] : answered(chart, page, values, { all: true }));

function about(chart) {
  document.getElementById("about-name").textContent = chart.name;
  const rows = everything(chart);
  const sql = filledSql(chart, page.filters, values, page.today);
  const said = element("span", { role: "status" });
  const button = (text, onclick) => element("button", { type: "button", onclick }, text);
  const copy = async (text) => { await copied(text); said.textContent = "Copied"; };
  const fields = fieldsOf(chart, rows);
  const body = element("tbody", {});
  const more = element("button", { type: "button", class: "more" });
  const step = 100;
  const add = () => {
    const from = body.children.length;
    body.append(...rows.slice(from, from + (from ? 10 : 1) * step).map((row) => element("tr", {}, ...row.map((value, place) =>
      element("td", { class: typeof value === "number" ? "right" : "" }, linked(chart, page, values, fields[place], value, shown(value, fields[place])))))));
    more.hidden = body.children.length >= rows.length;
    more.textContent = `Show more: ${grouped(body.children.length, 0)} of ${grouped(rows.length, 0)} rows are shown`;
  };
  more.addEventListener("click", add);
  add();
  const without = notBy(chart);
  document.getElementById("about-body").replaceChildren(
    ...(chart.description ? [element("p", {}, chart.description)] : []),
    ...(chart.error ? [element("p", { class: "error" }, chart.error)] : []),
    ...(chart.allNotes?.length ? [element("ul", { class: "notes" }, ...chart.allNotes.map((note) => element("li", {}, note)))] : []),
    element("p", { class: "said" }, without.length ? `Not by ${labels(without)} on this page: run the SQL.`
      : `${grouped(rows.length, 0)} row${rows.length === 1 ? "" : "s"} with these filters` + (chart.limit && rows.length > chart.limit ? `; the chart shows the first ${grouped(chart.limit, 0)}` : "") + "."),
    element("p", {}, button("Copy SQL", () => copy(sql)), " ", button("Copy rows", () => copy(separated(fields, rows, "\t"))), " ",
      button("Download CSV", () => download(fileName(chart), fields, rows)), " ", said),
    element("h3", {}, "SQL with these filters"),
    element("pre", { tabindex: "0", "aria-label": "SQL" }, sql),
    element("h3", {}, "Rows"),
    element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Rows" },
      element("table", {}, element("thead", {}, element("tr", {}, ...fields.map((field) => element("th", { scope: "col" }, field.label)))), body), more),
  );
  dialog.showModal();
}

for (const tile of tiles) {
  tile.querySelector(".about").addEventListener("click", () => about(page.charts[tile.dataset.chart]));
  tile.querySelector(".csv").addEventListener("click", () => {
    const chart = page.charts[tile.dataset.chart];
    download(fileName(chart), chart.fields, everything(chart));
  });
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

// What the address says.
function start() {
  const found = fromAddress(page.filters, location.hash);
  ({ values, views } = found);
  for (const [key, chart] of Object.entries(page.charts)) chart.show?.(views[key]);
  dialog.close();
  // By its number, or by its name.
  const named = tabs.findIndex((tab) => tab.dataset.name === found.tab);
  show(named < 0 ? Number(found.tab) || 1 : named + 1);
}

async function unpacked() {
  const bytes = Uint8Array.from(atob(document.getElementById("data").textContent), (character) => character.charCodeAt(0));
  const text = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(text).text());
}

async function begin() {
  document.getElementById("no-plotly").hidden = "Plotly" in window;
  page = await unpacked();
  for (const { fields, source } of Object.values(page.charts)) {
    fields.forEach((field, place) => (field.isSum = Boolean(source?.additive?.[place])));
  }
  assignColors(Object.values(page.charts), page);
  tiles.forEach(buildGrains);
  start();
  // Back, forward, and an address that was edited.
  addEventListener("popstate", start);
  // For tests, and for curious readers.
  window.preview = {
    page,
    data: (key) => answered(page.charts[key], page, values),
    sql: (key) => filledSql(page.charts[key], page.filters, values, page.today),
    notBy: (key) => notBy(page.charts[key]).map((filter) => filter.name),
    set: (name, value) => set(page.filters.find((filter) => filter.name === name), value),
    reset: resetAll,
    values: () => values,
    days: (value, today) => days(value, today),
  };
}
document.getElementById("filters").addEventListener("submit", (event) => event.preventDefault());
begin();
