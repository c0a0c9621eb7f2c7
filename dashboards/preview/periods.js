// A chart over time by other periods than its definition says, and beside the period before.

const OVER_TIME = ["line", "area", "bar", "combo"];
const GRAINS = ["day", "week", "month", "quarter", "year"];

// By which periods a chart can be shown: its rows are dated, and those of a month on its first day.
function grainsOf(chart, page) {
  const [kind, place, grain] = chart.source?.outputs?.[0] ?? [];
  if (chart.source?.cube === undefined || kind !== "column" || !grain || !OVER_TIME.includes(chart.type)) return [];
  const days = page.cubes[chart.source.cube].columns[place].values;
  return days.every((day) => day === null || day.endsWith("-01")) ? GRAINS.slice(2) : GRAINS;
}

function setGrain(chart, grain) {
  chart.source.outputs[0][2] = grain;
  chart.fields[0].grain = grain;
}

// The same days as long before as they last: as many months, or as many weeks, in which each day of
// the week is as often. None if the chart's periods cannot be laid upon each other then.
function before(first, last, grain) {
  const after = plusDays(last, 1);
  const unit = grain === "day" || grain === "week" ? "week" : "month";
  const count = unit === "week" ? Math.ceil((toTime(after) - toTime(first)) / (7 * DAY)) : monthsBetween(first, after);
  if (!count || count % ({ quarter: 3, year: 12 }[grain] ?? 1)) return null;
  return {
    label: `${count} ${unit}${count === 1 ? "" : "s"} before`,
    range: [shifted(first, unit, -count), plusDays(shifted(after, unit, -count), -1)],
    moved: (day) => shifted(day, unit, count),
  };
}

// How many months are from the first of one to the first of another; 0 if they are other days.
function monthsBetween(start, end) {
  if (!start.endsWith("-01") || !end.endsWith("-01")) return 0;
  const count = (text) => Number(text.slice(0, 4)) * 12 + Number(text.slice(5, 7));
  return count(end) - count(start);
}

// The filter whose days a chart over time can be compared with those before; none if it shows shares,
// or all time.
function comparable(chart, page, values) {
  if (!grainsOf(chart, page).length || chart.stack === "percent") return undefined;
  return page.filters.find(({ name, type }) => PERIODS.includes(type)
    && name in chart.source.filters && /^(past|this|\d{4}-\d\d-\d\d~\d)/.test(values[name] ?? ""));
}

// The places of the measures that have a line for the period before; in a combo none of those that
// are no measure of what was.
const withLine = (chart) => chart.fields.map((_, place) => place).filter((place) => chart.fields[place].role === "measure"
  && (chart.type !== "combo" || ["bar", "line", "area"].includes(chart.marks[place - 1].show_as)));

// A chart and its rows with dashed lines: for each period and measure the number of the one before.
function withBefore(chart, rows, page, values, notes) {
  const filter = comparable(chart, page, values);
  const found = filter && before(...days(values[filter.name], page.today), chart.fields[0].grain);
  if (!found) return [chart, rows];
  // Without the series, in whose place nothing stands.
  const [kept, dropped] = [[0], chart.hasSeries ? 1 : 0];
  const earlier = new Map(totals(chart, page, { ...values, [filter.name]: found.range.join("~") }, kept)
    .map((row) => [found.moved(row[0]), row]));
  const places = withLine(chart);
  const of = (day) => places.map((place) => earlier.get(day)?.[place - dropped] ?? null);
  if (!rows.some((row) => of(row[0]).some((value) => value !== null))) {
    notes.push(`Nothing is known of ${found.label}.`);
    return [chart, rows];
  }
  chart.hidden ??= new Set();
  const isOne = chart.fields.filter(({ role }) => role === "measure").length === 1;
  const named = (field) => (chart.hasSeries ? "All, " : isOne ? "" : `${field.label}, `) + found.label;
  const lines = places.map((place) => ({ ...chart.fields[place], role: "before", of: place, label: named(chart.fields[place]) }));
  return [Object.assign(Object.create(chart), { fields: [...chart.fields, ...lines] }), rows.map((row) => [...row, ...of(row[0])])];
}
