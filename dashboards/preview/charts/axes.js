// Charts over two axes: line, bar, area, row, combo, scatter.

const MOST_SERIES = 8;

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
  let order = ranked(rows, 1, measure);
  // Classes such as “1. $0–20” have an order of their own.
  if (order.every((value) => /^\d+\. /.test(value))) order = [...order].sort((one, other) => parseInt(one, 10) - parseInt(other, 10));
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

// How much of its color a bar keeps that is not of a whole week or month.
const PALE = 0.45;

// Whether each key is a week, month … that is not whole: it has begun before the data or the chosen
// days, or is not over. Says so below the chart.
function partialKeys(chart, key, keys, page, chosen) {
  chart.partial = "";
  if (!isDate(key) || !["week", "month", "quarter", "year"].includes(key.grain)) return keys.map(() => false);
  const [since, until] = drawnDays(chart, page, chosen);
  const begins = keys.map((value) => (value === null ? null : String(value).slice(0, 10)));
  const ends = begins.map((begin) => (begin === null ? null : plusDays(shifted(begin, key.grain, 1), -1)));
  // Rows of earlier weeks or months show that what this chart is about did not begin with the costs.
  const beginsEarlier = ends.some((end) => end !== null && end < since);
  const partial = begins.map((begin, at) => begin !== null && ((begin < since && !beginsEarlier) || ends[at] > until));
  if (partial.some(Boolean)) chart.partial = `pale or open: not a whole ${key.grain}`;
  return partial;
}

// The first and the last day that a chart is about.
function drawnDays(chart, page, chosen) {
  let [since, until] = [page.first, plusDays(page.today, -1)];
  for (const filter of page.filters) {
    const isBound = PERIODS.includes(filter.type) && Object.hasOwn(chart.source.filters ?? {}, filter.name);
    const [from, to] = (isBound && days(chosen[filter.name], page.today)) || [];
    if (from && from > since) since = from;
    if (to && to < until) until = to;
  }
  return [since, until];
}

