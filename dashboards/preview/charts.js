// Draws a chart's rows into its tile: with plotly, or as HTML where that is what it is.

const MOST_SLICES = 5;
const MOST_SERIES = 8;
const OTHER = "Other";

// Okabe and Ito's colors, told apart by the color-blind; on white darker, for contrast.
const PALETTES = {
  light: ["#0072b2", "#c75400", "#00805c", "#a8558a", "#b07800", "#2f86bd", "#6b6b6b", "#7a3e9d"],
  dark: ["#56b4e9", "#e69f00", "#00b386", "#e08fc0", "#f0e442", "#ff7f3f", "#b5b5b5", "#b79ae6"],
};
const MEANINGS = {
  light: { good: "#00805c", warning: "#b07800", bad: "#c0392b", neutral: "#9aa3af" },
  dark: { good: "#00b386", warning: "#f0c040", bad: "#ff7b72", neutral: "#6b7480" },
};

function theme() {
  const chosen = document.documentElement.dataset.theme;
  const isDark = chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const name = isDark ? "dark" : "light";
  const style = getComputedStyle(document.documentElement);
  const of = (variable) => style.getPropertyValue(variable).trim();
  return {
    palette: PALETTES[name], meanings: MEANINGS[name], other: isDark ? "#5d6672" : "#a9b1bc",
    text: of("--text"), muted: of("--muted"), line: of("--line"), tile: of("--tile"),
  };
}

// --- colors: a value has the same one in all charts of a page, whatever the filters are

const colors = new Map();

// Dimension by dimension, the largest value first; each takes the first color that no other value
// of its dimension has, so that the values of one chart can be told apart.
function assignColors(charts, page) {
  const dimensions = new Map();
  for (const chart of charts) {
    if (!chart.source) continue;
    const place = chart.hasSeries ? 1 : chart.type === "pie" ? 0 : null;
    if (place === null) continue;
    const { name: of } = chart.fields[place];
    if (!dimensions.has(of)) dimensions.set(of, new Set());
    for (const value of colored(chart, answered(chart, { ...page, filters: [] }, {}), place)) {
      dimensions.get(of).add(value);
    }
  }
  for (const values of dimensions.values()) {
    const taken = new Set([...values].map((value) => colors.get(value)));
    let next = 0;
    for (const value of values) {
      if (colors.has(value)) continue;
      while (taken.has(next) && next < PALETTES.light.length) next++;
      colors.set(value, next++);
    }
  }
}

// The values of a chart that have a color each: its series, or its slices.
function colored(chart, rows, place) {
  const measure = chart.fields.findIndex((field) => field.role === "measure");
  return ranked(rows, place, measure).map((value) => name(value, chart.fields[place]));
}

// The distinct values of a column, that with the largest sum of the measure first.
function ranked(rows, place, measure) {
  const sums = new Map();
  for (const row of rows) sums.set(row[place], (sums.get(row[place]) ?? 0) + Math.abs(row[measure] ?? 0));
  return [...sums.entries()].sort((one, other) => other[1] - one[1]).map(([value]) => value);
}

const name = (value, field) => shown(value, field);

function colorOf(value, look) {
  if (value === OTHER) return look.other;
  return look.palette[(colors.get(value) ?? 0) % look.palette.length];
}

// --- what all plotly charts have

function layout(look, more = {}) {
  return {
    autosize: true,
    margin: { l: 8, r: 12, t: 8, b: 8, pad: 2 },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: "system-ui, sans-serif", size: 12, color: look.text },
    hoverlabel: { bgcolor: look.tile, bordercolor: look.line, font: { color: look.text }, namelength: -1, align: "left" },
    hovermode: "closest",
    showlegend: false,
    ...more,
  };
}

function valueAxis(field, values, look, more = {}) {
  const numbers = values.filter((value) => typeof value === "number");
  const ticks = niceTicks(Math.min(0, ...numbers), Math.max(0, ...numbers));
  const [low, high] = [ticks[0], ticks[ticks.length - 1]];
  const room = (high - low || 1) * 0.02;
  return {
    automargin: true, zeroline: true, zerolinecolor: look.line, gridcolor: look.line, fixedrange: true,
    tickmode: "array", tickvals: ticks, ticktext: ticks.map((tick) => plain(short(tick, field))), tickfont: { color: look.muted, size: 11 },
    range: [low < 0 ? low - room : 0, high > 0 ? high + room : room], ...more,
  };
}

