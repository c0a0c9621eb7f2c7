// What has which color: a chart's lines and words, and the values that are told apart by it.

const OTHER = "Other";

function theme() {
  const chosen = document.documentElement.dataset.theme;
  const isDark = chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const name = isDark ? "dark" : "light";
  const style = getComputedStyle(document.documentElement);
  const of = (variable) => style.getPropertyValue(variable).trim();
  const { palette, meanings, values } = page.colors;
  const ofTheme = (colors) => Object.fromEntries(Object.entries(colors).map(([key, color]) => [key, color[name]]));
  return {
    palette: palette.map((color) => color[name]), meanings: ofTheme(meanings), values: ofTheme(values), other: isDark ? "#5d6672" : "#a9b1bc",
    text: of("--text"), muted: of("--muted"), line: of("--line"), tile: of("--tile"),
  };
}

// --- colors: a value has the same one in all charts of a page, whatever the filters are

const colors = new Map();

// Platforms, vendors and statuses have the same one on all pages. Of the other values, dimension by
// dimension, the largest value first; each takes the first color that no other value
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
      if (colors.has(value) || Object.hasOwn(page.colors.values, value)) continue;
      while (taken.has(next) && next < page.colors.palette.length) next++;
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
  if (Object.hasOwn(look.values, value)) return look.values[value];
  return look.palette[(colors.get(value) ?? 0) % look.palette.length];
}

const channels = (color) => [1, 3, 5].map((place) => parseInt(color.slice(place, place + 2), 16));

// The color halfway between two.
function between(one, other) {
  const ends = [channels(one), channels(other)];
  return `rgb(${ends[0].map((part, place) => Math.round((part + ends[1][place]) / 2)).join(",")})`;
}

function translucent(color, alpha = 0.25) {
  const [red, green, blue] = channels(color);
  return `rgba(${red},${green},${blue},${alpha})`;
}