function drawAxes(chart, rows, body, look, notes, page, chosen) {
  const key = withGrain(chart.fields[0], rows.map((row) => row[0]));
  const { keys, series: all } = seriesOf(chart, rows, notes);
  all.forEach((one, place) => (one.color = one.isValue ? colorOf(one.label, look) : look.palette[place % look.palette.length]));
  const goal = goalOf(chart, rows, keys, notes, look);
  const curves = [...(goal && !goal.isFlat ? [goal] : []), ...linesBefore(chart, rows, keys, all, look)];
  if (all.length > 1 || chart.hasSeries || curves.length) {
    drawLegend(chart, body, [...all, ...curves].map(({ label, color, dashed }) => ({ label, color, dashed })));
  }
  const series = all.filter((one) => !chart.hidden?.has(one.label));
  const isLying = chart.type === "row";
  const stack = chart.type === "line" ? "none" : (chart.stack ?? "none");
  const width = Math.max(120, body.clientWidth - 70);
  const isTime = isDate(key) && !isLying;
  const totals = keys.map((_, place) => series.reduce((sum, one) => sum + Math.abs(one.values[place] ?? 0), 0));
  const share = { format: "percent" };
  const bargap = keys.length < 4 ? 0.5 : 0.25;
  const partial = partialKeys(chart, key, keys, page, chosen);
  const traces = series.map((one) => {
    const { color } = one;
    const drawn = one.values.map((value, at) =>
      stack === "percent" ? (value === null || !totals[at] ? null : value / totals[at]) : value);
    const hover = one.values.map((value, at) => {
      const part = stack === "percent" && value !== null && totals[at] ? ` (${number(value / totals[at], share)})` : "";
      return plain(shown(value, one.field) + part);
    });
    const titles = keys.map((one, at) => plain(shortened(shown(one, key), 60) + (partial[at] ? " (not whole)" : "")));
    const named = series.length > 1 || one.isValue ? `${plain(shortened(one.label, 40))}: ` : "";
    const positions = isTime ? keys : keys.map((_, at) => at);
    const common = {
      name: plain(shortened(one.label, 24)), meta: one.label, customdata: hover.map((text, at) => [text, titles[at]]),
      hovertemplate: `<b>%{customdata[1]}</b><br>${named}%{customdata[0]}<extra></extra>`,
    };
    if (chart.type === "bar" || isLying) {
      return {
        ...common, type: "bar", orientation: isLying ? "h" : "v", x: isLying ? drawn : positions, y: isLying ? positions : drawn,
        ...(isTime ? { width: barWidth(key, bargap, stack === "none" ? series.length : 1) } : {}),
        marker: { color, line: { width: 0 }, opacity: partial.map((is) => (is ? PALE : 1)) },
        ...(isLying && series.length === 1 && stack === "none"
          ? { text: drawn.map((value) => plain(short(value, one.field))), textposition: fitting(drawn, one.field, body), cliponaxis: false, insidetextanchor: "end", textangle: 0, constraintext: "none", insidetextfont: { color: look.tile }, outsidetextfont: { color: look.text } }
          : {}),
      };
    }
    const few = drawn.filter((value) => value !== null).length <= 14 && stack === "none";
    const isMarked = few || partial.some(Boolean);
    return {
      ...common, type: "scatter", mode: isMarked ? "lines+markers" : "lines", x: positions, y: drawn,
      line: { color, width: 2 },
      marker: { color, size: partial.map((is) => (is ? 7 : few ? 5 : 0)), symbol: partial.map((is) => (is ? "circle-open" : "circle")) },
      ...(stack === "none"
        ? chart.type === "area" ? { fill: "tozeroy", fillcolor: translucent(color) } : {}
        : { stackgroup: "all", fillcolor: translucent(color, 0.55), line: { color, width: 1 } }),
    };
  });
  const field = stack === "percent" ? share : all[0].field;
  const sums = stack === "stacked" ? totalsSigned(series, keys) : series.flatMap((one) => one.values);
  const extent = stack === "percent" ? [0, 1] : [...sums, ...(goal?.values ?? []), ...curves.flatMap((one) => one.values)];
  const values = valueAxis(field, extent, look);
  if (stack === "percent") values.range = [0, 1.01];
  if (isLying && series.length === 1) values.range = padded(extent);
  const shape = layout(look, {
    // Room for half of the last day's label, which plotly leaves out otherwise.
    margin: { l: 8, r: isTime ? 36 : 12, t: 8, b: 8, pad: 2 }, barmode: stack === "none" ? "group" : "relative", bargap,
    xaxis: isLying ? values : keyAxis(keys, { ...key, isBars: chart.type === "bar" }, look, width),
    yaxis: isLying ? namesAxis(keys, key, look, body) : values,
  });
  if (goal?.isFlat) addGoal(goal, shape, look, isLying);
  traces.push(...curves.filter((one) => !chart.hidden?.has(one.label)).map((one) => dashedTrace(one, isTime ? keys : keys.map((_, at) => at), isLying)));
  const annotations = isLying ? [] : annotationsOf(chart, key, keys, page, chosen);
  addAnnotations(annotations, shape, look);
  plot(body, traces, shape, isLying ? 40 + keys.length * (series.length > 1 && stack === "none" ? 14 * series.length + 8 : 24) : null);
  labelAnnotations(chart, annotations, body);
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

// The goal as a value for each key: one for all, or the largest that a key's rows have. A sum for a
// month is no goal for a week.
function goalOf(chart, rows, keys, notes, look) {
  const place = chart.fields.findIndex((field) => field.role === "goal");
  if (place >= 0) {
    const values = largestOf(rows, keys, place);
    const field = chart.fields[place];
    const isFlat = new Set(values).size === 1 && values[0] !== null;
    return { values, label: field.label, text: `${shortened(field.label, 24)} ${short(values[0], field)}`, field, isFlat, color: look.text, dashed: true };
  }
  if (typeof chart.goal !== "number") return null;
  const field = chart.fields.find((one, at) => one.role === "measure" && chart.marks[at - 1]?.axis !== "right");
  const { grain } = chart.fields[0];
  if (field.isSum && chart.usualGrain && grain !== chart.usualGrain) {
    notes.push(`The goal is for a ${chart.usualGrain}: not drawn by ${grain}.`);
    return null;
  }
  return { values: keys.map(() => chart.goal), text: `Goal ${short(chart.goal, field)}`, field, isFlat: true };
}

// Of the rows with each key the largest value in a place.
function largestOf(rows, keys, place) {
  const found = new Map();
  for (const row of rows) {
    if (row[place] !== null) found.set(row[0], Math.max(found.get(row[0]) ?? row[place], row[place]));
  }
  return keys.map((key) => found.get(key) ?? null);
}

// The lines of the period before: of one measure in the color of texts, of several in a color that
// is seen on the measure's own.
function linesBefore(chart, rows, keys, drawn, look) {
  return chart.fields.flatMap((field, place) => {
    if (field.role !== "before") return [];
    const color = drawn.length > 1 && !chart.hasSeries ? between(drawn.find((one) => one.measure === field.of).color, look.text) : look.text;
    return [{ values: largestOf(rows, keys, place), label: field.label, field, color, dashed: true }];
  });
}

function dashedTrace({ values, label, field, color }, positions, isLying = false) {
  return {
    type: "scatter", mode: "lines", name: plain(shortened(label, 24)), line: { color, width: 1.5, dash: "dash", shape: isLying ? "linear" : "hvh" },
    x: isLying ? values : positions, y: isLying ? positions : values, customdata: values.map((value) => plain(shown(value, field))),
    hovertemplate: `${plain(label)}: %{customdata}<extra></extra>`,
  };
}

// A goal that is the same for all keys: a line from end to end, with its name.
function addGoal({ values: [value], text }, shape, look, isLying = false) {
  const line = isLying ? { x0: value, x1: value, y0: 0, y1: 1, yref: "paper" } : { y0: value, y1: value, x0: 0, x1: 1, xref: "paper" };
  shape.shapes = [{ type: "line", line: { color: look.text, width: 1.5, dash: "dash" }, ...line }];
  const at = isLying ? { x: value, y: 0, yref: "paper", yanchor: "bottom", xanchor: value > shape.xaxis.range[1] / 2 ? "right" : "left" } : { y: value, x: 1, xref: "paper", xanchor: "right", yanchor: "bottom" };
  shape.annotations = [...(shape.annotations ?? []), { ...at, text: plain(text), showarrow: false, font: { size: 11, color: look.text }, bgcolor: look.tile, opacity: 0.9 }];
}

// --- combo

function drawCombo(chart, rows, body, look, notes, page, chosen) {
  const key = withGrain(chart.fields[0], rows.map((row) => row[0]));
  const keys = rows.map((row) => row[0]);
  const isTime = isDate(key);
  const positions = isTime ? keys : keys.map((_, place) => place);
  const onAxis = { left: [], right: [] };
  const bars = chart.marks.filter((mark) => mark.show_as === "bar").length;
  const first = chart.marks.findIndex((mark) => mark.show_as === "bar");
  const isEstimated = chart.marks.some((mark) => mark.show_as === "estimate");
  // An estimate says by itself that its month is not over.
  const partial = isEstimated ? keys.map(() => false) : partialKeys(chart, key, keys, page, chosen);
  const valuesOf = (at) => rows.map((row) => row[at + 1]);
  const whisker = ["low", "high"].map((end) => chart.marks.findIndex((mark) => mark.show_as === end));
  const color = (at) => colorOfMark(chart, at, look);
  const traces = chart.marks.map((mark, at) => {
    const field = chart.fields[at + 1];
    const values = valuesOf(at);
    onAxis[mark.axis].push({ field, values });
    if (mark.show_as === "low" || mark.show_as === "high") return null;
    const common = {
      x: positions, y: values, yaxis: mark.axis === "right" ? "y2" : "y",
      name: plain(shortened(field.label, 24) + (mark.axis === "right" ? " (right)" : "")),
      customdata: values.map((value, place) => [plain(shown(value, field)), plain(shown(keys[place], key) + (partial[place] ? " (not whole)" : ""))]),
      hovertemplate: `<b>%{customdata[1]}</b><br>${plain(field.label)}: %{customdata[0]}<extra></extra>`,
    };
    const width = isTime ? { width: barWidth(key, 0.3, bars) } : {};
    if (mark.show_as === "limit") {
      return { ...common, type: "scatter", mode: "lines", line: { color: look.text, width: 1.5, dash: "dash" }, connectgaps: true };
    }
    if (mark.show_as === "estimate") {
      const [low, high] = whisker.map((place) => (place < 0 ? null : valuesOf(place)));
      const between = (place) => (low && values[place] !== null ? ` (${shown(low[place], field)} to ${shown(high[place], field)})` : "");
      return {
        ...common, type: "bar", offsetgroup: String(first), ...width,
        customdata: common.customdata.map(([text, title], place) => [text + plain(between(place)), title]),
        marker: { color: translucent(color(at), 0.3), line: { color: color(at), width: 1 } },
        ...(low ? { error_y: { type: "data", symmetric: false, color: look.text, thickness: 1.5, width: 8,
          array: values.map((value, place) => (value === null ? null : high[place] - value)),
          arrayminus: values.map((value, place) => (value === null ? null : value - low[place])) } } : {}),
      };
    }
    if (mark.show_as === "bar") {
      return { ...common, type: "bar", offsetgroup: String(at), ...width, marker: { color: color(at), opacity: partial.map((is) => (is ? PALE : 1)) } };
    }
    return {
      ...common, type: "scatter", mode: "lines+markers", line: { color: color(at), width: 2 },
      marker: { color: color(at), size: 6, symbol: partial.map((is) => (is ? "circle-open" : "circle")) },
      ...(mark.show_as === "area" ? { fill: "tozeroy", fillcolor: translucent(color(at)) } : {}),
    };
  });
  const items = chart.marks.map((mark, at) => ({
    label: legendOf(mark, chart.fields[at + 1]), color: mark.show_as === "limit" ? look.text : color(at),
    dashed: mark.show_as === "limit", pale: mark.show_as === "estimate",
  }));
  const measured = chart.marks.map((_, at) => ({ measure: at + 1, color: color(at) }));
  const lines = linesBefore(chart, rows, keys, measured, look);
  const goal = goalOf(chart, rows, keys, notes, look);
  if (goal) onAxis.left.push(goal);
  for (const line of lines) onAxis[chart.marks[line.field.of - 1].axis].push(line);
  drawLegend(chart, body, [...items.filter((_, at) => traces[at]), ...lines]);
  const isDrawn = (at) => traces[at] && !chart.hidden?.has(items[at].label);
  const drawn = traces.filter((_, at) => isDrawn(at));
  // Pale bars behind the others, and lines over them.
  const depth = (trace) => (trace.error_y || trace.marker?.line ? 0 : trace.type === "bar" ? 1 : 2);
  drawn.sort((one, other) => depth(one) - depth(other));
  drawn.push(...lines.filter((one) => !chart.hidden?.has(one.label)).map((one) => ({
    ...dashedTrace(one, positions), yaxis: chart.marks[one.field.of - 1].axis === "right" ? "y2" : "y",
  })));
  const axis = (side, more) => {
    const [first] = onAxis[side];
    return first ? valueAxis(first.field, onAxis[side].flatMap((one) => one.values), look, more) : undefined;
  };
  const right = axis("right", { side: "right", overlaying: onAxis.left.length ? "y" : undefined, showgrid: !onAxis.left.length });
  const annotations = annotationsOf(chart, key, keys, page, chosen);
  const shape = layout(look, {
    barmode: isEstimated && bars < 2 ? "overlay" : "group", bargap: 0.3,
    annotations: chart.marks.flatMap((mark, at) => (mark.show_as === "limit" && isDrawn(at) ? limitLabel(chart.fields[at + 1], valuesOf(at), positions, mark, look) : [])),
    xaxis: { ...keyAxis(keys, { ...key, isBars: true }, look, Math.max(120, body.clientWidth - 120)), anchor: onAxis.left.length ? "y" : "y2" },
    ...(onAxis.left.length ? { yaxis: axis("left") } : {}), ...(right ? { yaxis2: right } : {}),
  });
  if (goal) addGoal(goal, shape, look);
  addAnnotations(annotations, shape, look);
  plot(body, drawn, shape, null);
  labelAnnotations(chart, annotations, body);
}

// An estimate has the color of the bar that it is compared with.
function colorOfMark(chart, at, look) {
  const colored = chart.marks.filter((mark) => ["bar", "line", "area"].includes(mark.show_as));
  const of = chart.marks[at].show_as === "estimate" ? chart.marks.find((mark) => mark.show_as === "bar") : chart.marks[at];
  return look.palette[Math.max(0, colored.indexOf(of)) % look.palette.length];
}

// The name of a limit and how high it is, over its newest value.
function limitLabel(field, values, positions, mark, look) {
  const last = values.findLastIndex((value) => value !== null);
  if (last < 0) return [];
  return [{
    x: positions[last], y: values[last], yref: mark.axis === "right" ? "y2" : "y", text: plain(`${field.label} ${short(values[last], field)}`),
    showarrow: false, xanchor: "center", yanchor: "bottom", yshift: 8, font: { size: 12, color: look.text }, bgcolor: look.tile, opacity: 0.9,
  }];
}

function legendOf(mark, field) {
  return field.label + (mark.axis === "right" ? " (right)" : "");
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