// About five round numbers that take in low and high.
function niceTicks(low, high, wanted = 5) {
  if (!(high > low)) return [0];
  const rough = (high - low) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((times) => times * power).find((size) => size >= rough * 0.999);
  const ticks = [];
  for (let count = Math.floor(low / step + 0.001); count < high / step + 0.999; count++) {
    ticks.push(Number((count * step).toPrecision(12)));
  }
  return ticks;
}

// An axis of things or days. Days lie where they are in time; things stand in a row, with as many
// of their names as there is room for.
function keyAxis(keys, field, look, width, more = {}) {
  const common = { automargin: true, showgrid: false, zeroline: false, fixedrange: true, tickfont: { color: look.muted, size: 11 }, linecolor: look.line, ...more };
  if (field.kind === "date" || field.kind === "datetime") {
    const days = keys.filter((key) => key !== null);
    const room = Math.max(2, Math.floor(width / (field.grain === "month" || field.grain === "quarter" ? 62 : 78)));
    const every = Math.ceil(days.length / room);
    // Counted from the newest, which is the one that is looked at.
    const ticks = days.filter((_, place) => (days.length - 1 - place) % every === 0);
    return { ...common, type: "date", ...rangeOf(days, field), tickmode: "array", tickvals: ticks, ticktext: ticks.map((tick) => plain(shown(tick, field))), tickangle: 0 };
  }
  const names = keys.map((key) => shortened(shown(key, field), 18));
  const widest = Math.max(...names.map((one) => one.length), 1) * 6.6 + 10;
  const isFlat = widest * keys.length <= width;
  const every = isFlat ? 1 : Math.ceil((keys.length * 17) / Math.max(width, 1));
  const ticks = keys.map((_, place) => place).filter((place) => place % every === 0);
  return {
    ...common, type: "linear", range: [-0.5, keys.length - 0.5], tickmode: "array", tickvals: ticks,
    ticktext: ticks.map((place) => plain(names[place])), tickangle: isFlat ? 0 : -40,
  };
}

const CONFIG = { displayModeBar: false, responsive: false, displaylogo: false, showTips: false, doubleClick: false };

// Above the plot, as HTML: it wraps, takes no more room than it needs, and works by keyboard. A
// click takes a series out and puts it back.
function drawLegend(chart, body, items) {
  let list = body.parentElement.querySelector(".legend");
  if (!list) {
    list = element("ul", { class: "legend", "aria-label": `${chart.name}: what is drawn` });
    body.before(list);
  }
  const hidden = (chart.hidden ??= new Set());
  list.replaceChildren(...items.map(({ label, color, dashed }) => element("li", {}, element("button", {
    type: "button", class: "plain", title: label, "aria-pressed": String(!hidden.has(label)),
    onclick: () => {
      if (!hidden.delete(label)) hidden.add(label);
      const place = items.findIndex((item) => item.label === label);
      redraw();
      body.parentElement.querySelectorAll(".legend button")[place]?.focus();
    },
  }, element("span", { class: dashed ? "swatch dashed" : "swatch", style: `--color: ${color}` }), element("span", { class: "name" }, label)))));
}

// From the first day to the last with a little room, in which plotly draws the last day's label.
function rangeOf(days, field) {
  const times = days.map((day) => Date.parse(`${String(day).slice(0, 10)}T00:00:00Z`));
  const [first, last] = [Math.min(...times), Math.max(...times)];
  const period = DAY * ({ week: 7, month: 30, quarter: 91, year: 365 }[field.grain] ?? 1);
  const room = field.isBars ? period * 0.6 : Math.max((last - first) * 0.02, first === last ? period : 0);
  return { range: [new Date(first - room).toISOString(), new Date(last + room).toISOString()] };
}

function plot(body, traces, shape, height) {
  let holder = body.querySelector(":scope > .plot");
  if (!holder) {
    body.replaceChildren(element("div", { class: "plot" }));
    holder = body.firstChild;
  }
  holder.style.height = height ? `${Math.max(height, body.clientHeight)}px` : "100%";
  return Plotly.react(holder, traces, shape, CONFIG);
}

// --- line, bar, area, row

function isDate(field) {
  return field.kind === "date" || field.kind === "datetime";
}

