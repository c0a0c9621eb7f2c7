// What all plotly charts have: layout, axes, legend.

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
  list.replaceChildren(...items.map(({ label, color, dashed, pale }) => element("li", {}, element("button", {
    type: "button", class: "plain", title: label, "aria-pressed": String(!hidden.has(label)),
    onclick: () => {
      if (!hidden.delete(label)) hidden.add(label);
      const place = items.findIndex((item) => item.label === label);
      redraw();
      body.parentElement.querySelectorAll(".legend button")[place]?.focus();
    },
  }, element("span", { class: dashed ? "swatch dashed" : pale ? "swatch pale" : "swatch", style: `--color: ${color}` }), element("span", { class: "name" }, label)))));
}

// How wide each of so many bars of a day, week, month … is, in milliseconds. plotly goes by the
// distance to the next bar, and a bar that is alone has none.
function barWidth(field, gap, count) {
  const period = DAY * ({ week: 7, month: 28, quarter: 90, year: 365 }[field.grain] ?? 1);
  return (period * (1 - gap)) / Math.max(count, 1);
}

// From the first day to the last with a little room, in which plotly draws the last day's label.
function rangeOf(days, field) {
  const times = days.map((day) => Date.parse(`${String(day).slice(0, 10)}T00:00:00Z`));
  const [first, last] = [Math.min(...times), Math.max(...times)];
  const period = DAY * ({ week: 7, month: 30, quarter: 91, year: 365 }[field.grain] ?? 1);
  const room = field.isBars ? period * 0.6 : Math.max((last - first) * 0.02, first === last ? period : 0);
  return { range: [new Date(first - room).toISOString(), new Date(last + room).toISOString()] };
}

// What a chart shows in words, for who does not see it: its first numbers. All of them are behind
// the button SQL.
function describe(chart, rows, body) {
  const picture = body.querySelector(":scope > .plot");
  if (!picture) return;
  const most = 12;
  const lines = rows.slice(0, most).map((row) => row.map((value, place) => shown(value, chart.fields[place])).join(", "));
  const more = rows.length > most ? `; ${rows.length - most} more` : "";
  const columns = chart.fields.map((field) => field.label).join(", ");
  // A long ranking scrolls, by keyboard too.
  const scrolls = body.scrollHeight > body.clientHeight + 1;
  for (const [name, value] of [["tabindex", "0"], ["role", "region"], ["aria-label", `${chart.name}, chart`]]) {
    if (scrolls) body.setAttribute(name, value);
    else body.removeAttribute(name);
  }
  picture.setAttribute("role", "img");
  picture.setAttribute("aria-label", `${chart.name}, ${chart.type} chart of ${columns}: ${lines.join("; ")}${more}`);
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

function namesAxis(keys, field, look, body) {
  const most = Math.max(10, Math.min(30, Math.floor(body.clientWidth / 18)));
  return {
    automargin: true, showgrid: false, zeroline: false, fixedrange: true, type: "linear", range: [keys.length - 0.5, -0.5],
    tickmode: "array", tickvals: keys.map((_, place) => place), tickfont: { size: 11, color: look.text },
    ticktext: keys.map((key) => plain(shortened(shown(key, field), most))), ticklabelstandoff: 4,
  };
}

function isDate(field) {
  return field.kind === "date" || field.kind === "datetime";
}
