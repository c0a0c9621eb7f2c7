// Charts of steps: funnel and waterfall.

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
  const text = values.map((value) => plain(inBrief(value, field)));
  const isCut = hidesSteps(reached);
  const axis = isCut ? cutAxis(field, reached, look) : axisFromZero(field, reached, look);
  const width = Math.max(120, body.clientWidth - 70);
  plot(body, [{
    type: "waterfall", orientation: "v", x: labels.map((_, place) => place), y: values,
    measure: values.map((_, place) => (place === rows.length ? "total" : isCut && place === 0 ? "absolute" : "relative")),
    text: labels.length * 56 <= width ? text : undefined, textposition: "outside", cliponaxis: false, textfont: { size: 11, color: look.text },
    increasing: { marker: { color: look.palette[0] } }, decreasing: { marker: { color: look.palette[1] } }, totals: { marker: { color: look.other } },
    connector: { line: { color: look.muted, width: 1, dash: "dot" } },
    customdata: labels.map((label, place) => plain(`${label}: ${shown(values[place], field)}`)), hovertemplate: "%{customdata}<extra></extra>",
  }], layout(look, { xaxis: keyAxis(labels, { kind: "text", format: "text" }, look, width), yaxis: axis }));
}

// Whether the first number is so large that nobody would see the steps that follow it.
function hidesSteps(reached) {
  const [low, high] = [Math.min(...reached), Math.max(...reached)];
  return reached.length > 2 && low > 0 && high - low < 0.25 * high;
}

// An axis of the steps only, which says that it does not begin at 0.
function cutAxis(field, reached, look) {
  const [low, high] = [Math.min(...reached), Math.max(...reached)];
  const room = (high - low || 1) * 0.35;
  const ticks = niceTicks(low - room, high + room).filter((tick) => tick >= low - room);
  return {
    ...valueAxis(field, [0], look), range: [low - room, high + room], tickvals: ticks, ticktext: ticks.map((tick) => plain(shown(tick, { ...field, decimals: 0 }))),
    title: { text: plain(`does not begin at ${short(0, field)}`), font: { size: 11, color: look.muted }, standoff: 4 },
  };
}

function axisFromZero(field, reached, look) {
  const extent = [0, ...reached];
  const axis = valueAxis(field, extent, look);
  const [low, high] = [Math.min(...extent), Math.max(...extent)];
  const room = (high - low || 1) * 0.1;
  axis.range = [Math.min(low < 0 ? low - room : 0, axis.range[0]), Math.max(high > 0 ? high + room : 0, axis.range[1])];
  return axis;
}