// One list of values over the same keys for each series or measure.
function seriesOf(chart, rows, notes) {
  const { fields } = chart;
  const measures = fields.map((_, place) => place).filter((place) => fields[place].role === "measure");
  const keys = [...new Set(rows.map((row) => row[0]))];
  const at = new Map(keys.map((key, place) => [key, place]));
  const series = [];
  const blank = () => keys.map(() => null);
  if (!chart.hasSeries) {
    for (const place of measures) {
      const values = blank();
      for (const row of rows) values[at.get(row[0])] = row[place];
      series.push({ label: fields[place].label, values, field: fields[place], measure: place });
    }
    return { keys, series };
  }
  const [measure] = measures;
  const order = ranked(rows, 1, measure);
  const isSum = chart.source.additive[measure];
  const drawn = new Set(order.length > MOST_SERIES ? order.slice(0, isSum ? MOST_SERIES - 1 : MOST_SERIES) : order);
  if (order.length > MOST_SERIES) {
    notes.push(isSum
      ? `${order.length} series: the ${drawn.size} largest are drawn, the rest as “${OTHER}”.`
      : `${order.length} series: only the ${drawn.size} largest are drawn, as ratios do not add up.`);
  }
  const byValue = new Map();
  for (const row of rows) {
    const isDrawn = drawn.has(row[1]);
    if (!isDrawn && !isSum) continue;
    const label = isDrawn ? name(row[1], fields[1]) : OTHER;
    if (!byValue.has(label)) byValue.set(label, blank());
    const values = byValue.get(label);
    const place = at.get(row[0]);
    if (row[measure] !== null) values[place] = (values[place] ?? 0) + row[measure];
  }
  const labels = order.filter((value) => drawn.has(value)).map((value) => name(value, fields[1]));
  if (byValue.has(OTHER) && !labels.includes(OTHER)) labels.push(OTHER);
  for (const label of labels) {
    series.push({ label, values: byValue.get(label), field: fields[measure], measure, isValue: true });
  }
  return { keys, series };
}

function drawAxes(chart, rows, body, look, notes) {
  const key = withGrain(chart.fields[0], rows.map((row) => row[0]));
  const { keys, series: all } = seriesOf(chart, rows, notes);
  all.forEach((one, place) => (one.color = one.isValue ? colorOf(one.label, look) : look.palette[place % look.palette.length]));
  const goal = goalOf(chart, rows, keys);
  if (all.length > 1 || chart.hasSeries || (goal && !goal.isFlat)) {
    const items = all.map(({ label, color }) => ({ label, color }));
    if (goal && !goal.isFlat) items.push({ label: goal.label, color: look.text, dashed: true });
    drawLegend(chart, body, items);
  }
  const series = all.filter((one) => !chart.hidden?.has(one.label));
  const isLying = chart.type === "row";
  const stack = chart.type === "line" ? "none" : (chart.stack ?? "none");
  const width = Math.max(120, body.clientWidth - 70);
  const isTime = isDate(key) && !isLying;
  const totals = keys.map((_, place) => series.reduce((sum, one) => sum + Math.abs(one.values[place] ?? 0), 0));
  const share = { format: "percent" };
  const traces = series.map((one) => {
    const { color } = one;
    const drawn = one.values.map((value, at) =>
      stack === "percent" ? (value === null || !totals[at] ? null : value / totals[at]) : value);
    const hover = one.values.map((value, at) => {
      const part = stack === "percent" && value !== null && totals[at] ? ` (${number(value / totals[at], share)})` : "";
      return plain(shown(value, one.field) + part);
    });
    const titles = keys.map((one) => plain(shortened(shown(one, key), 60)));
    const named = series.length > 1 || one.isValue ? `${plain(shortened(one.label, 40))}: ` : "";
    const positions = isTime ? keys : keys.map((_, at) => at);
    const common = {
      name: plain(shortened(one.label, 24)), customdata: hover.map((text, at) => [text, titles[at]]),
      hovertemplate: `<b>%{customdata[1]}</b><br>${named}%{customdata[0]}<extra></extra>`,
    };
    if (chart.type === "bar" || isLying) {
      return {
        ...common, type: "bar", orientation: isLying ? "h" : "v", x: isLying ? drawn : positions, y: isLying ? positions : drawn,
        marker: { color, line: { width: 0 } },
        ...(isLying && series.length === 1 && stack === "none"
          ? { text: drawn.map((value) => plain(short(value, one.field))), textposition: fitting(drawn, one.field, body), cliponaxis: false, insidetextanchor: "end", textangle: 0, constraintext: "none", insidetextfont: { color: look.tile }, outsidetextfont: { color: look.text } }
          : {}),
      };
    }
    const few = drawn.filter((value) => value !== null).length <= 14 && stack === "none";
    return {
      ...common, type: "scatter", mode: few ? "lines+markers" : "lines", x: positions, y: drawn,
      line: { color, width: 2 }, marker: { color, size: 5 },
      ...(stack === "none"
        ? chart.type === "area" ? { fill: "tozeroy", fillcolor: translucent(color) } : {}
        : { stackgroup: "all", fillcolor: translucent(color, 0.55), line: { color, width: 1 } }),
    };
  });
  const field = stack === "percent" ? share : all[0].field;
  const sums = stack === "stacked" ? totalsSigned(series, keys) : series.flatMap((one) => one.values);
  const extent = stack === "percent" ? [0, 1] : [...sums, ...(goal ? goal.values : [])];
  const values = valueAxis(field, extent, look);
  if (stack === "percent") values.range = [0, 1.01];
  if (isLying && series.length === 1) values.range = padded(extent);
  const shape = layout(look, {
    // Room for half of the last day's label, which plotly leaves out otherwise.
    margin: { l: 8, r: isTime ? 36 : 12, t: 8, b: 8, pad: 2 }, barmode: stack === "none" ? "group" : "relative", bargap: keys.length < 4 ? 0.5 : 0.25,
    xaxis: isLying ? values : keyAxis(keys, { ...key, isBars: chart.type === "bar" }, look, width),
    yaxis: isLying ? namesAxis(keys, key, look, body) : values,
  });
  if (goal && !chart.hidden?.has(goal.label)) addGoal(goal, traces, shape, { isLying, isTime, keys, look });
  plot(body, traces, shape, isLying ? 40 + keys.length * (series.length > 1 && stack === "none" ? 14 * series.length + 8 : 24) : null);
}

// Whether each bar's number has room in it; if not, it stands beside it.
function fitting(values, field, body) {
  const longest = Math.max(...values.map((value) => Math.abs(value ?? 0)), 0);
  const width = body.clientWidth * 0.5;
  return values.map((value) => {
    const room = longest ? (Math.abs(value ?? 0) / longest) * width : 0;
    return room > short(value, field).length * 7.5 + 12 ? "inside" : "outside";
  });
}

// What a stacked chart reaches to, upwards and downwards.
function totalsSigned(series, keys) {
  return keys.flatMap((_, place) => {
    const values = series.map((one) => one.values[place] ?? 0);
    return [values.filter((one) => one > 0).reduce((a, b) => a + b, 0), values.filter((one) => one < 0).reduce((a, b) => a + b, 0)];
  });
}

// Room for the numbers at the bars' ends.
function padded(values) {
  const numbers = values.filter((value) => typeof value === "number");
  const [low, high] = [Math.min(0, ...numbers), Math.max(0, ...numbers)];
  const room = (high - low || 1) * 0.12;
  return [low < 0 ? low - room : 0, high > 0 ? high + room : 0.01];
}

function namesAxis(keys, field, look, body) {
  const most = Math.max(10, Math.min(30, Math.floor(body.clientWidth / 18)));
  return {
    automargin: true, showgrid: false, zeroline: false, fixedrange: true, type: "linear", range: [keys.length - 0.5, -0.5],
    tickmode: "array", tickvals: keys.map((_, place) => place), tickfont: { size: 11, color: look.text },
    ticktext: keys.map((key) => plain(shortened(shown(key, field), most))), ticklabelstandoff: 4,
  };
}

function translucent(color, alpha = 0.25) {
  const [red, green, blue] = [1, 3, 5].map((place) => parseInt(color.slice(place, place + 2), 16));
  return `rgba(${red},${green},${blue},${alpha})`;
}

// The goal as a value for each key: one for all, or the largest that a key's rows have.
function goalOf(chart, rows, keys) {
  const place = chart.fields.findIndex((field) => field.role === "goal");
  if (place < 0) {
    if (typeof chart.goal !== "number") return null;
    const field = chart.fields.find((one) => one.role === "measure");
    return { values: keys.map(() => chart.goal), label: `Goal ${short(chart.goal, field)}`, field, isFlat: true };
  }
  const values = keys.map((key) =>
    rows.filter((row) => row[0] === key).reduce((most, row) => (row[place] === null ? most : Math.max(most ?? row[place], row[place])), null));
  const field = chart.fields[place];
  return { values, label: field.label, field, isFlat: new Set(values).size === 1 && values[0] !== null };
}

function addGoal(goal, traces, shape, { isLying, isTime, keys, look }) {
  const dashed = { color: look.text, width: 1.5, dash: "dash" };
  if (goal.isFlat) {
    const [value] = goal.values;
    const line = isLying ? { x0: value, x1: value, y0: 0, y1: 1, yref: "paper" } : { y0: value, y1: value, x0: 0, x1: 1, xref: "paper" };
    shape.shapes = [{ type: "line", line: dashed, ...line }];
    const at = isLying ? { x: value, y: 0, yref: "paper", yanchor: "bottom", xanchor: "left" } : { y: value, x: 1, xref: "paper", xanchor: "right", yanchor: "bottom" };
    const text = goal.label.startsWith("Goal") ? goal.label : `${shortened(goal.label, 24)} ${short(value, goal.field)}`;
    shape.annotations = [{ ...at, text: plain(text), showarrow: false, font: { size: 11, color: look.text }, bgcolor: look.tile, opacity: 0.9 }];
    return;
  }
  const positions = isTime ? keys : keys.map((_, place) => place);
  traces.push({
    type: "scatter", mode: "lines", name: plain(shortened(goal.label, 24)), line: { ...dashed, shape: isLying ? "linear" : "hvh" },
    x: isLying ? goal.values : positions, y: isLying ? positions : goal.values,
    customdata: goal.values.map((value) => plain(shown(value, goal.field))),
    hovertemplate: `${plain(goal.label)}: %{customdata}<extra></extra>`,
  });
}

// --- combo

function drawCombo(chart, rows, body, look) {
  const key = withGrain(chart.fields[0], rows.map((row) => row[0]));
  const keys = rows.map((row) => row[0]);
  const isTime = isDate(key);
  const positions = isTime ? keys : keys.map((_, place) => place);
  const onAxis = { left: [], right: [] };
  const traces = chart.marks.map((mark, at) => {
    const field = chart.fields[at + 1];
    const values = rows.map((row) => row[at + 1]);
    onAxis[mark.axis].push({ field, values });
    const color = look.palette[at % look.palette.length];
    return {
      type: mark.show_as === "bar" ? "bar" : "scatter", mode: "lines+markers", x: positions, y: values,
      yaxis: mark.axis === "right" ? "y2" : "y", name: plain(shortened(field.label, 24) + (mark.axis === "right" ? " (right)" : "")),
      marker: { color, size: 6 }, line: { color, width: 2 }, offsetgroup: String(at),
      ...(mark.show_as === "area" ? { fill: "tozeroy", fillcolor: translucent(color) } : {}),
      customdata: values.map((value, place) => [plain(shown(value, field)), plain(shown(keys[place], key))]),
      hovertemplate: `<b>%{customdata[1]}</b><br>${plain(field.label)}: %{customdata[0]}<extra></extra>`,
    };
  });
  drawLegend(chart, body, chart.marks.map((mark, at) => ({ label: legendOf(mark, chart.fields[at + 1]), color: look.palette[at % look.palette.length] })));
  const drawn = traces.filter((_, at) => !chart.hidden?.has(legendOf(chart.marks[at], chart.fields[at + 1])));
  // Bars first, so that lines lie over them.
  drawn.sort((one, other) => (one.type === "bar" ? 0 : 1) - (other.type === "bar" ? 0 : 1));
  const axis = (side, more) => {
    const [first] = onAxis[side];
    return first ? valueAxis(first.field, onAxis[side].flatMap((one) => one.values), look, more) : undefined;
  };
  const right = axis("right", { side: "right", overlaying: onAxis.left.length ? "y" : undefined, showgrid: !onAxis.left.length });
  plot(body, drawn, layout(look, {
    barmode: "group", bargap: 0.3,
    xaxis: { ...keyAxis(keys, { ...key, isBars: true }, look, Math.max(120, body.clientWidth - 120)), anchor: onAxis.left.length ? "y" : "y2" },
    ...(onAxis.left.length ? { yaxis: axis("left") } : {}), ...(right ? { yaxis2: right } : {}),
  }));
}

function legendOf(mark, field) {
  return field.label + (mark.axis === "right" ? " (right)" : "");
}

// --- pie

function drawPie(chart, rows, body, look, notes) {
  const [keyField, field] = chart.fields;
  const parts = rows.filter((row) => row[1] > 0).map((row) => [name(row[0], keyField), row[1]]);
  if (rows.some((row) => row[1] < 0)) notes.push("Negative parts cannot be drawn as slices.");
  parts.sort((one, other) => other[1] - one[1]);
  const total = parts.reduce((sum, part) => sum + part[1], 0);
  let slices = parts;
  if (parts.length > MOST_SLICES) {
    const rest = parts.slice(MOST_SLICES - 1);
    slices = [...parts.slice(0, MOST_SLICES - 1), [OTHER, rest.reduce((sum, part) => sum + part[1], 0)]];
    notes.push(`${parts.length} slices: the ${rest.length} smallest are drawn as “${OTHER}”.`);
  }
  const isNarrow = body.clientWidth < 380;
  const share = { format: "percent" };
  plot(body, [{
    type: "pie", hole: 0.6, sort: false, direction: "clockwise", labels: slices.map(([label]) => plain(shortened(label, 26))),
    values: slices.map((slice) => slice[1]), textinfo: "text", textposition: "inside", insidetextorientation: "horizontal",
    text: slices.map((slice) => (slice[1] / total >= 0.06 ? short(slice[1] / total, share) : "")),
    insidetextfont: { color: look.tile, size: 12 },
    marker: { colors: slices.map(([label]) => colorOf(label, look)), line: { color: look.tile, width: 2 } },
    customdata: slices.map(([label, value]) => plain(`${label}: ${shown(value, field)} (${number(value / total, share)})`)),
    hovertemplate: "%{customdata}<extra></extra>",
    domain: { x: [0, 1], y: [0, 1] },
  }], layout(look, {
    showlegend: true, margin: { l: 8, r: 8, t: 8, b: 8 },
    legend: isNarrow ? { orientation: "h", x: 0.5, xanchor: "center", y: -0.02, yanchor: "top", font: { size: 11 } }
      : { orientation: "v", x: 1.02, y: 0.5, yanchor: "middle", font: { size: 12 } },
    annotations: [{ text: `<b>${plain(short(total, field))}</b>`, showarrow: false, x: 0.5, y: 0.5, font: { size: 16, color: look.text } }],
  }));
}

// --- gauge

function drawGauge(chart, rows, body, look) {
  const field = chart.fields[0];
  const value = rows[0][0];
  const ends = chart.segments.map((segment) => segment.to);
  const bounds = [chart.start, ...ends];
  const top = ends[ends.length - 1];
  const at = chart.segments.findIndex((segment) => value <= segment.to);
  const current = chart.segments[at < 0 ? chart.segments.length - 1 : at];
  plot(body, [{
    type: "indicator", mode: "gauge", value: Math.min(Math.max(value, chart.start), top),
    gauge: {
      axis: { range: [chart.start, top], tickmode: "array", tickvals: bounds, ticktext: bounds.map((one) => plain(short(one, field))), tickfont: { size: 11, color: look.muted } },
      bar: { color: look.text, thickness: 0.25 }, borderwidth: 0, bgcolor: "rgba(0,0,0,0)",
      steps: chart.segments.map((segment, place) => ({ range: [bounds[place], segment.to], color: look.meanings[segment.color] })),
    },
    domain: { x: [0.06, 0.94], y: [0, 0.92] },
  }], layout(look, {
    margin: { l: 24, r: 24, t: 16, b: 8 },
    annotations: [{
      text: `<b>${plain(shown(value, field))}</b>` + (current.label ? `<br><span style="font-size:12px">${plain(current.label)}</span>` : ""),
      showarrow: false, x: 0.5, y: 0.02, yanchor: "bottom", font: { size: 20, color: look.text },
    }],
  }));
}

// --- scatter

function drawScatter(chart, rows, body, look) {
  const [point, x, y, size] = chart.fields;
  const drawn = rows.filter((row) => row[1] !== null && row[2] !== null);
  const largest = Math.max(...drawn.map((row) => Math.abs(row[3] ?? 0)), 0);
  const axis = (place, field) => ({ ...valueAxis(field, drawn.map((row) => row[place] * 1.08), look), title: { text: plain(shortened(field.label, 40)), font: { size: 12, color: look.muted }, standoff: 6 } });
  plot(body, [{
    type: "scatter", mode: "markers", x: drawn.map((row) => row[1]), y: drawn.map((row) => row[2]),
    marker: {
      color: look.palette[0], opacity: 0.75, line: { color: look.tile, width: 1 },
      size: drawn.map((row) => (chart.hasSize ? 6 + 30 * Math.sqrt(Math.abs(row[3] ?? 0) / (largest || 1)) : 9)),
    },
    customdata: drawn.map((row) => [row[0], row[1], row[2], row[3]].map((value, place) => plain(chart.fields[place] ? shown(value, chart.fields[place]) : ""))),
    hovertemplate: `<b>%{customdata[0]}</b><br>${plain(x.label)}: %{customdata[1]}<br>${plain(y.label)}: %{customdata[2]}`
      + (size ? `<br>${plain(size.label)}: %{customdata[3]}` : "") + "<extra></extra>",
  }], layout(look, { xaxis: { ...axis(1, x), showgrid: true }, yaxis: axis(2, y) }));
}

// --- funnel, waterfall

function drawFunnel(chart, rows, body, look) {
  const [step, field] = chart.fields;
  const first = rows[0][1];
  const share = { format: "percent" };
  const texts = rows.map((row) => short(row[1], field) + (first ? ` · ${short((row[1] ?? 0) / first, share)}` : ""));
  plot(body, [{
    type: "funnel", orientation: "h", x: rows.map((row) => row[1]), y: rows.map((_, place) => place),
    text: texts.map(plain), textinfo: "text", textposition: "auto", cliponaxis: false, constraintext: "none", textangle: 0,
    insidetextfont: { color: look.tile }, outsidetextfont: { color: look.text },
    marker: { color: rows.map(() => look.palette[0]) }, connector: { fillcolor: translucent(look.palette[0], 0.15), line: { width: 0 } },
    customdata: rows.map((row, place) => plain(`${shown(row[0], step)}: ${shown(row[1], field)}` + (place && rows[place - 1][1] ? `, ${number(row[1] / rows[place - 1][1], share)} of the step before` : ""))),
    hovertemplate: "%{customdata}<extra></extra>",
  }], layout(look, { yaxis: namesAxis(rows.map((row) => row[0]), step, look, body), xaxis: { visible: false, fixedrange: true }, funnelgap: 0.2 }));
}

function drawWaterfall(chart, rows, body, look) {
  const key = withGrain(chart.fields[0], rows.map((row) => row[0]));
  const field = chart.fields[1];
  const total = rows.reduce((sum, row) => sum + (row[1] ?? 0), 0);
  const labels = rows.map((row) => shown(row[0], key));
  const values = rows.map((row) => row[1]);
  if (chart.total) {
    labels.push("Total");
    values.push(total);
  }
  let level = 0;
  const reached = rows.map((row) => (level += row[1] ?? 0));
  const text = values.map((value) => plain(short(value, field)));
  const extent = [0, ...reached];
  const axis = valueAxis(field, extent, look);
  const [low, high] = [Math.min(...extent), Math.max(...extent)];
  const room = (high - low || 1) * 0.1;
  axis.range = [Math.min(low < 0 ? low - room : 0, axis.range[0]), Math.max(high > 0 ? high + room : 0, axis.range[1])];
  const width = Math.max(120, body.clientWidth - 70);
  plot(body, [{
    type: "waterfall", orientation: "v", x: labels.map((_, place) => place), y: values,
    measure: values.map((_, place) => (place < rows.length ? "relative" : "total")),
    text: labels.length * 48 <= width ? text : undefined, textposition: "outside", cliponaxis: false, textfont: { size: 11, color: look.text },
    increasing: { marker: { color: look.palette[0] } }, decreasing: { marker: { color: look.palette[1] } }, totals: { marker: { color: look.palette[6] } },
    connector: { line: { color: look.muted, width: 1, dash: "dot" } },
    customdata: labels.map((label, place) => plain(`${label}: ${shown(values[place], field)}`)), hovertemplate: "%{customdata}<extra></extra>",
  }], layout(look, { xaxis: keyAxis(labels, { kind: "text", format: "text" }, look, width), yaxis: axis }));
}

// --- scalar

function drawScalar(chart, rows, body, look, notes, page) {
  const measure = chart.fields.findIndex((field) => field.role === "measure");
  const field = chart.fields[measure];
  const big = (value) => element("div", { class: "number", title: shown(value, field) }, typeof value === "number" && Math.abs(value) >= 1e7 ? short(value, field) : shown(value, field));
  if (measure === 0) {
    body.replaceChildren(big(rows[0][0]));
    return;
  }
  const key = withGrain(chart.fields[0], rows.map((row) => row[0]));
  const known = rows.filter((row) => row[0] !== null);
  const [before, now] = [known[known.length - 2], known[known.length - 1]];
  const end = key.grain ? plusDays(shifted(String(now[0]).slice(0, 10), key.grain, 1), -1) : String(now[0]).slice(0, 10);
  const period = shown(now[0], key) + (key.grain && end >= page.today ? " so far" : "");
  const line = element("div", { class: "trend" }, element("span", { class: "period" }, period));
  if (before && typeof before[1] === "number" && typeof now[1] === "number") {
    const change = now[1] - before[1];
    const way = change > 0 ? "up" : change < 0 ? "down" : "same";
    const isGood = chart.more_is === "neutral" || way === "same" ? "neutral" : (chart.more_is === "good") === (way === "up") ? "good" : "bad";
    const amount = before[1] ? short(Math.abs(change / before[1]), { format: "percent" }) : short(Math.abs(change), field);
    const arrow = { up: "▲", down: "▼", same: "=" }[way];
    const said = { up: "up", down: "down", same: "no change" }[way];
    line.append(
      element("span", { class: `change ${isGood}`, "data-way": way }, element("span", { "aria-hidden": "true" }, arrow), element("span", { class: "unseen" }, said), ` ${amount}`),
      element("span", { class: "before" }, `vs ${shown(before[0], key)}: ${short(before[1], field)}`),
    );
  }
  body.replaceChildren(big(now[1]), line);
}

// --- tables

const MOST_SHOWN = 300;

function drawTable(chart, rows, body, look, _notes, page) {
  const fields = chart.fields.map((field, place) => {
    const values = rows.slice(0, 500).map((row) => row[place]);
    const isBroken = field.format === "decimal" && values.some((value) => value !== null && !Number.isInteger(value));
    return withGrain(isBroken ? { ...field, decimals: field.decimals ?? 2 } : field, values);
  });
  const columns = chart.columns ?? [];
  const state = (chart.sorting ??= { place: null, isDescending: false, most: MOST_SHOWN });
  const isNumber = (place) => ["number", "money", "count"].includes(fields[place].kind);
  const largest = fields.map((_, place) => rows.reduce((most, row) => Math.max(most, Math.abs(Number(row[place]) || 0)), 0));
  const order = state.place === null ? rows : sorted(rows, [[state.place, state.isDescending]]);
  const redraw = (focus) => {
    drawTable(chart, rows, body, look, _notes, page);
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
    const content = meaning ? element("span", { class: `pill ${meaning}` }, text) : text;
    const made = element("td", { class: isNumber(place) ? "right" : text.length > 60 ? "sentence" : "", title: text.length > 40 ? text : null }, content);
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
    ...line.map((value, place) => element("th", { scope: "row" }, shown(value, fields[place]))),
    ...columns.flatMap((key) => numbers(cells.get(JSON.stringify([...line, ...key])))),
    ...(hasRight ? numbers(ofLine.get(JSON.stringify(line)), "total") : [])));
  const foot = chart.totals
    ? element("tr", { class: "total" }, element("th", { scope: "row", colspan: down }, "Total"),
      ...columns.flatMap((key) => numbers(ofColumn.get(JSON.stringify(key)))), ...(hasRight ? numbers(ofAll) : []))
    : null;
  scrolling(body, chart, element("table", { class: "pivot" }, element("thead", {}, head, under),
    element("tbody", {}, ...body_), ...(foot ? [element("tfoot", {}, foot)] : [])));
}

const DRAWN = {
  scalar: drawScalar, line: drawAxes, bar: drawAxes, area: drawAxes, row: drawAxes, pie: drawPie, gauge: drawGauge,
  combo: drawCombo, scatter: drawScatter, funnel: drawFunnel, waterfall: drawWaterfall, pivot: drawPivot, table: drawTable,
};
